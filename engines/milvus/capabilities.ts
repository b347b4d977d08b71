import type { Capabilities } from '../contract/capabilities.js';
import type { MetadataSupport, PointSupport } from '../contract/points.js';
import { ANY_NAME } from '../kit/names.js';
import { MAX_ELEMENTS, MAX_TEXT } from './fields.js';
import { FILTERS } from './filter.js';
import { INDEX_TYPES, MAX_DIMENSIONS } from './options.js';

const ARRAY = `Array of up to ${MAX_ELEMENTS}`;

const METADATA: MetadataSupport = {
  types: {
    string: `VarChar of up to ${MAX_TEXT} bytes`,
    integer: 'Int64',
    float: 'Double',
    boolean: 'Bool',
    timestamp: 'Int64: microseconds since 1970',
    'string[]': `${ARRAY} VarChar`,
    'integer[]': `${ARRAY} Int64`,
    'float[]': `${ARRAY} Double`,
    'boolean[]': `${ARRAY} Bool`,
  },
  absence: 'kept',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'refused',
  maxTextBytes: MAX_TEXT,
};

/** What the newest servers have; `versions.ts` says since when, and a server that lacks it is asked nothing. */
const POINTS: PointSupport = {
  vectors: {
    several: true,
    dense: ['f32', 'f16', 'bf16', 'int8', 'bit'],
    sparse: true,
    multi: false,
    searchable: ['bit'],
    absent: 'refused',
  },
  text: 'field',
  uri: 'field',
  tenant: 'native',
  snapshot: { consistency: 'best-effort', reopens: false, ranges: 'by key' },
  mark: 'the collection’s description',
  readAs: ['tenant', 'text', 'uri', 'omit'],
  insertOnly: false,
  writers: 'several',
  changes: null,
};

export const CAPABILITIES: Capabilities = {
  metrics: ['cosine', 'dot', 'l2'],
  indexTypes: INDEX_TYPES,
  filters: FILTERS,
  metadata: METADATA,
  points: POINTS,
  fieldNames: ANY_NAME,
  collectionNames: {
    maxBytes: 255,
    pattern: { source: '[A-Za-z_][A-Za-z0-9_]*', words: 'letters, digits and underscores, no digit first' },
    empty: 'refused',
  },
  idKinds: ['u32', 'u64', 'string', 'uuid'],
  integerIds: 'signed',
  maxDimensions: MAX_DIMENSIONS,
  visibility: 'after-ready',
  scores: { cosine: 'cos', dot: 'dot', l2: 'squared' },
  deterministicBuild: 'never',
  execution: 'concurrent',
  preparedSearches: 'several',
  shares: true,
  exhaustive: {
    flat: { kind: 'scan', search: {} },
    hnsw: { kind: 'graph', search: { ef: 'points' } },
    ivf: { kind: 'scan', search: { nprobe: 'lists' } },
    scann: { kind: 'scan', search: { nprobe: 'lists' } },
  },
  remarks: [
    'A server: each query crosses the network and its Node client, which take about 2.5 ms whatever the index does.',
    'Queries are sent by gRPC with the messages and the connection of the official client, but past its search, which writes each message as JSON and makes an object of each hit; client: official under search sends them by it.',
    'Queries are sent with consistency level Eventually: everything is flushed and sealed before, so that it sees all points; Strong would add the time tick of the server (200 ms).',
    'The time to index includes flushing (about 3 s) and loading the index into the query node (about 3.5 s), whatever the size.',
    'Points are inserted by columns, past the insert of the Node client, which costs four times the server.',
    'Each search is checked to find all segments sealed and indexed. Segments of fewer than 1024 rows are not indexed by default: servers that are started here index them, others are refused.',
    'hnsw needs ef of at least k, scann reorderK of at least k (default: k). nprobe above nlist works as nlist.',
    'Scores of ivf with sq8 and pq are estimates; scann reorders its candidates by the vectors themselves.',
    'pq trains slowly: choose it for its memory. It needs 2^bits points and pqSegments that divide the dimension (default: dimension/16, else /8, else 1).',
    'DISKANN is not offered: the server of the Python package accepts it and then builds for ever.',
    'Points that are all zero are left out of answers under cosine.',
    'Filters: columns have no null (as of 2.3), so a nullable field takes two of the 64 columns, the second a flag; texts have up to 65,535 bytes, arrays up to 4096 elements. payloadIndex adds an index to the columns of text (Trie), numbers and timestamps (STL_SORT); booleans, arrays and flags have none.',
    'More than some 500 conditions keep the parser of the server busy for minutes: such a filter is refused; $in counts as one.',
    'The id 2^63 - 1 is refused: the server (2.3.5) takes it and counts it, but no query returns it; an export of a collection of others that holds it fails, as fewer points are read than are counted.',
    'Points are read and counted with consistency level Strong, which adds the time tick of the server (200 ms) to each call; so are searches of collections whose points were written one by one, or that were opened. Collections that others made are only read, columns that can be null, JSON and dynamic keys too, with the partition of each point where it is asked for; filters are about columns without nulls. Reading loads such a collection into the memory of the query node, where it stays.',
    'Vectors: float32, float16 and bits, one in a point (2.3); several, bfloat16 and sparse ones since 2.4, int8 since 2.6. Tested are the first three, and several and sparse ones in part (see the conformance tests). A query of bits is the packed bytes; sparse and int8 vectors are kept, and not searched; what a server lacks is refused by name when a collection is created. All vectors but the first are searched exactly (int8: HNSW). Sparse vectors that are empty or have negative values are refused, as the server asks; multi vectors (struct arrays, 2.6) are not built.',
    'A field whose name the server or its expressions do not take has a column named by its bytes (vp_x…) or their hash (vp_h…), a nullable one a second (vp_has_…). Text and URI of a point are the columns vp_text and vp_uri; its tenant is the partition key vp_tenant, over 16 partitions. What a collection was created with is kept in its description.',
    'A scan goes by key until a page is empty, since a page may be short before the end; it is best-effort: servers before 2.4 have no reading at one time, and that of newer ones, which is asked for, was not tested.',
    'An update reads a point, changes it and writes the whole of it: of two at a time one may be lost.',
    'The server does not report how large an index is on disk; its data volume is measured instead.',
  ],
};
