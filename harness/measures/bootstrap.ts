import { quantile } from './quantile.js';
import { Random } from './random.js';
import { type Draws, weightedSums } from './weighted-sums.js';

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
export type ResamplePlan = Draws;

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
  const sums = weightedSums(plan, columns);
  return ratios.map(({ numerators, denominators }) => {
    if (countPositive(denominators) < 2) return undefined;
    const above = sums[columns.indexOf(numerators)]!;
    const below = sums[columns.indexOf(denominators)]!;
    const figures = above.map((sum, r) => sum / below[r]!).filter((_, r) => below[r]! > 0);
    return percentileInterval(figures);
  });
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
  const perUnit = samplesOf.every((count) => count === samplesOf[0]) ? samplesOf[0] : undefined;
  const descending = shares.map((_, i) => i).sort((a, b) => shares[b]! - shares[a]!);
  const figures = shares.map(() => new Float64Array(plan.resamples));
  let kept = 0;
  for (let r = 0; r < plan.resamples; r++) {
    const counts = plan.counts.subarray(r * plan.units, (r + 1) * plan.units);
    // Where all units have as many samples, every resample has as many as there are.
    const total = perUnit === undefined ? drawnSamples(counts, samplesOf) : sorted.length;
    if (total === 0) continue;
    weightedQuantiles(sorted, unitOf, counts, total, shares, descending, figures, kept++);
  }
  return figures.map((f) => percentileInterval(f.subarray(0, kept)));
}

/** Type-7 quantiles of the samples repeated by their unit's count, walking down from the largest sample. */
function weightedQuantiles(
  sorted: Float64Array,
  unitOf: Int32Array,
  counts: Uint8Array,
  total: number,
  shares: readonly number[],
  descending: readonly number[],
  figures: readonly Float64Array[],
  column: number,
): void {
  let at = sorted.length;
  // Number of samples, with repetition, from `at` to the end: sample `at` starts at position `total - above`.
  let above = 0;
  for (const index of descending) {
    const position = (total - 1) * shares[index]!;
    const below = Math.floor(position);
    while (total - above > below) above += counts[unitOf[--at]!]!;
    figures[index]![column] = interpolated(sorted, unitOf, counts, at, total - above, position);
  }
}

function drawnSamples(counts: Uint8Array, samplesOf: Float64Array): number {
  let total = 0;
  for (let u = 0; u < counts.length; u++) total += counts[u]! * samplesOf[u]!;
  return total;
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
