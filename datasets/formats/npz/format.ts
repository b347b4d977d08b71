import type { Format } from '../format.js';
import { openNpz } from './open.js';

/** numpy's archives of arrays. */
export const npz: Format = {
  name: 'npz',
  endings: ['.npz'],
  streams: false,
  ownQueries: null,
  ownMetric: false,
  ownNeighbors: true,
  metadata: 'none',
  writer: async () => (await import('./write.js')).npzWriter,
  open: openNpz,
};
