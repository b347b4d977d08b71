import { randomBytes } from 'node:crypto';
import type { Endpoint, LaunchRequest, ServerDefinition } from '../contract/server.js';
import { ownNames } from '../kit/own-names.js';
import { reach } from '../kit/reach.js';
import { noticePlaintext, serverUrl } from '../kit/server-url.js';
import { launchContainer } from '../launcher/container.js';
import { prepareImage } from '../launcher/prepare.js';
import { runningServer } from '../launcher/running.js';
import { openClient, type QdrantClient } from './client.js';
import { pathOf, send } from './http.js';

/** Of its REST interface, also behind TLS: the client's own convention. */
const PORT = 6333;
const MIB = 2 ** 20;

export const server: ServerDefinition = {
  async prepare(request) {
    if (request.mode === 'docker') await prepareImage('qdrant', request);
    else {
      const endpoint = endpointOf(request);
      const ask = () => send(endpoint, 'cannot connect', 'GET', '/collections');
      await reach(`qdrant ${endpoint.host}:${endpoint.port}`, ask, request.signal);
    }
  },
  launch: async (request) =>
    request.mode === 'url' ? runningServer(endpointOf(request)) : launchDocker(request),
  async remove(endpoint, nameEnd) {
    const { collections } = await send<{ collections: { name: string }[] }>(
      endpoint,
      'list',
      'GET',
      '/collections',
    );
    const names = ownNames(
      collections.map(({ name }) => name),
      nameEnd,
    );
    for (const name of names) await send(endpoint, 'cannot drop the collection', 'DELETE', pathOf(name));
    return names;
  },
};

function launchDocker(request: LaunchRequest) {
  const apiKey = randomBytes(18).toString('base64url');
  let client: QdrantClient | undefined;
  return launchContainer(
    {
      engine: 'qdrant',
      port: PORT,
      environment: { QDRANT__SERVICE__API_KEY: apiKey, QDRANT__TELEMETRY_DISABLED: 'true' },
      dataPath: '/qdrant/storage',
      // It takes about 45 MiB before the first point.
      minimumMemoryBytes: 96 * MIB,
      startSeconds: 60,
      secrets: { apiKey },
      settings: {},
      ask: async (endpoint) => {
        client ??= openClient(endpoint);
        await client.versionInfo();
      },
    },
    request,
  );
}

/**
 * `http(s)://host:port/prefix`; the key comes from VECPROOF_QDRANT_API_KEY, else QDRANT_API_KEY.
 * Throws InputError for an address that cannot be one.
 */
export function endpointOf({ url, env, onNotice }: LaunchRequest): Endpoint {
  const given = serverUrl(url, {
    engine: 'qdrant',
    protocols: ['http', 'https'],
    example: `http://127.0.0.1:${PORT}`,
    credentials: false,
    variables: ['VECPROOF_QDRANT_API_KEY'],
  });
  const apiKey = env['VECPROOF_QDRANT_API_KEY'] || env['QDRANT_API_KEY'];
  const tls = given.protocol === 'https:';
  const host = given.hostname.replace(/^\[|\]$/g, '');
  if (!tls) {
    const credential = apiKey ? 'API key' : undefined;
    noticePlaintext({ onNotice }, 'Qdrant', host, { credential, next: 'use https://' });
  }
  const prefix = given.pathname.replace(/\/+$/, '');
  return {
    host,
    port: portOf(url!),
    tls,
    secrets: apiKey ? { apiKey } : {},
    settings: prefix === '' ? {} : { prefix },
  };
}

/** From the text itself: URL drops a port that is the protocol's own, and Qdrant's default is another. */
function portOf(url: string): number {
  const port = /^https?:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/i.exec(url.trim())?.[1];
  return port === undefined ? PORT : Number(port);
}
