import type { ParameterSet } from '../../../common/parameters.js';
import type { Part, TrialPlan, TrialShape } from './executor.js';

/** How many of so many clients, or places, are this part's. */
export function partOf(all: number, part: Part | undefined): number {
  return part === undefined ? all : Math.ceil((all - part.index) / part.of);
}

/** Threads that send a load: at most as many as there are clients, or places. */
export function threadsOf({ threads, clients, inFlight }: ParameterSet): number {
  return Math.min(Number(threads ?? 1), Number(clients ?? inFlight ?? 1));
}

/** Undefined: nothing speaks against it. */
export function planThreads(options: ParameterSet, { shares }: TrialShape): TrialPlan | undefined {
  const threads = threadsOf(options);
  if (threads === 1 || shares === true) return undefined;
  return {
    state: 'refused',
    reason: `each of the ${threads} threads needs a connection of its own to the index, which this engine does not have; measure it with one`,
  };
}
