import type { Format } from '../format.js';
import { jsonReader } from '../jsonl/reader.js';
import { openRecords } from '../records/beside.js';
import { openNpy } from './source.js';

/** numpy's format for one array. */
export const npy: Format = {
  name: 'npy',
  endings: ['.npy'],
  streams: false,
  ownQueries: null,
  ownMetric: false,
  ownNeighbors: false,
  metadata: 'beside',
  writer: async () => (await import('./write.js')).npyWriter,
  async open(path, options) {
    const { metadata } = options;
    const columns = options.columns ?? {};
    const records =
      metadata === undefined
        ? undefined
        : await openRecords(await jsonReader(metadata), { ...options, columns });
    return { points: openNpy(path, records), querySets: [] };
  },
};
