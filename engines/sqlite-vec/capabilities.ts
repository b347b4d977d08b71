import { EVERY_FILTER } from '../../filters/support.js';
import type { Capabilities } from '../contract/capabilities.js';
import type { MetadataSupport, PointSupport } from '../contract/points.js';
import type { Holder } from '../kit/check.js';
import { COLUMN_TYPES } from './fields.js';
import { MAX_DIMENSIONS } from './options.js';

const METADATA: MetadataSupport = {
  types: COLUMN_TYPES,
  absence: 'null',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'refused',
};

const POINTS: PointSupport = {
  vectors: { several: true, dense: ['f32', 'int8', 'bit'], sparse: false, multi: false, absent: 'kept' },
  text: 'field',
  uri: 'field',
  tenant: 'field',
  snapshot: { consistency: 'snapshot', reopens: false },
  mark: 'a table of the database',
  readAs: ['key', 'tenant', 'text', 'uri', 'omit'],
  insertOnly: 'a transaction that writes from its beginning',
  writers: 'one',
  changes: null,
};

export const CAPABILITIES: Capabilities = {
  metrics: ['cosine', 'l2'],
  indexTypes: { flat: ['none'] },
  filters: EVERY_FILTER,
  metadata: METADATA,
  points: POINTS,
  fieldNames: { empty: 'kept' },
  collectionNames: {
    maxBytes: 80,
    pattern: { source: '[^\\p{Surrogate}]+', words: 'valid Unicode' },
    empty: 'refused',
  },
  idKinds: ['u32', 'u64', 'string', 'uuid'],
  integerIds: 'signed',
  maxDimensions: MAX_DIMENSIONS,
  visibility: 'immediate',
  scores: { cosine: '1-cos', l2: 'root' },
  deterministicBuild: 'always',
  execution: 'blocking',
  preparedSearches: 'several',
  exhaustive: { flat: { kind: 'scan', search: {} } },
  remarks: [
    'Opens vec0 tables in any database file, named by the file itself (sqlite-vec:./file.db#table): they are only read, by their primary key or rowid, or by another column whose values are checked to differ. Bits keep the order of sqlite-vec, whose first is the lowest of a byte.',
    'Scans every point for each query: exact, without an index and without settings.',
    'Runs inside the process and blocks it: a query uses one thread and costs no network.',
    "The database is a file with a write-ahead log (synchronous = NORMAL) and SQLite's default page cache of 2 MB, so that a query reads the vectors through the file system.",
    'Its own metadata columns know no null, no OR and no arrays: filters are SQL over ordinary tables beside the vectors (id in (select …)), applied before the search, and every answer is exact.',
    'Text with U+0000 is refused in metadata and filters, as SQLite compares only what stands before it.',
    'Each collection is a database file of its own; each of its vectors is a vec0 table, so that a point may lack one. An update reads and writes a point as a whole.',
    'Vectors of int8 and bits are kept, and not searched: a query is float32. Bits are compared by hamming, and there must be a multiple of 8.',
    'A snapshot is a read transaction on a connection of its own. Its watermark counts the transactions that this project has written.',
    'Knows no inner product: a suite under dot is refused while planning.',
    'A query or a point that is all zero has no distance under cosine: the score is NaN.',
    'Returns at most 4096 hits, of at most 8192 dimensions.',
  ],
};

export const HOLDER: Holder = { name: 'sqlite-vec', capabilities: CAPABILITIES };
