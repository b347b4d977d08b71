import { NO_FILTERS } from '../../filters/support.js';
import type { Capabilities } from '../contract/capabilities.js';
import { ANY_NAME, FILE_NAME } from '../kit/names.js';
import { QUANTIZATIONS } from './options.js';

export const CAPABILITIES: Capabilities = {
  metrics: ['cosine', 'dot', 'l2'],
  indexTypes: { hnsw: QUANTIZATIONS },
  filters: NO_FILTERS,
  metadata: null,
  points: null,
  fieldNames: ANY_NAME,
  collectionNames: FILE_NAME,
  idKinds: ['u32', 'u64'],
  maxDimensions: null,
  visibility: 'after-ready',
  scores: { cosine: '1-cos', dot: '1-dot', l2: 'squared' },
  deterministicBuild: 'one-thread',
  execution: 'blocking',
  preparedSearches: 'several',
  shares: true,
  exhaustive: { hnsw: { kind: 'graph', search: { ef: 'points' } } },
  remarks: [
    'Runs inside the process and blocks it: a query uses one thread and costs no network.',
    'ef cannot be changed on an open index: the index is saved once, and each setting opens the file with its own ef (memory-mapped).',
    'Several clients at a time are threads that map the same file into memory, each with its own view of it.',
    'An ef below k works as k.',
    'With one thread the graph is the same each time, as long as the points come in batches of the same sizes; with more threads it differs from build to build, and now and then a few points stay out of reach of any ef (measured with two threads on 2,000 points: recall 0.985 to 1 with an ef above the number of points).',
    'sq8 and binary keep the direction of a vector only and are refused for dot and l2; scores of sq8 are 1-cos of the rounded vectors.',
    'binary keeps the sign of each component and compares by Hamming distance (the client gives NaN for cosine on bits), so its scores count differing bits; there is no rescoring.',
    'A query that holds NaN is not refused: it gets arbitrary points. The harness checks all vectors beforehand.',
  ],
};
