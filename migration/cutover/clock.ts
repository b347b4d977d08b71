import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

/** Time, as everything here has it: tests and simulations give another one. */
export interface Clock {
  /** Milliseconds since 1970. It orders nothing. */
  now(): number;
  /** Milliseconds that never go back, for durations. */
  elapsed(): number;
  /** Rejects with the signal's reason when it is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  // What only waits for its next turn does not keep the application's process alive.
  sleep: (milliseconds, signal) => pause(milliseconds, undefined, { signal, ref: false }),
};
