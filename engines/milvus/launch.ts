import { FailureError } from '../../common/errors.js';
import type { Endpoint, LaunchRequest, ServerDefinition } from '../contract/server.js';
import { ownNames } from '../kit/own-names.js';
import { reach } from '../kit/reach.js';
import { noticePlaintext, serverUrl } from '../kit/server-url.js';
import { launchContainer } from '../launcher/container.js';
import { prepareImage } from '../launcher/prepare.js';
import { runningServer } from '../launcher/running.js';
import { ask, command } from './client.js';
import { connectServer } from './connect.js';

const PORT = 19530;
const MIB = 2 ** 20;

export const server: ServerDefinition = {
  async prepare(request) {
    if (request.mode === 'docker') await prepareImage('milvus', request);
    else {
      const endpoint = endpointOf(request);
      const ask = async (signal: AbortSignal) => {
        const client = await connectServer(endpoint, signal);
        await client.closeConnection();
      };
      await reach(`milvus ${endpoint.host}:${endpoint.port}`, ask, request.signal);
    }
  },
  launch: async (request) =>
    request.mode === 'url' ? runningServer(endpointOf(request)) : launchDocker(request),
  async remove(endpoint, nameEnd, signal) {
    const client = await connectServer(endpoint, signal);
    try {
      const { data } = await ask('list', client.showCollections());
      const names = ownNames(
        data.map(({ name }) => name),
        nameEnd,
      );
      for (const name of names)
        await command('drop the collection', client.dropCollection({ collection_name: name }));
      return names;
    } finally {
      await client.closeConnection();
    }
  },
};

/** One process with its metadata store and its files inside: what Milvus calls standalone with embedded etcd. */
const ENVIRONMENT = {
  DEPLOY_MODE: 'STANDALONE',
  ETCD_USE_EMBED: 'true',
  ETCD_DATA_DIR: '/var/lib/milvus/etcd',
  COMMON_STORAGETYPE: 'local',
  // Segments of fewer than 1024 rows would be scanned whatever index was asked for.
  INDEXCOORD_SEGMENT_MINSEGMENTNUMROWSTOENABLEINDEX: '1',
  ROOTCOORD_MINSEGMENTSIZETOENABLEINDEX: '1',
};

function launchDocker(request: LaunchRequest) {
  return launchContainer(
    {
      engine: 'milvus',
      port: PORT,
      environment: ENVIRONMENT,
      command: ['milvus', 'run', 'standalone'],
      dataPath: '/var/lib/milvus',
      minimumMemoryBytes: 512 * MIB,
      startSeconds: 120,
      secrets: {},
      settings: {},
      ask: async (endpoint) => {
        const client = await connectServer(endpoint, request.signal);
        try {
          const { isHealthy, reasons } = await client.checkHealth();
          if (!isHealthy) throw new FailureError(`not healthy: ${reasons.join(', ')}`, { where: 'milvus' });
        } finally {
          await client.closeConnection();
        }
      },
    },
    request,
  );
}

/** `https://host:port/database`; credentials come from MILVUS_TOKEN, or MILVUS_USER and MILVUS_PASSWORD. */
function endpointOf({ url, env, onNotice }: LaunchRequest): Endpoint {
  const given = serverUrl(url, {
    engine: 'milvus',
    protocols: ['http', 'https'],
    example: `http://127.0.0.1:${PORT}`,
    credentials: true,
    variables: ['MILVUS_TOKEN', 'MILVUS_PASSWORD'],
  });
  const tls = given.protocol === 'https:';
  const token = env['MILVUS_TOKEN'];
  const password = decodeURIComponent(given.password) || env['MILVUS_PASSWORD'];
  const user = decodeURIComponent(given.username) || env['MILVUS_USER'];
  const database = decodeURIComponent(given.pathname.slice(1)) || env['MILVUS_DATABASE'];
  // What is left out of the address is the scheme's own port, which the URL class does not tell.
  const port = given.port === '' ? (tls ? 443 : PORT) : Number(given.port);
  if (!tls) {
    const credential = token ? 'token' : password ? 'password' : undefined;
    noticePlaintext({ onNotice }, 'Milvus', given.hostname, { credential, next: 'use https://' });
  }
  return {
    host: given.hostname,
    port,
    tls,
    secrets: { ...(token && { token }), ...(password && { password }) },
    settings: { ...(user && { user }), ...(database && { database }) },
  };
}
