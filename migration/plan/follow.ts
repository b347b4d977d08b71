import { setTimeout as pause } from 'node:timers/promises';
import { InputError, messageOf } from '../../common/errors.js';
import { takeLock } from '../../common/lock.js';
import { ReembeddingError } from '../cutover/errors.js';
import { CONSUMER, withCutover } from './cutover.js';
import { FILES } from './folder.js';
import { EventLog } from './log.js';
import type { Work } from './stage.js';
import { isPaused } from './status.js';

export interface Followed {
  applied: number;
  /** Changes that the target does not have yet. */
  backlog: number;
  paused: boolean;
}

const IDLE_MS = 200;
const RETRY_MS = 1000;
const TELL_MS = 5000;

/**
 * Applies the change log to the target until it is interrupted; while the migration is paused it waits. Other commands
 * may work on the migration meanwhile.
 * @throws InputError if another process follows it already, or it is not loaded yet
 * @throws ReembeddingError where vectors are evidently made anew
 */
export async function follow(
  work: Work,
  onTold: (followed: Followed) => void,
  onNotice: (message: string) => void,
): Promise<void> {
  const lock = takeLock(work.path('.follow'));
  if (lock.state === 'held')
    throw new InputError(`is followed by process ${lock.by} already`, { where: work.folder });
  const { signal } = work.surroundings;
  let told = Number.NEGATIVE_INFINITY;
  let applied = 0;
  try {
    await withCutover(work, async ({ replayer, log }) => {
      while (!signal.aborted) {
        const paused = isPaused(new EventLog(work.path(FILES.events)).events);
        let idle = paused;
        try {
          if (!paused) {
            const step = await replayer.step(signal);
            applied += step.applied;
            idle = step.read === 0;
          }
          if (performance.now() - told > TELL_MS) {
            told = performance.now();
            onTold({ applied, paused, backlog: (await log.backlog(CONSUMER)).changes });
          }
        } catch (error) {
          if (signal.aborted) break;
          if (error instanceof ReembeddingError) throw error;
          onNotice(`it is applied again: ${messageOf(error)}`);
          await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
        }
        if (idle) await pause(IDLE_MS, undefined, { signal }).catch(() => undefined);
      }
    });
  } finally {
    lock.release();
  }
}
