import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../contract/engine.js';
import { checkSpec } from '../kit/check.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { packageVersion } from '../kit/packages.js';
import { CAPABILITIES } from './capabilities.js';
import { type HnswlibClient, loadClient } from './client.js';
import { attach, HnswlibCollection } from './collection.js';
import { rules } from './options.js';

export const engine: EngineDefinition = {
  name: 'hnswlib',
  title: 'hnswlib',
  packages: ['hnswlib-node'],
  compiled: ['hnswlib-node'],
  rebuild: 'hnswlib-node',
  capabilities: CAPABILITIES,
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData: () => [],
  connect: async (options) => connected(loadClient(), options),
};

function connected(client: HnswlibClient, options: ConnectOptions): ConnectedEngine {
  return {
    version: async () => packageVersion('hnswlib-node') ?? 'unknown',
    create: async (spec) => {
      checkSpec(engine, spec);
      return new HnswlibCollection(client, options, spec);
    },
    attach: (shared) => attach(client, shared),
    close: async () => {},
  };
}
