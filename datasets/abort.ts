import { InterruptedError } from '../common/errors.js';

/** Throws InterruptedError once the signal was given: reading and converting stop between two batches. */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new InterruptedError('interrupted while reading the dataset');
}
