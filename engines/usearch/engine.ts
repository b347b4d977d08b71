import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../contract/engine.js';
import { checkSpec } from '../kit/check.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { packageVersion } from '../kit/packages.js';
import { CAPABILITIES } from './capabilities.js';
import { loadClient, type UsearchClient, usedInstructions } from './client.js';
import { UsearchCollection } from './collection.js';
import { checkData, rules } from './options.js';
import { type SavedGraph, UsearchGraphs } from './saved.js';

export const engine: EngineDefinition = {
  name: 'usearch',
  title: 'USearch',
  packages: ['usearch'],
  instructions: usedInstructions,
  capabilities: CAPABILITIES,
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  connect: async (options) => connected(loadClient(), options),
};

function connected(client: UsearchClient, options: ConnectOptions): ConnectedEngine {
  return {
    version: async () => packageVersion('usearch') ?? 'unknown',
    create: async (spec) => {
      checkSpec(engine, spec);
      return new UsearchCollection(client, options, spec);
    },
    attach: async ({ collection }) => {
      const saved = collection as SavedGraph;
      const graphs = new UsearchGraphs(client, saved.spec, saved.emptyFile);
      return { prepare: async (search, k) => graphs.prepare(saved, search, k) };
    },
    close: async () => {},
  };
}
