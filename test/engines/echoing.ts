import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { PreparedSearch } from '../../engines/contract/search.js';
import { engine as real } from '../../engines/null/engine.js';

/** What `Shared.collection` is: `fault` is what goes wrong in the threads that attach it. */
export interface Echoed {
  points: number;
  fault?: 'attach' | 'query' | 'hang' | 'exit';
}

/** Answers each query with its first number as the row, a turn of the event loop later; several connections can share it. */
export const engine: EngineDefinition = {
  ...real,
  name: 'echoing',
  title: 'Echoing',
  capabilities: { ...real.capabilities, execution: 'concurrent', shares: true },
  connect: async (options, signal) => ({
    ...(await real.connect(options, signal)),
    attach: async ({ collection }) => {
      const { fault } = collection as Echoed;
      if (fault === 'attach') throw new Error('cannot attach');
      return { prepare: async () => search(fault) };
    },
  }),
};

function search(fault: Echoed['fault']): PreparedSearch {
  return {
    query: async ([row], _filter, signal) => {
      await nextTurn();
      if (fault === 'query') throw new Error('no answer');
      if (fault === 'exit') process.exit(1);
      if (fault === 'hang') {
        await new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      }
      return { keys: [row!], scores: [0] };
    },
    close: async () => {},
  };
}
