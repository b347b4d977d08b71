import { FailureError } from '../../common/errors.js';
import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../contract/engine.js';
import type { ReadAs } from '../contract/points.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { Build } from './build.js';
import { CAPABILITIES } from './capabilities.js';
import { ask, loadGrpc } from './client.js';
import { attachCollection, createCollection, MilvusCollection } from './collection.js';
import { connectServer, requireVersion } from './connect.js';
import { checkData, rules } from './options.js';
import { readFilter } from './read-filter.js';
import { readLayout } from './read-layout.js';
import type { MilvusSession } from './session.js';

const PACKAGES = ['@zilliz/milvus2-sdk-node', 'testcontainers'];

export const engine: EngineDefinition = {
  name: 'milvus',
  title: 'Milvus',
  packages: PACKAGES,
  node: '20.20.2',
  load: () => void loadGrpc(),
  capabilities: CAPABILITIES,
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  server: {
    modes: ['docker', 'url'],
    load: async () => (await import('./launch.js')).server,
  },
  readFilter,
  connect,
};

async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine> {
  const { endpoint } = options;
  if (endpoint === undefined) throw new Error('milvus needs an endpoint');
  const client = await connectServer(endpoint, signal);
  try {
    const version = await requireVersion(client);
    const session: MilvusSession = { client, version, holder: engine };
    return {
      version: async () => version,
      create: (spec) => createCollection(session, spec),
      open: (name, as) => openCollection(session, name, as),
      list: () => list(session),
      attach: async (shared) => attachCollection(session, shared),
      close: async () => {
        await client.closeConnection();
      },
    };
  } catch (error) {
    await client.closeConnection();
    throw error;
  }
}

async function list({ client }: MilvusSession): Promise<string[]> {
  const { data } = await ask('list', client.showCollections());
  return data.map(({ name }) => name).sort();
}

async function openCollection(session: MilvusSession, name: string, as?: ReadAs): Promise<MilvusCollection> {
  const { client } = session;
  const there = await list(session);
  // Aliases are not listed.
  if (!there.includes(name) && !(await ask('open', client.hasCollection({ collection_name: name }))).value) {
    const names = there.join(', ') || 'none';
    throw new FailureError(`there is no collection "${name}" (there are: ${names})`, { where: 'milvus' });
  }
  const { layout } = await readLayout(client, name, as);
  if (layout.vectors.length === 0)
    throw new FailureError(`collection "${name}" has no vectors that can be read here`, { where: 'milvus' });
  return new MilvusCollection(session, layout, layout.own ? new Build(client, layout) : undefined);
}
