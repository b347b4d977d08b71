import { setTimeout as pause } from 'node:timers/promises';
import { shorten } from '../../../common/errors.js';
import type { PointId } from '../../../engines/contract/ids.js';
import type { Point } from '../../../engines/contract/points.js';
import { newestOfEachRow, type RowChange } from '../../changes/change.js';
import type { ChangeLog } from '../../changes/log.js';
import { isSameDirection, revisionOf } from '../ledger.js';
import type { TouchedResult } from '../protocol.js';
import type { OpenSide } from './side.js';

const PAGE = 500;
const ROUNDS = 4;
const WAIT_MS = 5;

export interface VerifyParts {
  log: ChangeLog;
  source: OpenSide;
  target: OpenSide;
  /** Rows of the snapshot. */
  snapshot: readonly Point[];
  /** The replay does not get on: what the target lacks then is a difference. */
  isStuck(): boolean;
}

/** Every row change of the log, oldest first. */
export async function allChanges(log: ChangeLog): Promise<RowChange[]> {
  const rows: RowChange[] = [];
  let after = null;
  for (;;) {
    const read = await log.read(after, PAGE);
    const last = read.at(-1);
    if (last === undefined) return rows;
    after = last.position;
    rows.push(...read.filter((change): change is RowChange => change.kind !== 'marker'));
  }
}

/**
 * Compares the rows that the log names on both sides while writes go on: what differs is looked at again once the log was
 * applied up to where it stood then. Rows of the target that neither the snapshot nor the log explains are strangers'.
 */
export async function verifyTouched(parts: VerifyParts): Promise<TouchedResult> {
  const strangers = await strangersIn(parts);
  let suspects: readonly PointId[] | undefined;
  for (let round = 1; ; round++) {
    await caughtUp(parts);
    const changes = newestOfEachRow(await allChanges(parts.log));
    const result = await compare(parts, changes, suspects);
    const found = [...result.differing.map(({ id }) => id), ...result.returned];
    if (found.length === 0 || round === ROUNDS) return { ...result, compared: changes.length, strangers };
    suspects = found;
  }
}

/** A target that is down never catches up. */
async function caughtUp({ log, isStuck }: VerifyParts): Promise<void> {
  const until = await log.watermark();
  while (!isStuck()) {
    const [next] = await log.read(await log.cursor('target'), 1);
    if (next === undefined || next.position > until) return;
    await pause(WAIT_MS);
  }
}

async function compare(
  { source, target }: VerifyParts,
  changes: readonly RowChange[],
  among: readonly PointId[] | undefined,
): Promise<Pick<TouchedResult, 'differing' | 'returned'>> {
  const chosen = among === undefined ? changes : changes.filter(({ id }) => among.includes(id));
  const ids = chosen.map(({ id }) => id);
  const [there, wanted] = [await byId(target, ids), await byId(source, ids)];
  const differing: TouchedResult['differing'][number][] = [];
  const returned: PointId[] = [];
  for (const { id, kind } of chosen) {
    const [a, b] = [wanted.get(id), there.get(id)];
    if (b !== undefined && a === undefined && kind === 'delete') returned.push(id);
    else {
      const words = difference(a === undefined ? undefined : target.as(a), b);
      if (words !== undefined) differing.push({ id, words: `id ${shorten(id)} ${words}` });
    }
  }
  return { differing, returned };
}

async function byId({ points }: OpenSide, ids: readonly PointId[]): Promise<Map<PointId, Point>> {
  const found = new Map<PointId, Point>();
  for (let at = 0; at < ids.length; at += PAGE)
    for (const point of await points.get(ids.slice(at, at + PAGE))) found.set(point.id, point);
  return found;
}

function difference(source: Point | undefined, target: Point | undefined): string | undefined {
  if (source === undefined || target === undefined) {
    if (source === target) return undefined;
    return source === undefined ? 'is in the target alone' : 'is not in the target';
  }
  const [a, b] = [revisionOf(source), revisionOf(target)];
  if (a !== b) return `is as of write ${a} in the source and as of write ${b} in the target`;
  if (source.text !== target.text) return 'has another text in the target';
  const other = Object.entries(source.vectors).find(
    ([name, value]) => !isSameDirection(value, target.vectors[name]),
  );
  return other === undefined ? undefined : `has another vector "${other[0]}" in the target`;
}

/** Rows that nobody here has written, or that are not as they were written. */
async function strangersIn({ log, target, snapshot }: VerifyParts): Promise<PointId[]> {
  const found = await target.scan();
  // Read afterwards: what the scan saw was logged before it was written.
  const touched = new Set((await allChanges(log)).map(({ id }) => id));
  const untouched = new Map(snapshot.map((point) => [point.id, point]));
  return found
    .filter((point) => {
      if (touched.has(point.id)) return false;
      const before = untouched.get(point.id);
      return before === undefined || difference(target.as(before), point) !== undefined;
    })
    .map(({ id }) => id);
}
