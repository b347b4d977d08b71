import { setTimeout as pause } from 'node:timers/promises';
import { InputError, messageOf } from '../../common/errors.js';
import { lockOwner, takeLock } from '../../common/lock.js';
import { ReembeddingError } from '../cutover/errors.js';
import { BATCH, CONSUMER, type OpenCutover, withCutover } from './cutover.js';
import { FILES } from './folder.js';
import { Housekeeping } from './housekeeping.js';
import { EventLog } from './log.js';
import type { Work } from './stage.js';
import { isPaused } from './status.js';

export interface Followed {
  applied: number;
  /** Changes that the target does not have yet. */
  backlog: number;
  paused: boolean;
}

/** Until there is more to apply at a time: each step is a write, and in some engines a version, of its own. */
const GATHER_MS = 1000;
const PAUSED_MS = 200;
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
  const wait = (ms: number) => pause(ms, undefined, { signal }).catch(() => undefined);
  const housekeeping = new Housekeeping();
  let told = Number.NEGATIVE_INFINITY;
  let applied = 0;
  try {
    await withCutover(work, async (open) => {
      while (!signal.aborted) {
        const paused = isPaused(new EventLog(work.path(FILES.events)).events);
        try {
          const step = paused ? undefined : await open.replayer.step(signal);
          applied += step?.applied ?? 0;
          housekeeping.wrote(step?.applied ?? 0);
          if (performance.now() - told > TELL_MS) {
            told = performance.now();
            onTold({ applied, paused, backlog: (await open.log.backlog(CONSUMER)).changes });
          }
          await keepHouse(work, open, housekeeping, onNotice);
          if (step === undefined) await wait(PAUSED_MS);
          else if (step.read < BATCH) await wait(GATHER_MS);
        } catch (error) {
          if (signal.aborted) break;
          if (error instanceof ReembeddingError) throw error;
          onNotice(`it is applied again: ${messageOf(error)}`);
          await wait(RETRY_MS);
        }
      }
    });
  } finally {
    lock.release();
  }
}

/** Not while a stage works: it may read a state of the target for long. */
async function keepHouse(
  { path }: Work,
  { tidy, count }: OpenCutover,
  housekeeping: Housekeeping,
  onNotice: (message: string) => void,
): Promise<void> {
  if (tidy === undefined || !(await housekeeping.isDue(count))) return;
  if (lockOwner(path(FILES.owner)) !== undefined) return;
  await housekeeping
    .tidy(tidy)
    .catch((error: unknown) => onNotice(`the target could not be tidied: ${messageOf(error)}`));
}
