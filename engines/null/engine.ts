import { FailureError } from '../../common/errors.js';
import { packageInfo } from '../../common/paths.js';
import { NO_FILTERS } from '../../filters/support.js';
import type { Collection, CollectionSpec, EngineDefinition, Hits } from '../contract/engine.js';
import { requireDimensions } from '../kit/load.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { rules } from './options.js';

export const engine: EngineDefinition = {
  name: 'null',
  title: 'null (harness cost)',
  packages: [],
  capabilities: {
    metrics: ['cosine', 'dot', 'l2'],
    indexTypes: { none: ['none'] },
    filters: NO_FILTERS,
    metadata: null,
    operations: ['count'],
    idKinds: ['u32'],
    maxDimensions: null,
    visibility: 'immediate',
    scores: {},
    deterministicBuild: 'always',
    execution: 'blocking',
    preparedSearches: 'several',
    remarks: [
      'No search engine: it stores nothing and answers every query at once with the first k rows, so that its figures are what the harness itself costs.',
      'Its scores are NaN, as it compares nothing; its recall is that of a fixed answer.',
    ],
  },
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData: () => [],
  connect: async () => ({
    version: async () => packageInfo().version,
    create: async (spec) => collection(spec),
    close: async () => {},
  }),
};

function collection({ dimensions }: CollectionSpec): Collection {
  let loaded = 0;
  return {
    load: async (batch, signal) => {
      signal.throwIfAborted();
      loaded += batch.count;
    },
    ready: async (signal) => {
      signal.throwIfAborted();
      return { count: loaded, indexed: null, details: {} };
    },
    prepare: async (_search, k) => {
      const rows = Math.min(k, loaded);
      const hits: Hits = {
        keys: Uint32Array.from({ length: rows }, (_, row) => row),
        scores: new Float32Array(rows).fill(Number.NaN),
      };
      let open = true;
      return {
        query: (vector) => {
          if (!open) throw new FailureError('the search was closed', { where: 'null' });
          requireDimensions('null', vector, dimensions);
          return hits;
        },
        close: async () => {
          open = false;
        },
      };
    },
    count: async () => loaded,
    indexBytes: async () => undefined,
    drop: async () => {
      loaded = 0;
    },
  };
}
