import { randomUUID } from 'node:crypto';
import { FailureError, messageOf } from '../../common/errors.js';
import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../engine.js';
import type { Endpoint } from '../launch.js';
import { abortable } from '../load.js';
import { jsonSchemas, parseOptions } from '../options.js';
import { installCommand } from '../packages.js';
import { ask, loadSdk, type MilvusClient, type MilvusConfig } from './client.js';
import { createCollection } from './collection.js';
import { checkData, INDEX_TYPES, MAX_DIMENSIONS, rules } from './options.js';

const PACKAGES = ['@zilliz/milvus2-sdk-node'];
/** Oldest server that knows COSINE and SCANN. */
const OLDEST: readonly [number, number] = [2, 3];
const TIMEOUT_MS = 120_000;

export const engine: EngineDefinition = {
  name: 'milvus',
  title: 'Milvus',
  packages: PACKAGES,
  install: installCommand(PACKAGES),
  capabilities: {
    metrics: ['cosine', 'dot', 'l2'],
    indexTypes: INDEX_TYPES,
    filterOperators: [],
    operations: ['count'],
    idKinds: ['u32', 'u64', 'string'],
    maxDimensions: MAX_DIMENSIONS,
    visibility: 'after-ready',
    scores: { cosine: 'cos', dot: 'dot', l2: 'squared' },
    deterministicBuild: 'never',
    remarks: [
      'A server: each query crosses the network and its Node client, which take about 2.5 ms whatever the index does.',
      'Queries are sent with consistency level Eventually: everything is flushed and sealed before, so that it sees all points; Strong would add the time tick of the server (200 ms).',
      'The time to index includes flushing (about 3 s) and loading the index into the query node (about 3.5 s), whatever the size.',
      'Points are inserted by columns, past the insert of the Node client, which costs four times the server.',
      'Each search is checked to find all segments sealed and indexed. Segments of fewer than 1024 rows are not indexed by default: servers that are started here index them, others are refused.',
      'hnsw needs ef of at least k, scann reorderK of at least k (default: k). nprobe above nlist works as nlist.',
      'Scores of ivf with sq8 and pq are estimates; scann reorders its candidates by the vectors themselves.',
      'pq trains slowly: choose it for its memory. It needs 2^bits points and pqSegments that divide the dimension (default: dimension/16, else /8, else 1).',
      'DISKANN is not offered: the server of the Python package accepts it and then builds for ever.',
      'Points that are all zero are left out of answers under cosine.',
      'The server does not tell how large an index is on disk; its data volume is measured instead.',
    ],
  },
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  connect,
};

async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine> {
  const { endpoint } = options;
  if (endpoint === undefined) throw new Error('milvus needs an endpoint');
  const client = await open(endpoint, signal);
  const version = await serverVersion(client);
  requireVersion(version);
  return {
    version: async () => version,
    // A name of its own: the server may be shared.
    create: (spec) => createCollection(client, `vecparity_${randomUUID().replaceAll('-', '')}`, spec),
    close: async () => {
      await client.closeConnection();
    },
  };
}

async function open(endpoint: Endpoint, signal: AbortSignal): Promise<MilvusClient> {
  const { MilvusClient } = loadSdk();
  const client = new MilvusClient(configOf(endpoint));
  try {
    await abortable(client.connectPromise, signal);
    return client;
  } catch (error) {
    await client.closeConnection();
    signal.throwIfAborted();
    throw new FailureError(`cannot connect: ${messageOf(error)}`, {
      where: `milvus: ${endpoint.host}:${endpoint.port}`,
      next: 'check the address, TLS and the credentials (MILVUS_TOKEN, or MILVUS_USER and MILVUS_PASSWORD)',
      cause: error,
    });
  }
}

export function configOf({ host, port, tls, secrets, settings }: Endpoint): MilvusConfig {
  const { token, password } = secrets;
  const { user, database } = settings;
  return {
    address: `${host}:${port}`,
    ssl: tls,
    ...(token && { token }),
    ...(user && { username: user }),
    ...(password && { password }),
    ...(database && { database }),
    // A retry inside a timed call would hide a failure and count as one slow answer.
    maxRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: { enabled: false },
  };
}

async function serverVersion(client: MilvusClient): Promise<string> {
  const { version } = await ask('version', client.getVersion());
  return version.replace(/^v/, '');
}

function requireVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new FailureError(`Milvus ${version} is too old`, {
    where: 'milvus',
    next: `use Milvus ${OLDEST.join('.')} or later`,
  });
}
