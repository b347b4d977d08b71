import { messageOf } from '../../common/errors.js';
import { peakSinceReset, resetPeak } from './resources.js';
import type { TaskContext, TaskTypes } from './task.js';

export interface PhaseOptions<T extends TaskTypes> {
  phase: T['phase'];
  /** What it is about, e.g. a trial. */
  subject?: string | undefined;
  total: number;
  unit: string;
  /** Takes the peak resident memory of the phase in bytes, where it can be told; also of a phase that failed. */
  onPeak?: ((bytes: number) => void) | undefined;
  /** What the phase leaves behind in memory is collected, so that the next one's peak does not have it. */
  collect?: boolean | undefined;
}

/** Times a phase, keeps its peak memory and tells the supervisor where we are. */
export async function inPhase<T extends TaskTypes, Result>(
  send: TaskContext<T>['send'],
  { phase, subject, total, unit, onPeak, collect }: PhaseOptions<T>,
  work: () => Promise<Result>,
): Promise<{ result: Result; seconds: number }> {
  const about = subject === undefined ? {} : { subject };
  await send({ type: 'begin', phase, ...about, total, unit });
  resetPeak();
  const start = performance.now();
  try {
    const result = await work();
    const seconds = (performance.now() - start) / 1000;
    await send({ type: 'end', phase, ...about, seconds });
    return { result, seconds };
  } finally {
    if (collect === true) globalThis.gc?.();
    const peak = onPeak === undefined ? undefined : peakSinceReset();
    if (peak !== undefined) onPeak!(peak);
  }
}

/** What goes into the log when a task fails. */
export function failureText(error: unknown): string {
  const cause =
    error instanceof Error && error.cause !== undefined ? `\ncaused by: ${messageOf(error.cause)}` : '';
  return messageOf(error) + cause;
}
