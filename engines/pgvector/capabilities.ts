import { EVERY_FILTER } from '../../filters/support.js';
import type { Capabilities } from '../contract/capabilities.js';
import type { MetadataSupport, PointSupport } from '../contract/points.js';
import type { Holder } from '../kit/check.js';
import { COLUMN_TYPES } from './fields.js';
import { INDEX_TYPES } from './options.js';

const METADATA: MetadataSupport = {
  types: COLUMN_TYPES,
  absence: 'null',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'refused',
};

const POINTS: PointSupport = {
  vectors: {
    several: true,
    dense: ['f32', 'f16', 'bit'],
    sparse: true,
    multi: false,
    searchable: ['bit', 'sparse'],
    absent: 'kept',
  },
  text: 'field',
  uri: 'field',
  tenant: 'field',
  snapshot: { consistency: 'snapshot', reopens: false, ranges: 'by key', columns: true },
  mark: 'the table’s comment',
  readAs: ['key', 'tenant', 'text', 'uri', 'omit'],
  insertOnly: 'ON CONFLICT DO NOTHING',
  writers: 'several',
  changes: 'logical decoding',
};

export const CAPABILITIES: Capabilities = {
  metrics: ['cosine', 'dot', 'l2'],
  indexTypes: INDEX_TYPES,
  filters: EVERY_FILTER,
  metadata: METADATA,
  points: POINTS,
  fieldNames: { empty: 'kept' },
  collectionNames: {
    maxBytes: 63,
    pattern: { source: '[^\\0\\p{Surrogate}]+', words: 'characters other than U+0000' },
    empty: 'refused',
  },
  idKinds: ['u32', 'u64', 'string', 'uuid'],
  integerIds: 'signed',
  maxDimensions: 16_000,
  visibility: 'immediate',
  scores: { cosine: '1-cos', dot: '-dot', l2: 'root' },
  deterministicBuild: 'never',
  execution: 'concurrent',
  preparedSearches: 'several',
  shares: true,
  modes: { pglite: { execution: 'blocking', preparedSearches: 'one', shares: false } },
  exhaustive: {
    flat: { kind: 'scan', search: {} },
    hnsw: { kind: 'graph', search: { ef: 'points' } },
    ivf: { kind: 'scan', search: { nprobe: 'lists' } },
  },
  remarks: [
    'A server: every query crosses the network, and its memory is not that of the process that asks.',
    'Queries are sent by pg as a prepared statement with the vector in binary; each client of a load has a connection of its own.',
    'Points are loaded by binary COPY before the index is built; an insert into a finished HNSW index costs many times as much.',
    'The index is built with as many processes as threads are asked for; the number that the server really used is recorded.',
    'maintenance_work_mem follows the data, so that the graph is built in memory; if it was not, the build says after how many points it left it (graphLeftMemoryAfter).',
    'Each search is a statement parsed once on a connection of its own, with one process, without JIT, and is checked by EXPLAIN to use the index.',
    'An ef below k returns at most ef points, unless iterativeScan is strict or relaxed; nprobe above nlist works as nlist.',
    'f16 and binary are indexes over expressions: the table keeps the full vectors. f16 ranks by the rounded vectors, and its scores are theirs.',
    'binary keeps the sign of each component and finds by Hamming distance; candidates (at most ef, unless the scan is iterative) are ranked again by the full vectors. With rescore: false, scores count differing bits.',
    'Points that are all zero are not in an index for cosine. A vector that holds NaN or infinity is refused.',
    'In a container, shared_buffers is a quarter of the memory limit, 1 GB without one; it is recorded with the build.',
    'Filters are SQL with parameters; text compares by code points (COLLATE "C"). A filter’s statement is parsed before the search and planned for each query with its values, as drivers do that do not prepare; from then on the unfiltered queries of that search are planned each time, too.',
    'With payloadIndex: true the planner may find the few points that pass by the index of a field and compare them all, which is exact; how many filters it answers from which index is reported (filterPlans), not refused. enable_seqscan stays off, so that without such indexes the vector index is measured.',
    'A filter on a graph or lists is applied to what the scan finds: with iterativeScan: off, restrictive filters return fewer than k.',
    'Cannot hold U+0000 in text and time stamps before 4713 BC; it refuses them by name.',
    'A collection is a table with a column id, one for each vector (vector, halfvec, bit, sparsevec), one for each field (nested ones have dotted names), and text, uri and tenant where points have them. A name that PostgreSQL has no column for becomes a hashed one, with the original in the column’s comment; so is the metric kept. The index that `create` asked for is built by `ready`.',
    'Opens any table, partitioned table or view with a vector column by its name or as schema.table, also quoted. The key is the primary key, a unique column that is never null, or a named one whose values are checked to differ. Columns that no portable type fits are read as PostgreSQL’s own text, JSON as nested values, and not written; bytea, composite types and types of other extensions are refused by name unless they are left out.',
    'Bits are searched by hamming or jaccard, sparse vectors by any metric; the query is a vector of the same kind.',
    'A sparse vector has at most 16,000 entries, no entry of value 0, and indexes below 1,000,000,000.',
    'A snapshot is a REPEATABLE READ, READ ONLY transaction on a connection of its own: while it is open, the server keeps old row versions. Its watermark is pg_current_snapshot() with the WAL position read before it. Scans of ranges at the same time have connections of their own that take over its exported snapshot. In PGlite, which has one session, it is a temporary copy of the table.',
    'launch: pglite runs PostgreSQL as WebAssembly inside the process, with one thread and one session: it needs no Docker, and its speed says nothing about a server’s.',
    'Graphs and clusters start from random numbers that cannot be fixed: two builds differ.',
  ],
};

export const HOLDER: Holder = { name: 'pgvector', capabilities: CAPABILITIES };
