import { messageOf } from '../../common/errors.js';
import type { PreparedVectors } from '../../datasets/dataset.js';
import type { PreparedMetadata } from '../../datasets/prepare.js';
import type { Endpoint } from '../../engines/contract/server.js';
import type { BuildCost } from '../model/events.js';
import type { ChildMessage, Job, Phase } from './protocol.js';
import { peakSinceReset, resetPeak } from './resources.js';

export interface BuildContext {
  job: Job;
  send: (message: ChildMessage) => Promise<void>;
  signal: AbortSignal;
  cost: BuildCost;
  vectors: PreparedVectors;
  /** Undefined where no query has a filter and no field is loaded. */
  metadata: PreparedMetadata | undefined;
  restartServer: RestartServer;
}

/** Has the supervisor restart the build's server; resolves with its new address. */
export type RestartServer = (how: 'stop' | 'kill') => Promise<Endpoint>;

/** Times a phase, keeps its peak memory and tells the supervisor where we are. */
export async function inPhase<T>(
  { send, cost }: BuildContext,
  phase: Phase,
  about: { trial?: string; total: number; unit: string },
  work: () => Promise<T>,
): Promise<{ result: T; seconds: number }> {
  await send({ type: 'begin', phase, ...about });
  resetPeak();
  const start = performance.now();
  try {
    const result = await work();
    const seconds = (performance.now() - start) / 1000;
    const trial = about.trial === undefined ? {} : { trial: about.trial };
    await send({ type: 'end', phase, ...trial, seconds });
    return { result, seconds };
  } finally {
    // Recording and explaining are the harness's own work: its memory is not the engine's, and what it leaves behind is collected.
    const own = phase === 'record' || phase === 'probe';
    if (own) globalThis.gc?.();
    const peak = own ? undefined : peakSinceReset();
    const before = cost.memoryPeakBytes?.[phase] ?? 0;
    if (peak !== undefined)
      cost.memoryPeakBytes = { ...cost.memoryPeakBytes, [phase]: Math.max(before, peak) };
  }
}

/** What goes into the log when a build fails. */
export function failureText(error: unknown): string {
  const cause =
    error instanceof Error && error.cause !== undefined ? `\ncaused by: ${messageOf(error.cause)}` : '';
  return messageOf(error) + cause;
}
