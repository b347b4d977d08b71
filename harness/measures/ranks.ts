/**
 * Agreement of two ranked lists of distinct items, best first. Lists may differ in length and content; what an absent
 * item counts as is said with each measure.
 */
export type Ranking<T> = readonly T[];

/**
 * Rank-biased overlap of two lists, extrapolated beyond their ends, and the least it can be whatever follows
 * (Webber, Moffat & Zobel 2010, equations 32 and 11; for lists of different length the longer one is compared as far
 * as it goes). `p` is the chance that a reader goes on to the next rank: .9 puts 86% of the weight on the first 10.
 * Both are undefined if a list is empty.
 */
export function rankBiasedOverlap<T>(
  a: Ranking<T>,
  b: Ranking<T>,
  p = 0.9,
): { extrapolated: number; minimum: number } | undefined {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  const [s, l] = [short.length, long.length];
  if (s === 0) return undefined;
  const overlaps = overlapByDepth(short, long);
  const [atShort, atLong] = [overlaps[s - 1]!, overlaps[l - 1]!];
  let agreement = 0;
  for (let d = 1; d <= l; d++) agreement += (overlaps[d - 1]! / d) * p ** d;
  for (let d = s + 1; d <= l; d++) agreement += ((atShort * (d - s)) / (s * d)) * p ** d;
  const rest = ((atLong - atShort) / l + atShort / s) * p ** l;
  return { extrapolated: ((1 - p) / p) * agreement + rest, minimum: minimumOverlap(overlaps, p) };
}

/** What the compared depths guarantee: sum over d of (X_d - X_l) p^d / d, and X_l for every depth, seen or not. */
function minimumOverlap(overlaps: readonly number[], p: number): number {
  const atEnd = overlaps.at(-1)!;
  let sum = -atEnd * Math.log(1 - p);
  overlaps.forEach((overlap, i) => {
    sum += ((overlap - atEnd) / (i + 1)) * p ** (i + 1);
  });
  return ((1 - p) / p) * sum;
}

/** X_d: items that the first d of both lists have in common, for every depth of the longer one. */
function overlapByDepth<T>(short: Ranking<T>, long: Ranking<T>): number[] {
  const [seenShort, seenLong] = [new Set<T>(), new Set<T>()];
  let overlap = 0;
  return long.map((item, i) => {
    seenLong.add(item);
    if (seenShort.has(item)) overlap++;
    if (i < short.length) {
      seenShort.add(short[i]!);
      if (seenLong.has(short[i]!)) overlap++;
    }
    return overlap;
  });
}

/** Items in common over all items of both lists; undefined for two empty lists. */
export function jaccard<T>(a: Ranking<T>, b: Ranking<T>): number | undefined {
  const union = new Set([...a, ...b]).size;
  return union === 0 ? undefined : (a.length + b.length - union) / union;
}

/** Items in common among the first k of both, over k: `overlap@k`. Undefined for k < 1. */
export function overlapAt<T>(a: Ranking<T>, b: Ranking<T>, k: number): number | undefined {
  if (k < 1) return undefined;
  const first = new Set(a.slice(0, k));
  return b.slice(0, k).filter((item) => first.has(item)).length / k;
}

/** Kendall's tau over the items in common; the others are ignored. Undefined for fewer than two. */
export function kendallTau<T>(a: Ranking<T>, b: Ranking<T>): number | undefined {
  const ranks = commonRanks(a, b);
  const n = ranks.length;
  if (n < 2) return undefined;
  let discordant = 0;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) if (ranks[i]! > ranks[j]!) discordant++;
  return 1 - (4 * discordant) / (n * (n - 1));
}

/** Spearman's rho over the items in common; the others are ignored. Undefined for fewer than two. */
export function spearmanRho<T>(a: Ranking<T>, b: Ranking<T>): number | undefined {
  const ranks = commonRanks(a, b);
  const n = ranks.length;
  if (n < 2) return undefined;
  const squares = ranks.reduce((sum, rank, i) => sum + (rank - i) ** 2, 0);
  return 1 - (6 * squares) / (n * (n * n - 1));
}

/** For the items in common, in the order of `a`: their rank among the items in common in `b`, from 0. */
function commonRanks<T>(a: Ranking<T>, b: Ranking<T>): number[] {
  const inA = new Set(a);
  const rankInB = new Map(b.filter((item) => inA.has(item)).map((item, i) => [item, i]));
  return a.filter((item) => rankInB.has(item)).map((item) => rankInB.get(item)!);
}

/**
 * Spearman's footrule over all items of two top-k lists: the sum of rank differences, an absent item having rank
 * k + 1 (Fagin, Kumar & Sivakumar 2003, F with location parameter k + 1); `agreement` is 1 - sum / (k(k + 1)), which
 * is 1 for equal lists and 0 for lists with nothing in common. k is the length of the longer list; undefined for two
 * empty lists.
 */
export function footrule<T>(a: Ranking<T>, b: Ranking<T>): { sum: number; agreement: number } | undefined {
  const k = Math.max(a.length, b.length);
  if (k === 0) return undefined;
  const [rankA, rankB] = [ranksOf(a), ranksOf(b)];
  let sum = 0;
  for (const item of new Set([...a, ...b])) {
    sum += Math.abs((rankA.get(item) ?? k + 1) - (rankB.get(item) ?? k + 1));
  }
  return { sum, agreement: 1 - sum / (k * (k + 1)) };
}

/**
 * Kendall distance of two top-k lists (Fagin, Kumar & Sivakumar 2003, K with penalty 0): pairs of items whose order
 * differs, where an absent item comes after all present ones. A pair of which one list has both items and the other
 * none counts `penalty`, since its order there is unknown.
 */
export function faginK<T>(a: Ranking<T>, b: Ranking<T>, penalty = 0): number {
  const [rankA, rankB] = [ranksOf(a), ranksOf(b)];
  const items = [...new Set([...a, ...b])];
  const order = (ranks: Map<T, number>, x: T, y: T): number =>
    Math.sign((ranks.get(x) ?? Number.MAX_VALUE) - (ranks.get(y) ?? Number.MAX_VALUE));
  let distance = 0;
  for (let i = 0; i < items.length; i++) {
    for (let j = i + 1; j < items.length; j++) {
      const product = order(rankA, items[i]!, items[j]!) * order(rankB, items[i]!, items[j]!);
      if (product < 0) distance++;
      else if (product === 0) distance += penalty;
    }
  }
  return distance;
}

function ranksOf<T>(ranking: Ranking<T>): Map<T, number> {
  return new Map(ranking.map((item, i) => [item, i + 1]));
}
