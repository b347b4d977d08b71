import type { Format } from '../format.js';
import { openHdf5 } from './dataset.js';

/** The layout of ann-benchmarks: `train`, `test`, `neighbors`, `distances` and the attribute `distance`. */
export const hdf5: Format = {
  name: 'hdf5',
  endings: ['.hdf5', '.h5'],
  streams: false,
  ownQueries: 'test',
  ownMetric: true,
  ownNeighbors: true,
  metadata: 'none',
  writer: async () => (await import('./write.js')).hdf5Writer,
  open: (path, { metric }) => openHdf5(path, metric),
};
