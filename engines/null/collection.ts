import { FailureError } from '../../common/errors.js';
import type { Collection } from '../contract/collection.js';
import type { Hits } from '../contract/search.js';
import type { CollectionSpec } from '../contract/spec.js';
import { requireDimensions } from '../kit/load.js';
import { firstVector } from '../kit/vectors.js';

export function nullCollection(spec: CollectionSpec): Collection {
  const { dimensions } = firstVector(spec);
  let loaded = 0;
  return {
    name: spec.name,
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
