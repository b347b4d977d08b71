import { setTimeout as pause } from 'node:timers/promises';
import { shorten } from '../../common/errors.js';
import type { Point, PointValue } from '../../engines/contract/point.js';
import type { Points } from '../../engines/contract/points.js';
import type { NamedVectors } from '../../engines/contract/vectors.js';
import { keyText, type RowChange } from '../changes/change.js';
import type { ChangeSource } from '../changes/log.js';
import { changesOf, isRowChange } from './cutover.js';

/** Whether one can go back: the source holds what was logged last. */
export interface WayBack {
  alive: boolean;
  words: string;
  /** Rows that are not in the source as the log has them. */
  missing: number;
}

/** What storing a vector in fewer bits (bfloat16) takes of its largest component, at most; an older vector is farther off. */
const ROUNDED = 2 ** -7;

/** A row that is being written is in one of log and source a moment earlier; one that is missing for so long is missing. */
const PATIENCE_MS = 5000;
const AGAIN_MS = 100;

interface Wrong {
  id: RowChange['id'];
  what: string;
}

/**
 * Rows that differ are looked at again for a while, as the log has them then: somebody may be writing them.
 * Memory: a version for each row that the log names, and one page of changes.
 */
export async function wayBack(
  { log, source }: { log: Pick<ChangeSource, 'read'>; source: Pick<Points, 'get'> },
  collection: string,
  patienceMs = PATIENCE_MS,
): Promise<WayBack> {
  const newest = await newestVersions(log, collection);
  if (newest.size === 0) {
    const words =
      'nothing was written through the log yet, so that nothing shows whether it reaches the source';
    return { alive: false, words, missing: 0 };
  }
  const until = performance.now() + patienceMs;
  let wrong = await compare({ log, source }, collection, newest);
  while (wrong.size > 0 && performance.now() < until) {
    await pause(AGAIN_MS);
    const now = await newestVersions(log, collection, wrong);
    wrong = await compare({ log, source }, collection, now);
  }
  const [first] = wrong.values();
  if (first === undefined)
    return {
      alive: true,
      words: `the source has all ${newest.size} rows that were written through the log`,
      missing: 0,
    };
  const words = `${wrong.size} of ${newest.size} rows that were written through the log are not in the source as it has them; the first: id ${shorten(first.id)} ${first.what}`;
  return { alive: false, words, missing: wrong.size };
}

type Log = Pick<ChangeSource, 'read'>;

async function newestVersions(
  log: Log,
  collection: string,
  among?: ReadonlyMap<string, unknown>,
): Promise<Map<string, bigint>> {
  const newest = new Map<string, bigint>();
  for await (const page of changesOf(log, collection))
    for (const change of page.filter(isRowChange)) {
      const key = keyText(change);
      if (among !== undefined && !among.has(key)) continue;
      if ((newest.get(key) ?? -1n) < change.version) newest.set(key, change.version);
    }
  return newest;
}

/** Of rows by their key: those whose newest change is not what the source has. */
async function compare(
  { log, source }: { log: Log; source: Pick<Points, 'get'> },
  collection: string,
  newest: ReadonlyMap<string, bigint>,
): Promise<Map<string, Wrong>> {
  const wrong = new Map<string, Wrong>();
  for await (const page of changesOf(log, collection)) {
    const last = page.filter(isRowChange).filter((change) => newest.get(keyText(change)) === change.version);
    if (last.length === 0) continue;
    const found = new Map((await source.get(last.map(({ id }) => id))).map((point) => [point.id, point]));
    for (const change of last) {
      const what = differenceOf(change, found.get(change.id));
      if (what !== undefined) wrong.set(keyText(change), { id: change.id, what });
    }
  }
  return wrong;
}

/** How the source's row is not what the log has; undefined: nothing shows that. */
function differenceOf(change: RowChange, there: Point | undefined): string | undefined {
  if (change.kind === 'delete') return there === undefined ? undefined : 'was deleted, and is there';
  if (there === undefined) return 'is not there';
  const field = differingPart(change.point, there);
  return field === undefined ? undefined : `has another ${field}`;
}

/**
 * The first part that both points have and that is not the same. A source may lack parts, and tell a date in another way than the
 * application wrote it: only what has the same type on both sides is compared, and vectors but for rounding.
 */
export function differingPart(wanted: Point, there: Point): string | undefined {
  if (wanted.text !== undefined && there.text !== undefined && wanted.text !== there.text) return 'text';
  const field = Object.keys(wanted.metadata).find((name) =>
    differs(wanted.metadata[name], there.metadata[name]),
  );
  if (field !== undefined) return `value of ${shorten(field)}`;
  return vectorsDiffer(wanted.vectors, there.vectors) ? 'vector' : undefined;
}

function differs(a: PointValue | undefined, b: PointValue | undefined): boolean {
  const [x, y] = [plain(a), plain(b)];
  return typeof x === typeof y && x !== undefined && x !== y;
}

/** Integers are one type, whatever their size; of anything but texts, numbers and truth values, nothing. */
function plain(value: PointValue | undefined): string | number | boolean | undefined {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Math.fround(value);
  return typeof value === 'string' || typeof value === 'boolean' ? value : undefined;
}

function vectorsDiffer(wanted: NamedVectors, there: NamedVectors): boolean {
  return Object.keys(wanted).some((name) => {
    const [a, b] = [wanted[name], there[name]];
    if (!(a instanceof Float32Array && b instanceof Float32Array) || a.length !== b.length) return false;
    let [largest, off] = [0, 0];
    for (let i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i]!));
      off = Math.max(off, Math.abs(a[i]! - b[i]!));
    }
    return off > ROUNDED * largest;
  });
}
