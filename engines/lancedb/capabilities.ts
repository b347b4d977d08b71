import { EVERY_FILTER } from '../../filters/support.js';
import type { Capabilities } from '../contract/capabilities.js';
import { COLUMN_TYPES } from './fields.js';
import { INDEX_TYPES } from './options.js';

export const CAPABILITIES: Capabilities = {
  metrics: ['cosine', 'dot', 'l2'],
  indexTypes: INDEX_TYPES,
  filters: EVERY_FILTER,
  metadata: {
    types: COLUMN_TYPES,
    absence: 'null',
    nested: 'flattened',
    emptyArrays: 'kept',
    undeclared: 'refused',
  },
  points: {
    vectors: { several: true, dense: ['f32', 'f16'], sparse: false, multi: false, absent: 'kept' },
    text: 'field',
    uri: 'field',
    tenant: 'field',
    snapshot: { consistency: 'snapshot', reopens: true, ranges: 'by position', columns: true },
    mark: 'the schema’s metadata',
    readAs: ['key', 'tenant', 'text', 'uri', 'omit'],
    insertOnly: 'merge insert, within one process',
    columns: true,
    writers: 'one',
    changes: 'versions of the table',
  },
  fieldNames: { empty: 'kept' },
  // The engine itself panics at other names.
  collectionNames: {
    pattern: { source: '[\\w.-]+', words: 'letters, digits, underscores, hyphens and periods' },
    empty: 'refused',
  },
  idKinds: ['u32', 'u64', 'string', 'uuid'],
  integerIds: 'signed',
  maxDimensions: null,
  visibility: 'immediate',
  scores: { cosine: '1-cos', dot: '1-dot', l2: 'squared' },
  deterministicBuild: 'never',
  execution: 'concurrent',
  preparedSearches: 'several',
  exhaustive: {
    flat: { kind: 'scan', search: {} },
    ivf: { kind: 'scan', search: { nprobe: 'lists' } },
    hnsw: { kind: 'graph', search: { ef: 'points', nprobe: 'lists' } },
  },
  remarks: [
    'Opens any table with a key of text or integers, which is checked to differ in every row, and vectors of float32, float16, int8 or packed bits (uint8); other columns are read by their Arrow type, and those of a type that no point can hold are refused by name unless they are left out. Unless the key is called id, such a table is only read.',
    'Runs inside the process on threads of its own: a query is asynchronous, and the number of threads asked for holds for its queries, too: measured with two instead of one on two cores, hnsw-sq8 builds 1.8 times as fast, a flat scan answers 1.2 times as fast, a graph search no faster.',
    'Scores of pq, rq and sq8 without refineFactor are estimates, and under cosine they estimate 2(1-cos); with refineFactor they are exact.',
    'nlist is always set, as the engine would otherwise choose a number of partitions that leaves nprobe without effect; nprobe above nlist works as nlist.',
    'Each search is checked to use the index: a plan that falls back to scanning is a failure.',
    'hnsw needs ef of at least k times refineFactor.',
    'sq8 loses much of its recall under dot, and refining does not help (measured: 0.58 against 0.99 under cosine, on the same 5,000 unit vectors): for unit vectors use cosine, which ranks the same.',
    'pq needs 2^bits points and pqSegments that divide the dimension (default: dimension/16, else /8, else 1); rq a dimension divisible by 8.',
    'The original vectors always stay on disk beside the index; the size on disk covers both.',
    'Its SQL has no parameters: values of filters are written as quoted literals. It tells -0 from 0; a filter on either finds both. Filters come before the search (prefilter); with postfilter: true they are applied to the k hits that were found, and restrictive ones return fewer.',
    'payloadIndex: true makes a btree for each single value and a label list for each array but those of floats, of which the engine makes none; no bitmaps, as LIKE over one is an error in 0.31.',
    'A collection is a table in the folder: a column for the id, for each vector and for each field. Names that the engine or the adapter keeps for itself, and dots, are written as %XX.',
    'Points written after the index was built are scanned beside it until ready builds it again over all.',
    'A snapshot is a version of the table; optimize prunes versions after seven days unless they are tagged.',
    'An update of a point reads and writes it as a whole.',
    'Points that are all zero are left out of answers under cosine.',
    'A query that holds NaN gets no or arbitrary points, by index type. The harness checks all vectors beforehand.',
  ],
};
