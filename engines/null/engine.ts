import { packageInfo } from '../../common/paths.js';
import type { EngineDefinition } from '../contract/engine.js';
import { checkSpec } from '../kit/check.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { CAPABILITIES } from './capabilities.js';
import { nullCollection } from './collection.js';
import { rules } from './options.js';

export const engine: EngineDefinition = {
  name: 'null',
  title: 'null (harness cost)',
  packages: [],
  capabilities: CAPABILITIES,
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData: () => [],
  connect: async () => ({
    version: async () => packageInfo().version,
    create: async (spec) => {
      checkSpec(engine, spec);
      return nullCollection(spec);
    },
    close: async () => {},
  }),
};
