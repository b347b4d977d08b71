import type { Format } from '../format.js';
import { openJsonl } from './source.js';

/** One JSON object per line. */
export const jsonl: Format = {
  name: 'jsonl',
  endings: ['.jsonl', '.jsonl.gz'],
  ownQueries: null,
  ownMetric: false,
  ownNeighbors: false,
  metadata: 'own',
  open: async (path, options) => ({ points: await openJsonl(path, options), querySets: [] }),
};
