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

/** Kendall's tau over the items in common; the others are ignored. Undefined for fewer than two. */
export function kendallTau<T>(a: Ranking<T>, b: Ranking<T>): number | undefined {
  const ranks = commonRanks(a, b);
  const n = ranks.length;
  if (n < 2) return undefined;
  let discordant = 0;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) if (ranks[i]! > ranks[j]!) discordant++;
  return 1 - (4 * discordant) / (n * (n - 1));
}

/** For the items in common, in the order of `a`: their rank among the items in common in `b`, from 0. */
function commonRanks<T>(a: Ranking<T>, b: Ranking<T>): number[] {
  const inA = new Set(a);
  const rankInB = new Map(b.filter((item) => inA.has(item)).map((item, i) => [item, i]));
  return a.filter((item) => rankInB.has(item)).map((item) => rankInB.get(item)!);
}
