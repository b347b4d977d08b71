import { FailureError } from '../../common/errors.js';
import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../contract/engine.js';
import type { Endpoint } from '../contract/server.js';
import { abortable } from '../kit/load.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { nameEnd } from '../kit/own-names.js';
import { failure, openClient, PACKAGE, type QdrantClient } from './client.js';
import { createCollection } from './collection.js';
import { METADATA } from './fields.js';
import { FILTERS } from './filter.js';
import { checkData, INDEX_TYPES, MAX_DIMENSIONS, rules } from './options.js';
import { LIMITS } from './record-schema.js';
import { recordStore } from './records.js';

const PACKAGES = [PACKAGE, 'testcontainers'];
/** The first that tells what its optimizers have still to do, and the oldest that the client supports. */
const MINIMUM = [1, 17] as const;

export const engine: EngineDefinition = {
  name: 'qdrant',
  title: 'Qdrant',
  packages: PACKAGES,
  capabilities: {
    metrics: ['cosine', 'dot', 'l2'],
    indexTypes: INDEX_TYPES,
    filters: FILTERS,
    metadata: METADATA,
    operations: ['count', 'get', 'scan', 'upsert', 'delete', 'update', 'describe', 'attach', 'list'],
    idKinds: LIMITS.idKinds,
    integerIds: LIMITS.integerIds,
    maxDimensions: MAX_DIMENSIONS,
    visibility: 'immediate',
    scores: { cosine: 'cos', dot: 'dot', l2: 'root' },
    deterministicBuild: 'never',
    execution: 'concurrent',
    preparedSearches: 'several',
    exhaustive: {
      flat: { kind: 'scan', search: {} },
      hnsw: { kind: 'graph', search: { ef: 'points' } },
    },
    remarks: [
      'A server: every query crosses the network as JSON, and its memory is not that of the process that asks.',
      'Scores under cosine and dot are similarities, larger is nearer; under l2 they are Euclidean distances.',
      'Left alone, Qdrant scans segments of less than 10,000 KiB of vectors and leaves the last points out of the index: a sweep of ef on a small collection would measure a scan. Here all points are loaded without an index, then indexed at once, and fullScanThreshold is 10 KiB unless it is set; one that would make a segment be scanned is refused while planning.',
      'A build is ready when the collection is green, its queue of optimizations is empty, and as many vectors are indexed as there are points.',
      'Each segment has a graph of its own, and ef holds for each: without segments the server makes one for two processors, at least 2 and at most 8, so that the same ef finds more on a larger machine. The number is recorded.',
      'An ef below k works as k; with oversampling it works as k times oversampling at least.',
      'Quantized vectors are kept in memory beside the original ones. rescore without oversampling reorders the k hits and finds no others; it is the default for binary alone, as in the server. oversampling without rescore is no more than a larger ef.',
      'The quantile of sq8 is left alone: in 1.17 it cuts off a share of the values that is smaller by the number of dimensions than it says, so that it cuts off next to nothing.',
      'type: flat searches with exact: true, which also ignores quantization.',
      'Under cosine the server stores normalised vectors: the lengths are lost, and records come back normalised.',
      'A query that holds NaN is refused. A stored vector beyond the range of a float32 is accepted and comes first in answers with score NaN; the harness checks all vectors beforehand.',
      'The size on disk is that of a snapshot of the collection, which is deleted again.',
      'Builds draw random levels: two builds differ.',
      'payloadIndex makes an index for each field of the metadata before the graph is built, which then gets links for filters; without it (the default, as in the server) every filter reads the payloads of the points it meets.',
      'Ranges compare as float64, also 64-bit integers: a filter lists the integers that share a float64 with a bound beyond 2^53 (at most 1536) beside the range. An index of integers cuts the fraction off a bound; bounds on integers are integers here.',
      'An empty array counts as missing to is_empty, and a missing field as an empty array to values_count since 1.18 (not in 1.17): arrays without a value are loaded as null, which can be told apart. Records keep missing and null as they are, so that their search refuses $exists of an array.',
      'The server reads JSON numbers by multiplying digits with a power of ten: one in five of random float64 would be off by one unit in the last place. They are written in a way that it reads right; for fewer than 1 in 100 there is none, and they come back off by that unit. Filters with such floats or with integers beyond 2^53 are sent by this project instead of the client, which would lose them.',
      'The name of a collection of records must not hold < > : " / \\ | ? * and has at most 255 characters, as the server asks (1.17.1); it is refused before anything is sent.',
      'A field whose name holds a double quote or a backslash can be in no filter or payload index: the paths of the server cannot write it. Filters are refused then; records keep such fields.',
      'Ids of records that are texts become UUIDs of version 5; the text is kept in the payload under _vecproof_id and comes back. The schema of a collection made here is kept in the metadata of the collection (server 1.16 and newer).',
      'Of a batch with one bad vector the server may write a part although it answers an error: records are checked as a whole before anything is sent. An update of one record is one request of several operations, which the server does one after the other.',
      'The key of a server that runs already is VECPROOF_QDRANT_API_KEY, else QDRANT_API_KEY; the port is 6333 unless the address names one, also with https.',
      'On a server that runs already, only collections are made that begin with vecproof- and end at random, and only these are removed; a run that was killed may leave one.',
    ],
  },
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  server: {
    modes: ['docker', 'url'],
    load: async () => (await import('./launch.js')).server,
  },
  connect,
};

async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine> {
  const { endpoint, threads } = options;
  if (endpoint === undefined) throw new Error('qdrant needs an endpoint');
  const client = openClient(endpoint);
  const version = await abortable(requireVersion(client, endpoint), signal);
  return {
    version: async () => version,
    create: (spec) => createCollection({ client, endpoint, threads, nameEnd: () => nameEnd(options) }, spec),
    records: recordStore(endpoint, threads),
    // The client has nothing to close: its idle connections end by themselves and keep no process alive.
    close: async () => {},
  };
}

/** Throws FailureError if the server does not answer, is another one, or is too old. */
async function requireVersion(client: QdrantClient, endpoint: Endpoint): Promise<string> {
  let version: unknown;
  try {
    version = (await client.versionInfo()).version;
  } catch (error) {
    throw failure('cannot connect', endpoint, error, false);
  }
  const where = `qdrant at ${endpoint.host}:${endpoint.port}`;
  const [major, minor] = String(version).split('.').map(Number);
  if (major === undefined || minor === undefined || Number.isNaN(major + minor)) {
    throw new FailureError('what answers there is no Qdrant server', {
      where,
      got: version,
      next: 'check the address: it is that of the REST interface, by default port 6333',
    });
  }
  if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
    throw new FailureError(`Qdrant ${version} is too old`, {
      where,
      next: `install ${MINIMUM.join('.')} or newer`,
    });
  }
  return String(version);
}
