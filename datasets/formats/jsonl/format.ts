import type { Format } from '../format.js';
import { openRecordSource } from '../records/source.js';
import { jsonReader } from './reader.js';

/** One JSON object per line, or one JSON array of objects. */
export const jsonl: Format = {
  name: 'jsonl',
  endings: ['.jsonl', '.ndjson', '.json'],
  streams: true,
  ownQueries: null,
  ownMetric: false,
  ownNeighbors: false,
  metadata: 'own',
  writer: async () => (await import('./write.js')).jsonlWriter,
  async open(path, options) {
    const columns = options.columns ?? {};
    return { points: await openRecordSource(await jsonReader(path), { ...options, columns }), querySets: [] };
  },
};
