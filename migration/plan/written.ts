import { setTimeout as pause } from 'node:timers/promises';
import { FailureError } from '../../common/errors.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Position } from '../changes/change.js';
import { changesOf, cutoverOf, isRowChange } from './cutover.js';
import { openLog } from './open-log.js';
import type { Work } from './stage.js';
import { markers } from './stages/captured.js';

const WAIT_MS = 50;
/** A transaction that stays open longer holds everybody up who reads the log. */
const MOST_WAIT_MS = 30_000;

/**
 * Ids that the log names behind a position, with everything that anybody can have seen in the source by now.
 * @throws FailureError where the log does not settle
 */
export async function writtenSince(
  work: Pick<Work, 'parsed' | 'surroundings'>,
  after: Position,
): Promise<ReadonlySet<PointId>> {
  const { collection } = cutoverOf(work);
  const { signal } = work.surroundings;
  const ids = new Set<PointId>();
  const { log, close } = await openLog(work);
  try {
    const { position } = await log.mark(collection, 'written until here');
    for (let waited = 0; (await log.watermark()) < position; waited += WAIT_MS) {
      if (waited >= MOST_WAIT_MS)
        throw new FailureError('the log does not settle: a transaction of its database stays open', {
          where: log.place,
          next: 'end it (pg_stat_activity shows it), and run the same command again',
        });
      await pause(WAIT_MS, undefined, { signal });
    }
    for await (const page of changesOf(log, collection, after))
      for (const change of page) if (isRowChange(change)) ids.add(change.id);
    return ids;
  } finally {
    await close();
  }
}

/** What is written from here on is behind it. */
export async function positionNow(work: Pick<Work, 'parsed' | 'surroundings'>): Promise<Position> {
  const { log, close } = await openLog(work);
  try {
    return await log.watermark();
  } finally {
    await close();
  }
}

/** Behind it is everything that was written since the application's writers are captured. */
export function captureBegan(work: Pick<Work, 'path'>): Position {
  const positions = markers(work).map(({ position }) => BigInt(position));
  return positions.reduce((a, b) => (a < b ? a : b)) - 1n;
}
