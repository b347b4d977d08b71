import { FailureError } from '../../common/errors.js';
import type { Point } from '../../engines/contract/points.js';
import { keyText, type Logged, newestOfEachRow, type Position, type RowKey } from '../changes/change.js';
import type { ChangeLog, ChangeSource, Start } from '../changes/log.js';
import type { ChangeTarget } from '../changes/target.js';
import { type Backfilled, type BackfillOptions, backfill } from './backfill.js';
import { type Clock, systemClock } from './clock.js';
import type { Replayer } from './replayer.js';

/**
 * The steps by which a target catches up with a source that goes on changing, in their only right order: capture on →
 * markers seen in the log → everything up to the last one is in the source → snapshot → backfill where nothing is known →
 * replay of what is newer, by version → rows that were touched are compared. Each step may be made again after a crash.
 */
export interface SynchroniseOptions {
  collection: string;
  /** Every instance of the application that writes. One that is left out loses its changes. */
  writers: readonly { captureOn(collection: string): Promise<Logged> }[];
  log: ChangeLog;
  consumer: string;
  /** Of the source itself, where the log comes first: what is logged may not be in it yet. */
  primary?: Replayer | undefined;
  replayer: Replayer;
  /** Opened after capture was proven; what is committed before the call is in it. */
  openSnapshot(): Promise<{
    pages: AsyncIterable<{ points: readonly Point[]; cursor: string }>;
    close(): Promise<void>;
  }>;
  target: ChangeTarget;
  /** The same keys as in the log, see `BackfillOptions`. */
  keyOf?: BackfillOptions['keyOf'];
  clock?: Clock | undefined;
  signal?: AbortSignal | undefined;
}

export interface Synchronised extends Backfilled, Start {}

export async function synchronise(options: SynchroniseOptions): Promise<Synchronised> {
  const { log, consumer, primary, replayer, target, collection, keyOf, signal } = options;
  const { marker, ...start } = await proveCapture(options);
  // A consumer that has begun goes on where it was: what it has not replayed yet, no newer snapshot makes good.
  await log.begin(consumer, start);
  // What was logged before the marker is not replayed: it has to be in the snapshot.
  await primary?.drain(marker, signal);
  const snapshot = await options.openSnapshot();
  let filled: Backfilled;
  try {
    filled = await backfill({ collection, pages: snapshot.pages, target, keyOf, signal });
  } finally {
    await snapshot.close();
  }
  await replayer.drain(await log.watermark(), signal);
  return { ...filled, ...start };
}

/** Where a consumer begins whose snapshot is opened once everything up to `marker` is in the source. */
export interface Captured extends Start {
  marker: Position;
}

/**
 * Switches capture on in every writer and waits until the marker of each has been read from the log. Then two more markers
 * are set, one after the other. The version of the first is the floor: once the second has been read, every
 * transaction that had drawn an older version has ended. What had a newer one had not ended before them, and so is
 * behind the watermark of that moment.
 */
export async function proveCapture(
  options: Pick<SynchroniseOptions, 'writers' | 'log' | 'collection' | 'clock' | 'signal'>,
): Promise<Captured> {
  const { writers, log, collection, clock = systemClock, signal } = options;
  if (writers.length === 0) throw new FailureError('no writer was named', { where: 'capture' });
  const markers = await Promise.all(writers.map((writer) => writer.captureOn(collection)));
  for (const marker of markers) await seen(log, marker, clock, signal);
  return startHere({ log, collection, clock, signal });
}

/**
 * A start for a store that has everything that is logged up to now, and none of what comes: the source when the target
 * takes over from it.
 */
export async function startHere(
  options: Pick<SynchroniseOptions, 'log' | 'collection' | 'clock' | 'signal'>,
): Promise<Captured> {
  const { log, collection, clock = systemClock, signal } = options;
  const after = await log.watermark();
  const { version: floor } = await log.mark(collection, 'floor');
  const last = await log.mark(collection, 'floor is settled');
  await seen(log, last, clock, signal);
  return { after, floor, marker: last.position };
}

const POLL_MS = 20;

/** Waits until a marker can be read: until then an older transaction may still add to what is before it. */
async function seen(
  log: ChangeSource,
  { position }: Logged,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const [change] = await log.read(position - 1n, 1, signal);
    if (change?.position === position) return;
    if (change !== undefined) {
      throw new FailureError('the log does not give back a marker that it has taken', { where: log.place });
    }
    await clock.sleep(POLL_MS, signal);
  }
}

export interface TouchedDifference {
  key: RowKey;
  /** `missing`: the source has it and the target has not; `extra`: the reverse; `differs`: the points are not the same. */
  what: 'missing' | 'extra' | 'differs';
}

export interface VerifyTouchedOptions {
  source: ChangeTarget;
  target: ChangeTarget;
  changes: ChangeSource;
  /** Rows that were changed behind it are compared. */
  from: Position;
  /** Whether two points are the same under the mapping; by default they only have to be there on both sides. */
  same?: ((source: Point, target: Point) => boolean) | undefined;
  signal?: AbortSignal | undefined;
}

const PAGE = 500;

/**
 * Compares every row that was changed behind a position on both sides. Rows that change meanwhile may differ: those are
 * asked again after another drain.
 */
export async function verifyTouched(
  options: VerifyTouchedOptions,
): Promise<{ rows: number; differences: TouchedDifference[] }> {
  const { changes, from, signal } = options;
  const seenKeys = new Set<string>();
  const differences: TouchedDifference[] = [];
  for (let at = from; ; ) {
    const page = await changes.read(at, PAGE, signal);
    const last = page.at(-1);
    if (last === undefined) return { rows: seenKeys.size, differences };
    at = last.position;
    const rows = newestOfEachRow(page.filter((change) => change.kind !== 'marker'));
    const fresh = rows.filter((row) => !seenKeys.has(keyText(row)));
    for (const row of fresh) seenKeys.add(keyText(row));
    differences.push(...(await differing(options, fresh)));
  }
}

async function differing(
  { source, target, same }: VerifyTouchedOptions,
  keys: readonly RowKey[],
): Promise<TouchedDifference[]> {
  if (keys.length === 0) return [];
  const [left, right] = await Promise.all([source.read(keys), target.read(keys)]);
  return keys.flatMap((key, i): TouchedDifference[] => {
    const [a, b] = [left[i]?.point, right[i]?.point];
    if (a === undefined && b === undefined) return [];
    if (b === undefined) return [{ key, what: 'missing' }];
    if (a === undefined) return [{ key, what: 'extra' }];
    return same === undefined || same(a, b) ? [] : [{ key, what: 'differs' }];
  });
}
