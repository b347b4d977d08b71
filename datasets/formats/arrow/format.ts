import type { Format } from '../format.js';
import { openRecordSource } from '../records/source.js';
import { arrowReader } from './reader.js';

/** Arrow's own files: IPC files and streams, Feather version 2. */
export const arrow: Format = {
  name: 'arrow',
  endings: ['.arrow', '.feather', '.arrows', '.ipc'],
  streams: false,
  ownQueries: null,
  ownMetric: false,
  ownNeighbors: false,
  metadata: 'own',
  writer: async () => (await import('./write.js')).arrowWriter,
  async open(path, options) {
    const columns = options.columns ?? {};
    return {
      points: await openRecordSource(await arrowReader(path, options), { ...options, columns }),
      querySets: [],
    };
  },
};
