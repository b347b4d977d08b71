import type { Format } from '../format.js';
import { openRecords } from '../jsonl/records.js';
import { openNpy } from './source.js';

/** numpy's format for one array. */
export const npy: Format = {
  name: 'npy',
  endings: ['.npy'],
  ownQueries: null,
  ownMetric: false,
  ownNeighbors: false,
  metadata: 'beside',
  async open(path, options) {
    const records = options.metadata === undefined ? undefined : await openRecords(options.metadata, options);
    return { points: openNpy(path, records), querySets: [] };
  },
};
