import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../contract/engine.js';
import { checkSpec } from '../kit/check.js';
import { readSql } from '../kit/filter-text/sql.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { packageVersion } from '../kit/packages.js';
import { CAPABILITIES } from './capabilities.js';
import { boundReads, loadClients } from './client.js';
import { createCollection, openCollection } from './collection.js';
import { checkData, rules } from './options.js';

const PACKAGES = ['@lancedb/lancedb', 'apache-arrow'];

export const engine: EngineDefinition = {
  name: 'lancedb',
  title: 'LanceDB',
  packages: PACKAGES,
  capabilities: CAPABILITIES,
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  local: {},
  readFilter: (native, fields) => readSql(native, fields, 'nested'),
  connect,
};

/** Tables in the folder itself. Every read asks for the newest version: others may write. */
async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine> {
  const { threads, folder: own } = options;
  const folder = options.place ?? own;
  if (options.place !== undefined) boundReads();
  const { lance, arrow } = loadClients(threads);
  const connection = await lance.connect(folder, { readConsistencyInterval: 0 });
  signal.throwIfAborted();
  const session = { lance, arrow, connection, folder, threads, holder: engine };
  return {
    version: async () => packageVersion('@lancedb/lancedb') ?? 'unknown',
    create: async (spec) => {
      checkSpec(engine, spec);
      return createCollection(session, spec);
    },
    open: (name, as) => openCollection(session, name, as),
    list: () => connection.tableNames(),
    close: async () => connection.close(),
  };
}
