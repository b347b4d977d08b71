import { normalUpperTail, studentQuantile, studentUpperTail } from './distributions.js';

/** Two-sided paired t test and what follows from it. Differences are `b - a`. */
export interface PairedComparison {
  n: number;
  mean: number;
  /** Standard deviation of the differences (n - 1). */
  deviation: number;
  t: number;
  /** Two-sided. */
  p: number;
}

/** Undefined for fewer than two pairs, or where all differences are the same (no spread, no test). */
export function pairedT(a: readonly number[], b: readonly number[]): PairedComparison | undefined {
  const differences = differencesOf(a, b);
  const n = differences.length;
  if (n < 2) return undefined;
  const mean = differences.reduce((sum, d) => sum + d, 0) / n;
  const deviation = Math.sqrt(differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1));
  if (deviation === 0) return undefined;
  const t = mean / (deviation / Math.sqrt(n));
  return { n, mean, deviation, t, p: 2 * studentUpperTail(Math.abs(t), n - 1) };
}

/** Two-sided t interval of the mean difference at the given confidence (0.9: each bound is a one-sided 95% bound). */
export function pairedInterval(
  comparison: PairedComparison,
  confidence: number,
): { low: number; high: number } {
  const { n, mean, deviation } = comparison;
  const half = (studentQuantile(1 - (1 - confidence) / 2, n - 1) * deviation) / Math.sqrt(n);
  return { low: mean - half, high: mean + half };
}

/**
 * Two one-sided tests (Schuirmann 1987) that the mean difference lies within ±margin: p of "not below -margin" and of
 * "not above +margin". Equivalence is shown where the larger one is under the level.
 */
export function tost(
  comparison: PairedComparison,
  margin: number,
): { lower: number; upper: number; p: number } {
  const { n, mean, deviation } = comparison;
  const error = deviation / Math.sqrt(n);
  const lower = studentUpperTail((mean + margin) / error, n - 1);
  const upper = studentUpperTail((margin - mean) / error, n - 1);
  return { lower, upper, p: Math.max(lower, upper) };
}

/**
 * Wilcoxon signed-rank test, two-sided, exact under the ranks as they are (ties share a rank, zero differences are
 * dropped): the statistic is the smaller rank sum. Not for gates: with skewed differences it answers another question
 * than the mean (see docs/measures.md). Undefined without a difference.
 */
export function wilcoxonSignedRank(
  a: readonly number[],
  b: readonly number[],
): { w: number; p: number; n: number } | undefined {
  const differences = differencesOf(a, b).filter((d) => d !== 0);
  if (differences.length === 0) return undefined;
  // Twice the ranks are integers also where ties share one.
  const doubled = averageRanks(differences.map(Math.abs)).map((rank) => Math.round(2 * rank));
  const total = doubled.reduce((sum, rank) => sum + rank, 0);
  const positive = doubled.reduce((sum, rank, i) => (differences[i]! > 0 ? sum + rank : sum), 0);
  const smaller = Math.min(positive, total - positive);
  return { w: smaller / 2, p: Math.min(1, 2 * atMost(doubled, total, smaller)), n: differences.length };
}

/** Chance that a rank sum is at most `limit` if every sign is a fair coin. */
function atMost(ranks: readonly number[], total: number, limit: number): number {
  let chances = new Float64Array(total + 1);
  chances[0] = 1;
  for (const rank of ranks) {
    const next = chances.map((chance) => chance / 2);
    for (let sum = rank; sum <= total; sum++) next[sum] = next[sum]! + chances[sum - rank]! / 2;
    chances = next;
  }
  return chances.subarray(0, limit + 1).reduce((sum, chance) => sum + chance, 0);
}

/**
 * Mann-Whitney U test, two-sided, by the normal approximation with corrections for ties and continuity. `u` is the
 * smaller of the two statistics. Undefined for an empty sample, or where all values are the same.
 */
export function mannWhitney(
  x: readonly number[],
  y: readonly number[],
): { u: number; p: number } | undefined {
  const ranks = averageRanks([...x, ...y]);
  const [n, m] = [x.length, y.length];
  const total = n + m;
  const ux = ranks.slice(0, n).reduce((sum, rank) => sum + rank, 0) - (n * (n + 1)) / 2;
  const u = Math.min(ux, n * m - ux);
  const variance = ((n * m) / 12) * (total + 1 - tieTerm(ranks) / (total * (total - 1)));
  if (!(variance > 0)) return undefined;
  const z = Math.max(0, (n * m) / 2 - u - 0.5) / Math.sqrt(variance);
  return { u, p: Math.min(1, 2 * normalUpperTail(z)) };
}

/** Median of all differences y - x: by how much y lies above x. Undefined for an empty sample. */
export function hodgesLehmann(x: readonly number[], y: readonly number[]): number | undefined {
  const differences = y.flatMap((b) => x.map((a) => b - a)).sort((a, b) => a - b);
  const middle = differences.length >> 1;
  if (differences.length % 2 === 1) return differences[middle];
  return differences.length === 0 ? undefined : (differences[middle - 1]! + differences[middle]!) / 2;
}

/** Cliff's delta: P(y > x) - P(y < x), from -1 to 1. Undefined for an empty sample. */
export function cliffsDelta(x: readonly number[], y: readonly number[]): number | undefined {
  if (x.length === 0 || y.length === 0) return undefined;
  let sum = 0;
  for (const b of y) for (const a of x) sum += Math.sign(b - a);
  return sum / (x.length * y.length);
}

/** p values adjusted for having tested them together (Holm 1979), in the order given. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((i, j) => ps[i]! - ps[j]!);
  const adjusted = new Array<number>(ps.length);
  let largest = 0;
  order.forEach((i, rank) => {
    largest = Math.max(largest, Math.min(1, ps[i]! * (ps.length - rank)));
    adjusted[i] = largest;
  });
  return adjusted;
}

function differencesOf(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length)
    throw new RangeError(`pairs need equal lengths, got ${a.length} and ${b.length}`);
  return b.map((value, i) => value - a[i]!);
}

/** Ranks from 1; values that are exactly equal share the mean of theirs. */
function averageRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let at = start; at < end; at++) ranks[order[at]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** Sum of t^3 - t over groups of t equal ranks. */
function tieTerm(ranks: readonly number[]): number {
  const sizes = new Map<number, number>();
  for (const rank of ranks) sizes.set(rank, (sizes.get(rank) ?? 0) + 1);
  return [...sizes.values()].reduce((sum, t) => sum + t ** 3 - t, 0);
}
