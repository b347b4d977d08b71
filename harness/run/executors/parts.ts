import type { ParameterSet } from '../../../common/parameters.js';
import type { Execution } from '../../../engines/contract/capabilities.js';
import type { Part, TrialPlan, TrialShape } from './executor.js';

/** How many of so many clients, or places, are this part's. */
export function partOf(all: number, part: Part | undefined): number {
  return part === undefined ? all : Math.ceil((all - part.index) / part.of);
}

/** Threads of one process. */
export const MOST_THREADS = 64;

/**
 * Threads that send a load: at most as many as there are clients, or places. Of an engine that holds its thread during a
 * query, each of several clients has a thread of its own.
 */
export function threadsOf({ threads, clients, inFlight }: ParameterSet, { execution }: Execution): number {
  if (execution === 'blocking' && clients !== undefined) return Number(clients);
  return Math.min(Number(threads ?? 1), Number(clients ?? inFlight ?? 1));
}

/** Undefined: nothing speaks against it. */
export function planThreads(options: ParameterSet, shape: TrialShape): TrialPlan | undefined {
  const threads = threadsOf(options, shape);
  if (threads === 1) return undefined;
  if (threads > MOST_THREADS)
    return {
      state: 'refused',
      reason: `${threads} clients would need a thread each; at most ${MOST_THREADS} can be started`,
    };
  if (shape.execution === 'blocking' && shape.collection?.filtered === true)
    return {
      state: 'refused',
      reason:
        'its threads share the index by a file, which does not hold what filters need; measure queries with filters with one client',
    };
  if (shape.shares === true) return undefined;
  return {
    state: 'refused',
    reason: `each of the ${threads} threads needs a connection of its own to the index, which this engine does not have; measure it with one`,
  };
}
