import { InputError } from '../../common/errors.js';
import type { Endpoint, LaunchRequest, ServerDefinition } from '../contract/server.js';
import { ownNames } from '../kit/own-names.js';
import { reach } from '../kit/reach.js';
import { noticePlaintext, serverUrl } from '../kit/server-url.js';
import { launchContainer } from '../launcher/container.js';
import { prepareImage } from '../launcher/prepare.js';
import { runningServer } from '../launcher/running.js';
import { ask, openClient } from './client.js';
import { listCollections } from './collection.js';
import { reach as connect } from './connect.js';

const PORT = 8000;
const MIB = 2 ** 20;

export const server: ServerDefinition = {
  async prepare(request) {
    if (request.mode === 'docker') await prepareImage('chroma', request);
    else {
      const endpoint = endpointOf(request);
      const where = `chroma ${endpoint.host}:${endpoint.port}`;
      await reach(where, () => connect(openClient(endpoint), endpoint), request.signal);
    }
  },
  launch: async (request) =>
    request.mode === 'url' ? runningServer(endpointOf(request)) : launchDocker(request),
  async remove(endpoint, nameEnd) {
    const client = openClient(endpoint);
    const names = ownNames(await listCollections({ client }), nameEnd);
    for (const name of names) await ask('drop the collection', client.deleteCollection({ name }));
    return names;
  },
};

function launchDocker(request: LaunchRequest) {
  return launchContainer(
    {
      engine: 'chroma',
      port: PORT,
      // The official image and the one built here differ in what comes before, and agree from here on.
      command: ['run', '--host', '0.0.0.0', '--port', String(PORT), '--path', '/data'],
      dataPath: '/data',
      minimumMemoryBytes: 128 * MIB,
      startSeconds: 60,
      secrets: {},
      settings: {},
      ask: async (endpoint) => {
        await openClient(endpoint).heartbeat();
      },
    },
    request,
  );
}

/**
 * `https://host:port` or `https://host:port/tenant/database`; a token comes from CHROMA_TOKEN, tenant and database that the
 * address does not name from CHROMA_TENANT, CHROMA_DATABASE.
 */
function endpointOf({ url, env, onNotice }: LaunchRequest): Endpoint {
  const given = serverUrl(url, {
    engine: 'chroma',
    protocols: ['http', 'https'],
    example: `http://127.0.0.1:${PORT}`,
    credentials: false,
    variables: ['CHROMA_TOKEN'],
  });
  const tls = given.protocol === 'https:';
  const token = env['CHROMA_TOKEN'];
  const named = given.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  if (named.length !== 0 && named.length !== 2) {
    throw new InputError('url names neither a server alone nor a tenant and its database', {
      where: 'chroma: url',
      next: 'write http://host:8000 or http://host:8000/tenant/database',
    });
  }
  const [tenant = env['CHROMA_TENANT'], database = env['CHROMA_DATABASE']] = named;
  if (!tls) {
    const credential = token ? 'token' : undefined;
    noticePlaintext({ onNotice }, 'Chroma', given.hostname, { credential, next: 'use https://' });
  }
  return {
    host: given.hostname,
    port: given.port === '' ? (tls ? 443 : PORT) : Number(given.port),
    tls,
    secrets: { ...(token && { token }) },
    settings: { ...(tenant && { tenant }), ...(database && { database }) },
  };
}
