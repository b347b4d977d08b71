import { FailureError } from '../../common/errors.js';
import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../contract/engine.js';
import { checkSpec } from '../kit/check.js';
import { abortable } from '../kit/load.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { CAPABILITIES } from './capabilities.js';
import { ask, openClient } from './client.js';
import { attachCollection, createCollection, listCollections, openCollection } from './collection.js';
import { reach, requireDatabase } from './connect.js';
import { translateFilter } from './filter.js';
import { rules } from './options.js';
import { openPool } from './raw.js';
import type { ChromaSession } from './session.js';

const PACKAGES = ['chromadb', 'testcontainers'];

export const engine: EngineDefinition = {
  name: 'chroma',
  title: 'Chroma',
  packages: PACKAGES,
  capabilities: CAPABILITIES,
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData: () => [],
  // Its operators are those of the portable form and mean the same, also on a point without the key.
  writeFilter: (filter) => JSON.stringify(translateFilter(filter)),
  readFilter: (native) => ({ state: 'ok', filter: native }),
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
  await abortable(requireDatabase(endpoint), signal);
  const batchSize = await abortable(ask('connect', client.getMaxBatchSize()), signal);
  const pool = await openPool(endpoint);
  const session: ChromaSession = { client, endpoint, pool, batchSize, restartServer, holder: engine };
  return {
    // What the server tells is the version of its interface, whatever its own.
    version: async () => `interface ${version}`,
    create: async (spec) => {
      checkSpec(engine, spec);
      return createCollection(session, spec);
    },
    open: (name, as) => openCollection(session, name, as),
    list: () => listCollections(session),
    attach: (shared) => attachCollection(session, shared),
    clock: async () => (await ask('read the clock', client.heartbeat())) / 1e6,
    // The client keeps no connection of its own.
    close: () => session.pool.close(),
  };
}
