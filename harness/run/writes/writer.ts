import { setTimeout as pause } from 'node:timers/promises';
import { ConnectionLostError, messageOf } from '../../../common/errors.js';
import type { Points } from '../../../engines/contract/points.js';
import { DEFAULT_VECTOR } from '../../../engines/contract/vectors.js';
import { loadErrorText } from '../../model/load-errors.js';
import type { Write } from '../../model/writes.js';
import type { Looks } from './looks.js';
import { metadataRow, type WrittenMetadata } from './metadata.js';
import type { PlannedWrite } from './plan.js';
import type { WrittenVectors } from './vectors.js';

/** Ids that are asked for at a time at the end. */
const READ = 500;

export interface WriterOptions {
  points: Points;
  vectors: WrittenVectors;
  metadata?: WrittenMetadata | undefined;
  looks: Looks;
  /** Writes that may be on their way at a time; others wait, and their wait counts. */
  inFlight: number;
  timeoutSeconds: number;
  /** When the writes begin, ms as in `Samples`. */
  from: number;
  /** ms as in `Samples`. */
  now(): number;
  signal: AbortSignal;
}

/**
 * Sends writes when they are due, whatever becomes of others, and follows those that were chosen. A write that fails is
 * recorded with its kind of error and never sent again. Resolves once each has ended.
 */
export async function sendWrites(planned: readonly PlannedWrite[], options: WriterOptions): Promise<Write[]> {
  const { from, now, signal, inFlight, timeoutSeconds, looks } = options;
  const underway = new Set<Promise<void>>();
  const following: Promise<void>[] = [];
  const writes: Write[] = [];
  for (const each of planned) {
    const write = blank(each, from + each.due);
    writes.push(write);
    write.followed = each.followed && looks.canFollow(each);
    // While it is waited for, so that the look is no part of the write's time.
    const before = write.followed ? looks.foundBefore(each) : undefined;
    before?.catch(() => undefined);
    await until(write.due, now, signal);
    const last = write.due + timeoutSeconds * 1000;
    while (underway.size >= inFlight && now() < last) await freed(underway, last - now());
    signal.throwIfAborted();
    if (underway.size >= inFlight || now() > last) {
      write.error = loadErrorText('unsent', `no free place within ${timeoutSeconds} s`);
      write.followed = false;
      continue;
    }
    write.before = (await before) ?? null;
    const done = send(each, write, options).then(() => {
      underway.delete(done);
      if (!write.followed || write.acknowledged === null) return;
      // That a point is gone is only seen where it was found before.
      if (before !== undefined && write.before !== true) return;
      following.push(heard(looks.follow(each, write)));
    });
    underway.add(heard(done));
  }
  await Promise.all(underway);
  await Promise.all(following);
  return writes;
}

function blank({ kind, row }: PlannedWrite, due: number): Write {
  return {
    kind,
    row,
    due,
    sent: null,
    acknowledged: null,
    error: null,
    followed: false,
    before: null,
    looks: 0,
    unseen: null,
    seen: null,
    kept: null,
  };
}

/** What it rejects with is told where it is awaited in the end. */
function heard(work: Promise<void>): Promise<void> {
  work.catch(() => undefined);
  return work;
}

/** Until a place is free, or for so many ms. */
async function freed(underway: ReadonlySet<Promise<void>>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([...underway, late]).finally(() => clearTimeout(timer));
}

async function until(moment: number, now: () => number, signal: AbortSignal): Promise<void> {
  const left = moment - now();
  if (left > 0) await pause(left, undefined, { signal });
}

async function send(planned: PlannedWrite, write: Write, options: WriterOptions): Promise<void> {
  const { now, timeoutSeconds } = options;
  const call = callOf(planned, options);
  const deadline = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => {
      deadline.abort(new Error('no answer in time'));
      resolve('late');
    }, timeoutSeconds * 1000);
  });
  write.sent = now();
  try {
    const work = call(deadline.signal);
    // What it says after the time-out nobody wants to know any more.
    work.catch(() => undefined);
    if ((await Promise.race([work, late])) === 'late')
      write.error = loadErrorText('timeout', `not acknowledged within ${timeoutSeconds} s`);
    else write.acknowledged = now();
  } catch (error) {
    if (deadline.signal.aborted)
      write.error = loadErrorText('timeout', `not acknowledged within ${timeoutSeconds} s`);
    else
      write.error =
        error instanceof ConnectionLostError
          ? loadErrorText('connection', messageOf(error))
          : messageOf(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Everything is at hand when it is sent. */
function callOf(
  planned: PlannedWrite,
  { points, vectors, metadata }: WriterOptions,
): (signal: AbortSignal) => Promise<void> {
  const id = BigInt(planned.row);
  if (planned.kind === 'delete') return () => points.delete([id]);
  if (planned.kind === 'metadata') {
    const change = metadata!.change(id, planned.from![1]);
    return () => points.update(change);
  }
  const point = {
    id,
    vectors: { [DEFAULT_VECTOR]: vectors.written(planned) },
    metadata: metadata?.of(metadataRow(planned.row, 1, planned)) ?? {},
  };
  // The id of an insert is new: where the engine can be told so, it need not look for it.
  const insert = planned.kind === 'insert' ? points.insertMissing?.bind(points) : undefined;
  return (signal) => (insert ?? points.upsert.bind(points))([point], signal);
}

/** Asks by id whether acknowledged inserts are there and acknowledged deletes are not; ends with the time-out. */
export async function checkKept(
  writes: readonly Write[],
  { points, timeoutSeconds, signal }: Pick<WriterOptions, 'points' | 'timeoutSeconds' | 'signal'>,
): Promise<void> {
  const done = writes.filter(
    ({ kind, acknowledged }) => (kind === 'insert' || kind === 'delete') && acknowledged !== null,
  );
  const ended = new AbortController();
  const late = pause(timeoutSeconds * 1000, undefined, { signal: ended.signal }).catch(() => undefined);
  try {
    for (let from = 0; from < done.length; from += READ) {
      signal.throwIfAborted();
      const some = done.slice(from, from + READ);
      const asked = points.get(some.map(({ row }) => BigInt(row)));
      asked.catch(() => undefined);
      const found = await Promise.race([asked, late]);
      if (found === undefined) return;
      const there = new Set(found.map(({ id }) => Number(id)));
      for (const write of some) write.kept = there.has(write.row) === (write.kind === 'insert');
    }
  } catch {
    // What cannot be asked is not known: `kept` stays null.
    signal.throwIfAborted();
  } finally {
    ended.abort();
  }
}
