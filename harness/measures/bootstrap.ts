import { quantile } from './quantile.js';
import { Random } from './random.js';

/** Ends of a two-sided interval. */
export interface Interval {
  low: number;
  high: number;
}

export const CONFIDENCE = 0.95;
export const RESAMPLES = 1000;

/**
 * Bootstrap samples of `units` units (queries): `counts[r * units + u]` says how often sample `r` drew unit `u`.
 * One plan serves every measure and every trial over the same queries: that is what keeps it cheap.
 */
export interface ResamplePlan {
  units: number;
  resamples: number;
  counts: Uint8Array;
}

/** Draws `resamples` samples with replacement. The same arguments give the same plan on every machine. */
export function resamplePlan(units: number, seed: number, resamples: number = RESAMPLES): ResamplePlan {
  const random = new Random(seed);
  const counts = new Uint8Array(units * resamples);
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < units; i++) {
      // A unit drawn more than 255 times has no chance worth the memory of a wider count.
      const at = r * units + random.below(units);
      if (counts[at]! < 255) counts[at] = counts[at]! + 1;
    }
  }
  return { units, resamples, counts };
}

/** Per unit what goes above and below the line of a figure. A unit with 0 below the line does not take part. */
export interface Ratio {
  numerators: Float64Array;
  denominators: Float64Array;
}

/**
 * 95% percentile bootstrap (Efron 1979) of `sum(numerators) / sum(denominators)` over units: a mean where the
 * denominators are 1, a ratio such as queries per second otherwise. Undefined for fewer than two units with a
 * denominator: one observation says nothing of the spread.
 */
export function bootstrapRatios(plan: ResamplePlan, ratios: readonly Ratio[]): (Interval | undefined)[] {
  const columns = [...new Set(ratios.flatMap(({ numerators, denominators }) => [numerators, denominators]))];
  const sums = bootstrapSums(plan, columns);
  return ratios.map(({ numerators, denominators }) => {
    if (countPositive(denominators) < 2) return undefined;
    const above = sums[columns.indexOf(numerators)]!;
    const below = sums[columns.indexOf(denominators)]!;
    const figures = above.map((sum, r) => sum / below[r]!).filter((_, r) => below[r]! > 0);
    return percentileInterval(figures);
  });
}

/** Sum of each column in each resample, four columns a pass: reading the counts costs as much as the sums. */
function bootstrapSums(plan: ResamplePlan, columns: readonly Float64Array[]): Float64Array[] {
  const sums = columns.map(() => new Float64Array(plan.resamples));
  // All samples have as many units, so that a constant (denominators of 1, a recall of 1) needs no drawing.
  const isConstant = (column: Float64Array): boolean => column.every((value) => value === column[0]);
  const varying: number[] = [];
  columns.forEach((column, i) => {
    if (isConstant(column)) sums[i]!.fill((column[0] ?? 0) * plan.units);
    else varying.push(i);
  });
  for (let at = 0; at < varying.length; at += 4) {
    const four = [0, 1, 2, 3].map((i) => varying[Math.min(at + i, varying.length - 1)]!);
    sumFour(plan, four.map((i) => columns[i]!) as Four, four.map((i) => sums[i]!) as Four);
  }
  return sums;
}

type Four = [Float64Array, Float64Array, Float64Array, Float64Array];

/** Two resamples of four columns at a time: everything read serves several of the eight sums (measured 1.5 times). */
function sumFour({ units, resamples, counts }: ResamplePlan, columns: Four, into: Four): void {
  const [a, b, c, d] = columns;
  for (let r = 0; r < resamples; r += 2) {
    // With an odd number of resamples the last one is summed twice.
    const next = Math.min(r + 1, resamples - 1);
    const [first, second] = [r * units, next * units];
    let [a1, b1, c1, d1] = [0, 0, 0, 0];
    let [a2, b2, c2, d2] = [0, 0, 0, 0];
    for (let u = 0; u < units; u++) {
      const drawn1 = counts[first + u]!;
      const drawn2 = counts[second + u]!;
      const va = a[u]!;
      const vb = b[u]!;
      const vc = c[u]!;
      const vd = d[u]!;
      a1 += drawn1 * va;
      b1 += drawn1 * vb;
      c1 += drawn1 * vc;
      d1 += drawn1 * vd;
      a2 += drawn2 * va;
      b2 += drawn2 * vb;
      c2 += drawn2 * vc;
      d2 += drawn2 * vd;
    }
    [a1, b1, c1, d1].forEach((sum, i) => {
      into[i]![r] = sum;
    });
    [a2, b2, c2, d2].forEach((sum, i) => {
      into[i]![next] = sum;
    });
  }
}

