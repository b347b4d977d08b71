import { FailureError } from '../../common/errors.js';
import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../contract/engine.js';
import type { ReadAs } from '../contract/points.js';
import type { Endpoint } from '../contract/server.js';
import { abortable } from '../kit/load.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { CAPABILITIES } from './capabilities.js';
import { failure, openClient, PACKAGE, type QdrantClient } from './client.js';
import { createCollection, QdrantCollection } from './collection.js';
import { aliasesOf } from './describe.js';
import { translate } from './filter.js';
import { openPool, send } from './http.js';
import { nativeId } from './ids.js';
import { type Json, toJson } from './json.js';
import { type Layout, readLayout } from './layout.js';
import { checkData, rules } from './options.js';
import { readFilter } from './read-filter.js';
import { QdrantSession } from './session.js';

const PACKAGES = [PACKAGE, 'testcontainers'];
/** The first that tells what its optimizers have still to do, and the oldest that the client supports. */
const MINIMUM = [1, 17] as const;

export const engine: EngineDefinition = {
  name: 'qdrant',
  title: 'Qdrant',
  packages: PACKAGES,
  capabilities: CAPABILITIES,
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  server: {
    modes: ['docker', 'url'],
    load: async () => (await import('./launch.js')).server,
  },
  readFilter,
  writeFilter: (filter) => toJson(translate(filter) as unknown as Json),
  nativeIds: {
    words: (kind) =>
      kind === 'string' ? 'a UUID of version 5 of the text, which is kept in the payload' : undefined,
    of: nativeId,
  },
  connect,
};

async function connect({ endpoint, threads }: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine> {
  if (endpoint === undefined) throw new Error('qdrant needs an endpoint');
  const client = openClient(endpoint);
  const version = await abortable(requireVersion(client, endpoint), signal);
  const pool = await openPool(endpoint);
  const session = new QdrantSession(client, endpoint, pool, threads, engine);
  return {
    version: async () => version,
    create: (spec) => createCollection(session, spec),
    open: (name, as) => openCollection(session, name, as),
    list: () => list(endpoint),
    attach: async ({ collection }) => new QdrantCollection(session, collection as Layout),
    // The client has nothing to close: its idle connections end by themselves and keep no process alive.
    close: () => pool.close(),
  };
}

async function list(endpoint: Endpoint): Promise<string[]> {
  const doing = 'cannot list the collections';
  type Listed = { collections: { name: string }[] };
  const { collections } = await send<Listed>(endpoint, doing, 'GET', '/collections');
  return collections.map(({ name }) => name).sort();
}

async function openCollection(session: QdrantSession, name: string, as?: ReadAs): Promise<QdrantCollection> {
  const there = await list(session.endpoint);
  if (
    !there.includes(name) &&
    !(await aliasesOf(session.endpoint)).some((each) => each.alias_name === name)
  ) {
    const next = there.length === 0 ? 'there is none at all' : `there are ${there.join(', ')}`;
    throw new FailureError(`there is no collection ${JSON.stringify(name)}`, { where: 'qdrant', next });
  }
  return new QdrantCollection(session, {
    ...(await readLayout(session.endpoint, name)),
    as,
  });
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
