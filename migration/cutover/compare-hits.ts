import type { PointId } from '../../engines/contract/ids.js';
import type { Agreement } from './shadow-reader.js';

export interface Hit {
  id: PointId;
  /** In the engine's own form; without it, ties are not seen. */
  score?: number | undefined;
}

/**
 * How many of the first k hits two answers share, as a share of as many as the longer one has (at most k). Hits of both
 * that tie with the last one of their own list may stand for each other. Two empty answers agree.
 */
export function compareHits(control: readonly Hit[], other: readonly Hit[], k: number): Agreement {
  const [mine, theirs] = [control.slice(0, k), other.slice(0, k)];
  const most = Math.max(mine.length, theirs.length);
  if (most === 0) return { agreement: 1 };
  const [missing, extra] = [without(mine, theirs), without(theirs, mine)];
  const exchanged = Math.min(tied(missing, mine).length, tied(extra, theirs).length);
  const shared = mine.length - missing.length + exchanged;
  const ids = (hits: readonly Hit[]) => hits.map(({ id }) => id);
  return { agreement: shared / most, details: { missing: ids(missing), extra: ids(extra), exchanged } };
}

function without(hits: readonly Hit[], others: readonly Hit[]): Hit[] {
  const there = new Set(others.map(({ id }) => id));
  return hits.filter(({ id }) => !there.has(id));
}

/** Those with the score of the last hit of their list. */
function tied(hits: readonly Hit[], list: readonly Hit[]): Hit[] {
  const last = list.at(-1)?.score;
  return last === undefined ? [] : hits.filter(({ score }) => score === last);
}
