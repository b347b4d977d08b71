import { type FilterSupport, operatorsWithout } from '../../filters/support.js';
import type { Capabilities } from '../contract/capabilities.js';
import type { MetadataSupport } from '../contract/points.js';
import { INDEX_TYPES } from './options.js';

const NO_ORDER = 'Chroma compares numbers only, and its metadata has no other order for text.';
const NO_PATTERNS = 'Chroma has no operator on parts of a text in metadata.';
const NUMBERS = ['integer', 'float', 'timestamp'] as const;

export const FILTERS: FilterSupport = {
  operators: {
    ...operatorsWithout('startsWith', 'like'),
    gt: NUMBERS,
    gte: NUMBERS,
    lt: NUMBERS,
    lte: NUMBERS,
  },
  refused: {
    'gt string': NO_ORDER,
    'gte string': NO_ORDER,
    'lt string': NO_ORDER,
    'lte string': NO_ORDER,
    startsWith: NO_PATTERNS,
    like: NO_PATTERNS,
  },
};

const ARRAYS = 'JSON text, and a flag for each element';

export const METADATA: MetadataSupport = {
  types: {
    string: 'native',
    integer: 'native within ±(2^53 - 1), beyond as two integers of 32 bits',
    float: 'two integers of 32 bits, beside a native copy for other readers',
    boolean: 'native',
    timestamp: 'integer: microseconds since 1970',
    'string[]': ARRAYS,
    'integer[]': ARRAYS,
    'float[]': ARRAYS,
    'boolean[]': ARRAYS,
  },
  absence: 'kept',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'kept',
};

export const CAPABILITIES: Capabilities = {
  metrics: ['cosine', 'dot', 'l2'],
  indexTypes: INDEX_TYPES,
  filters: FILTERS,
  metadata: METADATA,
  points: {
    vectors: {
      several: false,
      dense: ['f32'],
      sparse: false,
      multi: false,
      absent: 'refused',
      changed: { cosine: 'rounded' },
    },
    text: 'native',
    uri: 'native',
    tenant: 'field',
    snapshot: { consistency: 'best-effort', reopens: false, ranges: 'by id' },
    mark: 'the collection’s metadata',
    readAs: ['tenant', 'text', 'uri', 'omit'],
    insertOnly: 'add',
    writers: 'one',
    changes: null,
  },
  fieldNames: { empty: 'kept' },
  collectionNames: {
    maxBytes: 512,
    pattern: {
      source: '[a-zA-Z0-9][\\w.-]+[a-zA-Z0-9]',
      words:
        'at least three letters, digits, underscores, hyphens and periods, the first and last a letter or digit',
    },
    empty: 'refused',
  },
  idKinds: ['u32', 'u64', 'string', 'uuid'],
  maxDimensions: null,
  visibility: 'immediate',
  scores: { cosine: '1-cos', dot: '1-dot', l2: 'squared' },
  deterministicBuild: 'never',
  execution: 'concurrent',
  preparedSearches: 'one',
  shares: true,
  exhaustive: { hnsw: { kind: 'graph', search: { ef: 'points' } } },
  remarks: [
    'Queries are sent by HTTP without the official client, whose fetch takes several times the processor time; client: official under search sends them by it. All else is done by the official client.',
    'A server: each query crosses the network as JSON and is planned there, which takes about 2.5 ms whatever ef is.',
    'The server reads ef when it opens an index: a change is stored and does nothing until the server is restarted, which is done here before each setting. On a server that was not started here, give ef under index; each value is then a build of its own.',
    'The graph is built while points are added; the time to load includes it, the time to index does not.',
    'The server does not report how many points its graph holds: a search for all of them is asked once (reachable).',
    'Knows hnsw without quantization only; spann is accepted by a single server and becomes hnsw.',
    'ef below k works as k.',
    'A query that holds NaN is an error. A point or query that is all zero has distance 1 under cosine.',
    'The server reports the version of its interface (1.0.0), not that of the package; see the image.',
    'Filters: floats and integers beyond ±(2^53 - 1) are kept as two integers of 32 bits, because the server reads JSON numbers with an error in the last place and takes 2.5 for 2 where a field also holds integers; a flag marks what has no value, because $ne matches missing fields and no operator tells them apart.',
    'Arrays are never written as arrays, but as one flag for each element: the server (1.0.0 of chromadb 3.5.0) does not clear the arrays of a collection that is dropped, and they come back in points of collections made later, also those of others.',
    'Under cosine the server keeps direction and length, and vectors come back with an error of up to two units in the last place. Collections that others made are only read, with all digits of 64-bit integers, and filtered by text, integers and booleans only.',
    'A text or URI cannot be taken from a point in place: such a point is deleted and written again.',
    'There is no snapshot: the ids are listed first and the points read by id; points deleted meanwhile are left out.',
    'The server does not report how large an index is on disk; its data volume is measured instead. Dropped collections leave it as large as it was.',
  ],
};
