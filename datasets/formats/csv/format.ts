import type { Format } from '../format.js';
import { openRecordSource } from '../records/source.js';
import { csvReader } from './reader.js';

/** Comma-, tab- or semicolon-separated values: the vector as text in one column, or one column for each dimension. */
export const csv: Format = {
  name: 'csv',
  endings: ['.csv', '.tsv'],
  streams: true,
  ownQueries: null,
  ownMetric: false,
  ownNeighbors: false,
  metadata: 'own',
  writer: async () => (await import('./write.js')).csvWriter,
  async open(path, options) {
    const columns = options.columns ?? {};
    return {
      points: await openRecordSource(csvReader(path, columns), { ...options, columns }),
      querySets: [],
    };
  },
};
