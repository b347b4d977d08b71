import type { FieldType } from '../../datasets/dataset.js';
import { ALL_TYPES, EVERY_FILTER } from '../../filters/support.js';
import type { Capabilities } from '../contract/capabilities.js';
import type { MetadataSupport } from '../contract/points.js';
import { ANY_NAME, FILE_NAME } from '../kit/names.js';

const IN_MEMORY = 'kept beside the index by the adapter';

const METADATA: MetadataSupport = {
  types: Object.fromEntries(ALL_TYPES.map((type) => [type, IN_MEMORY])) as Record<FieldType, string>,
  absence: 'null',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'refused',
};

export const CAPABILITIES: Capabilities = {
  metrics: ['cosine', 'dot', 'l2'],
  indexTypes: { hnsw: ['none'] },
  filters: EVERY_FILTER,
  metadata: METADATA,
  points: null,
  fieldNames: ANY_NAME,
  collectionNames: FILE_NAME,
  idKinds: ['u32'],
  maxDimensions: null,
  visibility: 'immediate',
  scores: { cosine: '1-cos', dot: '1-dot', l2: 'squared' },
  deterministicBuild: 'always',
  execution: 'blocking',
  preparedSearches: 'one',
  shares: true,
  exhaustive: { hnsw: { kind: 'graph', search: { ef: 'points' } } },
  remarks: [
    'Runs inside the process and blocks it: a query uses one thread and costs no network.',
    'Builds with one thread, whatever number of threads is asked for, from a fixed seed: the graph is the same each time.',
    'The client takes plain arrays of numbers only: copying the query into one is part of the timed call, as every user pays it.',
    'Several clients at a time are threads that each read the graph from a file into memory of their own; the memory of such trials is that of all of them.',
    'An ef below k works as k; ef is set again for each setting.',
    'For cosine it normalises and keeps the normalised vectors; the lengths are lost.',
    'The capacity is fixed when the index is created, and a larger k is an error of the client: k is limited to the number of points.',
    'Has no metadata and no filters of its own, but asks for every point it meets whether it may be returned. Which points pass is settled by vecproof’s own evaluator before the search, outside the timed region; the calls back are part of it. Its filtered figures are those of the walk over the graph, not of evaluating filters.',
    'A filter that throws while it is asked ends the process (hnswlib-node 3.0.0).',
    'A query that holds NaN is not refused: it gets arbitrary points with score NaN. The harness checks all vectors beforehand.',
    'npm compiles it for any x86-64 processor: there is no AVX in it, and `vecproof doctor` says so. Compiled again with `CXXFLAGS="-march=native -O3" npm rebuild hnswlib-node` a query of 384 dimensions took 0.71 to 0.76 of the time on a processor with AVX-512. Figures of the two do not compare.',
  ],
};
