import { flatSource } from '../flat-source.js';
import type { Format } from '../format.js';
import { openVecs } from './open.js';

/** fvecs, bvecs and ivecs, as TEXMEX' sets (SIFT, GIST) and faiss have them. */
export const vecs: Format = {
  name: 'vecs',
  endings: ['.fvecs', '.bvecs', '.ivecs'],
  streams: false,
  ownQueries: null,
  ownMetric: false,
  ownNeighbors: false,
  metadata: 'none',
  writer: async () => (await import('./write.js')).vecsWriter,
  open: async (path) => ({ points: flatSource(openVecs(path)), querySets: [] }),
};
