import type { Capabilities } from '../contract/capabilities.js';
import type { MetadataSupport, PointSupport } from '../contract/points.js';
import { ANY_NAME } from '../kit/names.js';
import { FILTERS } from './filter.js';
import { INDEX_TYPES, MAX_DIMENSIONS } from './options.js';

/** How payloads, which are JSON, keep each type. */
export const METADATA: MetadataSupport = {
  types: {
    string: 'native',
    integer: 'native (64 bits)',
    float:
      'native; fewer than 1 in 100 random float64 come back off by one unit in the last place (see the remarks)',
    boolean: 'native',
    timestamp: 'RFC 3339 text in UTC with six decimals, years 0000 to 9999',
    'string[]': 'native',
    'integer[]': 'native (64 bits)',
    'float[]': 'native, as float',
    'boolean[]': 'native',
  },
  absence: 'kept',
  nested: 'native',
  emptyArrays: 'kept',
  undeclared: 'kept',
  filterIndex: 'an index of the payload, made before the graph is built',
};

const POINTS: PointSupport = {
  vectors: {
    several: true,
    dense: ['f32', 'f16'],
    sparse: true,
    multi: true,
    searchable: ['sparse', 'multi'],
    absent: 'kept',
    changed: { cosine: 'normalised' },
  },
  text: 'field',
  uri: 'field',
  tenant: 'field',
  snapshot: { consistency: 'best-effort', reopens: false, ranges: 'by id' },
  mark: 'the collection’s metadata',
  readAs: ['tenant', 'text', 'uri', 'omit'],
  insertOnly: 'update mode insert_only',
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
    // The server's limit is 255 characters, that of the folders it makes of them 255 bytes.
    maxBytes: 255,
    pattern: { source: '[^<>:"/\\\\|?*\\0\\x1f]+', words: 'characters other than < > : " / \\ | ? *' },
    reserved: ['.', '..'],
    empty: 'refused',
  },
  idKinds: ['u32', 'u64', 'string', 'uuid'],
  integerIds: 'unsigned',
  maxDimensions: MAX_DIMENSIONS,
  visibility: 'immediate',
  scores: { cosine: 'cos', dot: 'dot', l2: 'root' },
  deterministicBuild: 'never',
  execution: 'concurrent',
  preparedSearches: 'several',
  shares: true,
  exhaustive: {
    flat: { kind: 'scan', search: {} },
    hnsw: { kind: 'graph', search: { ef: 'points' } },
  },
  remarks: [
    'Opens any collection, also by an alias; its aliases, shard keys and strict mode are told.',
    'A server: every query crosses the network as JSON, and its memory is not that of the process that asks.',
    'Queries are sent by HTTP without the official client, whose fetch takes several times the processor time; client: official under search sends them by it. All else is done by the official client.',
    'Scores under cosine and dot are similarities, larger is nearer; under l2 they are Euclidean distances.',
    'Left alone, Qdrant scans segments of less than 10,000 KiB of vectors and leaves the last points out of the index: a sweep of ef on a small collection would measure a scan. Here all points are loaded without an index, then indexed at once, and fullScanThreshold is 10 KiB unless it is set; one that would make a segment be scanned is refused while planning.',
    'A build is ready when the collection is green, its queue of optimizations is empty, and as many vectors are indexed as there are points.',
    'Each segment has a graph of its own, and ef holds for each: without segments the server makes one for two processors, at least 2 and at most 8, so that the same ef finds more on a larger machine. The number is recorded.',
    'An ef below k works as k; with oversampling it works as k times oversampling at least.',
    'Quantized vectors are kept in memory beside the original ones. rescore without oversampling reorders the k hits and finds no others; it is the default for binary alone, as in the server. oversampling without rescore is no more than a larger ef.',
    'The quantile of sq8 is left alone: in 1.17 it cuts off a share of the values that is smaller by the number of dimensions than it says, so that it cuts off next to nothing.',
    'type: flat searches with exact: true, which also ignores quantization.',
    'Under cosine the server stores normalised vectors: the lengths are lost, and points come back normalised.',
    'A query that holds NaN is refused. A stored vector beyond the range of a float32 is accepted and comes first in answers with score NaN; the harness checks all vectors beforehand.',
    'The size on disk is that of a snapshot of the collection, which is deleted again.',
    'Builds draw random levels: two builds differ.',
    'payloadIndex makes an index for each field of the metadata before the graph is built, which then gets links for filters; without it (the default, as in the server) every filter reads the payloads of the points it meets.',
    'Ranges compare as float64, also 64-bit integers: a filter lists the integers that share a float64 with a bound beyond 2^53 (at most 1536) beside the range. An index of integers cuts the fraction off a bound; bounds on integers are integers here.',
    'An empty array counts as missing to is_empty, and a missing field as an empty array to values_count since 1.18 (not in 1.17): the fields of a point that hold an empty array are named once more, under _vecproof_empty, so that $exists of an array is exact. In collections that others made it is refused.',
    'The server reads JSON numbers by multiplying digits with a power of ten: one in five of random float64 would be off by one unit in the last place. They are written in a way that it reads right; for fewer than 1 in 100 there is none, and they come back off by that unit. Filters with such floats or with integers beyond 2^53 are sent by this project instead of the client, which would lose them.',
    'The name of a collection must not hold < > : " / \\ | ? * and has at most 255 bytes, as the server asks (1.17.1); it is refused before anything is sent.',
    'Keys of the metadata that the paths of the server cannot write (with a double quote or a backslash, or empty), and those that begin with _vecproof_, are kept under _vecproof__ and their bytes, and come back as they were. In collections that others made a filter by such a key is refused.',
    'Ids that are texts become UUIDs of version 5; the text is kept in the payload under _vecproof_id and comes back. Text, URI and tenant of a point are the keys _vecproof_text, _vecproof_uri and _vecproof_tenant; the last has a tenant index. What a collection was created with is kept in its metadata (server 1.16 and newer).',
    'Of a batch with one bad vector the server may write a part although it answers an error: points are checked as a whole before anything is sent. An update of one point is one request of several operations, which the server does one after the other.',
    'The key of a running server is VECPROOF_QDRANT_API_KEY, else QDRANT_API_KEY; the port is 6333 unless the address names one, also with https.',
    'On a running server, only collections are made and removed that begin with vecproof_; a run that was killed may leave one.',
    'A collection of one dense vector of the default name has the vector without a name that is Qdrant’s default; others have named ones. All dense vectors get the index that the suite asks for; sparse ones are compared by dot and have an index of their own, whose answers leave out points that share no index with the query.',
    'Vectors of 8-bit integers are unsigned in Qdrant, those of others are read as float32 and not written. A multi vector without rows is refused.',
    'A scan goes by id over what is there when each page is read: points that stay throughout come once, others may or may not. It ends where the server says so.',
    'Of several vectors the server reports only how many it has indexed in all. What is written after a build is indexed by the server itself, but for the last few vectors (below 1 KiB of a segment), which it scans.',
  ],
};
