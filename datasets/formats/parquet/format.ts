import type { Format } from '../format.js';
import { openParquet } from './source.js';

/** Parquet with one vector per row. */
export const parquet: Format = {
  name: 'parquet',
  endings: ['.parquet', '.pq'],
  streams: false,
  ownQueries: null,
  ownMetric: false,
  ownNeighbors: false,
  metadata: 'own',
  writer: async () => (await import('./write.js')).parquetWriter,
  open: async (path, { columns }) => ({ points: await openParquet(path, columns), querySets: [] }),
};