/**
 * Cluster bootstrap of quantiles of pooled samples: units (queries) are drawn, and each brings all of its samples.
 * Repetitions of a query are not independent, and an interval that took them for independent would be too narrow.
 *
 * @param sorted samples, ascending
 * @param unitOf for each of the sorted samples its unit
 * @param shares quantiles wanted, 0..1
 */
export function bootstrapQuantiles(
  plan: ResamplePlan,
  sorted: Float64Array,
  unitOf: Int32Array,
  shares: readonly number[],
): (Interval | undefined)[] {
  const samplesOf = new Float64Array(plan.units);
  for (const unit of unitOf) samplesOf[unit] = samplesOf[unit]! + 1;
  if (countPositive(samplesOf) < 2) return shares.map(() => undefined);
  const descending = shares.map((_, i) => i).sort((a, b) => shares[b]! - shares[a]!);
  const figures = shares.map(() => new Float64Array(plan.resamples));
  let kept = 0;
  for (let r = 0; r < plan.resamples; r++) {
    const counts = plan.counts.subarray(r * plan.units, (r + 1) * plan.units);
    if (weightedQuantiles(sorted, unitOf, counts, samplesOf, shares, descending, figures, kept)) kept++;
  }
  return figures.map((f) => percentileInterval(f.subarray(0, kept)));
}

/** Type-7 quantiles of the samples repeated by their unit's count, walking down from the largest sample. */
function weightedQuantiles(
  sorted: Float64Array,
  unitOf: Int32Array,
  counts: Uint8Array,
  samplesOf: Float64Array,
  shares: readonly number[],
  descending: readonly number[],
  figures: readonly Float64Array[],
  column: number,
): boolean {
  let total = 0;
  for (let u = 0; u < counts.length; u++) total += counts[u]! * samplesOf[u]!;
  if (total === 0) return false;
  let at = sorted.length;
  // Number of samples, with repetition, from `at` to the end: sample `at` starts at position `total - above`.
  let above = 0;
  for (const index of descending) {
    const position = (total - 1) * shares[index]!;
    const below = Math.floor(position);
    while (total - above > below) above += counts[unitOf[--at]!]!;
    figures[index]![column] = interpolated(sorted, unitOf, counts, at, total - above, position);
  }
  return true;
}

/** `at` covers the positions `first .. first + count - 1`; the next drawn sample above it follows. */
function interpolated(
  sorted: Float64Array,
  unitOf: Int32Array,
  counts: Uint8Array,
  at: number,
  first: number,
  position: number,
): number {
  const value = sorted[at]!;
  const share = position - Math.floor(position);
  const last = first + counts[unitOf[at]!]! - 1;
  if (share === 0 || Math.floor(position) < last) return value;
  let next = at + 1;
  while (next < sorted.length && counts[unitOf[next]!]! === 0) next++;
  return next < sorted.length ? value + share * (sorted[next]! - value) : value;
}

/** The middle 95% of bootstrap figures; sorts them in place. */
export function percentileInterval(figures: Float64Array): Interval | undefined {
  figures.sort();
  const low = quantile(figures, (1 - CONFIDENCE) / 2);
  const high = quantile(figures, 1 - (1 - CONFIDENCE) / 2);
  return low === undefined || high === undefined ? undefined : { low, high };
}

function countPositive(values: Float64Array): number {
  let count = 0;
  for (const value of values) if (value > 0) count++;
  return count;
}
