import { setTimeout as pause } from 'node:timers/promises';
import { FailureError, messageOf } from '../../common/errors.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { ConnectedEngine } from '../../engines/contract/engine.js';
import type { Sharing } from './job.js';

/** Before the common start (ms), in which all open the collection and calibrate: it is finished by then. */
export const PREPARATION_MS = 3000;
/** Between two looks whether the first machine's collection is there. */
const LOOK_MS = 200;
/** After the last pass, in which machines that began late end theirs. */
const MARGIN_MS = 2000;

const slotsIn = ({ slots }: Pick<Sharing, 'slots'>) => [...slots.values()].flat();
const startOf = (sharing: Pick<Sharing, 'slots'>): number =>
  Math.min(...slotsIn(sharing).map(({ begin }) => begin));

/** Throws FailureError where the collection is ready later than the others open it. */
export function requireInTime(sharing: Pick<Sharing, 'slots'>): void {
  const late = Date.now() - startOf(sharing) + PREPARATION_MS;
  if (late <= 0) return;
  const until = `${PREPARATION_MS / 1000} s before the common start`;
  throw new FailureError(
    `the collection was loaded and indexed ${(late / 1000).toFixed(1)} s after the other shards opened it, ${until}`,
    { where: '--start-at', next: 'choose a later time' },
  );
}

/**
 * Waits until the first machine's collection is there with all its points, and opens it. Rejects with FailureError where it
 * is not by the common start.
 */
export async function openShared(
  engine: ConnectedEngine,
  { name, count, slots }: Pick<Sharing, 'slots'> & { name: string; count: number },
  signal: AbortSignal,
): Promise<Collection> {
  if (engine.open === undefined || engine.list === undefined)
    throw new FailureError('this engine cannot open a collection that another machine has made', {
      where: '--start-at',
    });
  const start = startOf({ slots });
  await until(start - PREPARATION_MS, signal);
  for (;;) {
    const found = await look(engine as Required<ConnectedEngine>, name, count);
    if (typeof found !== 'string') return found;
    if (Date.now() < start) {
      await pause(LOOK_MS, undefined, { signal });
      continue;
    }
    throw new FailureError(`the collection ${name} of shard 1 ${found} at the common start`, {
      where: '--start-at',
      next: 'choose a later time: shard 1 loads and indexes the data before it; look into its run, and compare the clocks',
    });
  }
}

/** The collection, or what is wrong with it. */
async function look(
  engine: Pick<Required<ConnectedEngine>, 'open' | 'list'>,
  name: string,
  count: number,
): Promise<Collection | string> {
  try {
    if (!(await engine.list()).includes(name)) return 'is not there';
    const collection = await engine.open(name);
    const found = await collection.count();
    if (found !== count) return `has ${found} of ${count} points`;
    collection.settled?.(count);
    return collection;
  } catch (error) {
    return `cannot be opened (${messageOf(error)})`;
  }
}

/** The collection stays until no machine searches it any more. */
export function othersHaveEnded(sharing: Pick<Sharing, 'slots'>, signal: AbortSignal): Promise<void> {
  return until(Math.max(...slotsIn(sharing).map(({ end }) => end)) + MARGIN_MS, signal);
}

async function until(moment: number, signal: AbortSignal): Promise<void> {
  while (Date.now() < moment) await pause(moment - Date.now(), undefined, { signal });
}
