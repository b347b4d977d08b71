import { FailureError } from '../../common/errors.js';
import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../contract/engine.js';
import { abortable } from '../kit/load.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { nameEnd } from '../kit/own-names.js';
import { ask, openClient } from './client.js';
import { createCollection } from './collection.js';
import { reach } from './connect.js';
import { FILTERS } from './filter.js';
import { INDEX_TYPES, rules } from './options.js';
import { recordStore } from './records.js';
import { METADATA } from './support.js';

const PACKAGES = ['chromadb', 'testcontainers'];

export const engine: EngineDefinition = {
  name: 'chroma',
  title: 'Chroma',
  packages: PACKAGES,
  capabilities: {
    metrics: ['cosine', 'dot', 'l2'],
    indexTypes: INDEX_TYPES,
    filters: FILTERS,
    metadata: METADATA,
    operations: ['count', 'get', 'scan', 'upsert', 'delete', 'update', 'describe', 'attach', 'list'],
    idKinds: ['u32', 'u64', 'string', 'uuid'],
    maxDimensions: null,
    visibility: 'immediate',
    scores: { cosine: '1-cos', dot: '1-dot', l2: 'squared' },
    deterministicBuild: 'never',
    execution: 'concurrent',
    preparedSearches: 'one',
    exhaustive: { hnsw: { kind: 'graph', search: { ef: 'points' } } },
    remarks: [
      'A server: each query crosses the network as JSON and is planned there, which takes about 2.5 ms whatever ef is.',
      'The server reads ef when it opens an index: a change is stored and does nothing until the server is restarted, which is done here before each setting. On a server that was not started here, give ef under index; each value is then a build of its own.',
      'The graph is built while points are added; the time to load includes it, the time to index does not.',
      'The server does not tell how many points its graph holds: a search for all of them is asked once (reachable).',
      'Knows hnsw without quantization only; spann is accepted by a single server and becomes hnsw.',
      'ef below k works as k.',
      'A query that holds NaN is an error. A point or query that is all zero has distance 1 under cosine.',
      'The server reports the version of its interface (1.0.0), not that of the package; see the image.',
      'Filters: floats and integers beyond ±(2^53 - 1) are kept as two integers of 32 bits, because the server reads JSON numbers with an error in the last place and takes 2.5 for 2 where a field also holds integers; a flag marks what has no value, because $ne matches missing fields and no operator tells them apart.',
      'Arrays are never written as arrays, but as one flag for each element: the server (1.0.0 of chromadb 3.5.0) does not clear the arrays of a collection that is dropped, and they come back in points of collections made later, also those of others.',
      'Records: under cosine the server keeps direction and length, and vectors come back with an error of up to two units in the last place. Collections that others made are only read, and filtered by text, integers and booleans only.',
      'The server does not tell how large an index is on disk; its data volume is measured instead. Dropped collections leave it as large as it was.',
    ],
  },
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData: () => [],
  server: {
    modes: ['docker', 'url'],
    load: async () => (await import('./launch.js')).server,
  },
  connect,
};

async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine> {
  const { endpoint, restartServer } = options;
  if (endpoint === undefined) throw new Error('chroma needs an endpoint');
  const client = openClient(endpoint);
  const version = await abortable(reach(client, endpoint), signal);
  if (Number(version.split('.')[0]) < 1) {
    throw new FailureError(`Chroma ${version} is too old`, {
      where: `chroma: ${endpoint.host}:${endpoint.port}`,
      next: 'use Chroma 1.0 or later',
    });
  }
  const batchSize = await abortable(ask('connect', client.getMaxBatchSize()), signal);
  const session = { client, batchSize, restartServer };
  return {
    version: async () => version,
    create: (spec) => {
      // A prefix of our own and a random part: nothing that is there already can be meant.
      const given = spec.name.replaceAll(/[^\w-]/g, '_').slice(0, 200);
      const name = `vecproof_${given}_${nameEnd(options)}`;
      return createCollection(session, name, spec);
    },
    records: recordStore(session),
    // The client keeps no connection of its own.
    close: async () => undefined,
  };
}
