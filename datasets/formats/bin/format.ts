import { flatSource } from '../flat-source.js';
import type { Format } from '../format.js';
import { openBin } from './open.js';

/** fbin, u8bin, i8bin, … of big-ann-benchmarks. */
export const bin: Format = {
  name: 'bin',
  endings: ['.fbin', '.u8bin', '.i8bin', '.f16bin', '.ibin'],
  streams: false,
  ownQueries: null,
  ownMetric: false,
  ownNeighbors: false,
  metadata: 'none',
  writer: async () => (await import('./write.js')).binWriter,
  open: async (path) => ({ points: flatSource(openBin(path)), querySets: [] }),
};
