import { FailureError } from '../../common/errors.js';

/** Keys behind one and up to another one, which is in it; undefined: no end on that side. As text of the engine's own. */
export interface KeyRange {
  behind: string | undefined;
  to: string | undefined;
}

/** All ranges that some keys make, as `Snapshot.ranges` gives them: one more than there are ends. */
export function keyRanges(ends: readonly string[]): string[] {
  const all = [undefined, ...ends, undefined];
  return all.slice(1).map((to, i) => rangeText({ behind: all[i], to }));
}

export function rangeText({ behind, to }: KeyRange): string {
  return JSON.stringify([behind ?? null, to ?? null]);
}

/** The reverse; of no range: everything. Throws FailureError for a text that is none. */
export function readRange(engine: string, range: string | undefined): KeyRange {
  if (range === undefined) return { behind: undefined, to: undefined };
  try {
    const ends = JSON.parse(range) as unknown;
    const isEnd = (end: unknown) => end === null || typeof end === 'string';
    if (!Array.isArray(ends) || ends.length !== 2 || !ends.every(isEnd)) throw new TypeError('not two ends');
    const [behind, to] = ends as [string | null, string | null];
    return { behind: behind ?? undefined, to: to ?? undefined };
  } catch (error) {
    throw new FailureError('the range is not one of a snapshot of this collection', {
      where: engine,
      got: range,
      cause: error,
    });
  }
}

/**
 * The last keys of ranges of about as many keys each, but for the last range, from keys that come in order and in pages:
 * of each page but its last key and the number of keys up to it are kept.
 *
 * @param pages last key of each page and its number of keys
 */
export function endsOf<Key>(pages: readonly { last: Key; keys: number }[], n: number): Key[] {
  const total = pages.reduce((sum, { keys }) => sum + keys, 0);
  const ends: Key[] = [];
  let done = 0;
  for (const { last, keys } of pages.slice(0, -1)) {
    done += keys;
    if (done >= (total * (ends.length + 1)) / n) ends.push(last);
  }
  return ends.slice(0, n - 1);
}

/** Positions that cut `total` into `n` parts that differ by one at most; fewer where there are fewer. */
export function cuts(total: number, n: number): number[] {
  const parts = Math.max(1, Math.min(n, total));
  return Array.from({ length: parts - 1 }, (_, i) => Math.round((total * (i + 1)) / parts));
}
