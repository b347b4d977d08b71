import { normalQuantile, studentQuantile } from '../measures/distributions.js';
import { lossTail, meanBounds, type Range } from '../measures/mean-bounds.js';
import { observedOf, type Sample, scaled } from './sample.js';
import { ALPHA, averaged, type Extra, grainOf, lossP, moments, NONE, rebuildError } from './statistics.js';

/** A mean over queries with one-sided bounds at 1 - ALPHA each. */
export interface Estimate {
  /** Sources: independent queries. */
  n: number;
  mean: number;
  /** Standard deviation between sources (n - 1). */
  deviation: number;
  low: number;
  high: number;
  /** Size of the pieces in which queries differ; see `grainOf`. 0 where there are no pairs. */
  grain: number;
  /** Values that one query can take. */
  range: Range;
}

/** The change of a mean, the error of rebuilds, and the chance of one as low as that if it were at least `least`. */
export interface Compared {
  estimate: Estimate;
  extra: Extra;
  p: (least: number) => number;
}

interface Sides {
  now: Sample;
  before: Sample;
}

interface Weights {
  /** -1 where lower is better. */
  sign: number;
  /** What the baseline's values are multiplied with. */
  factor: number;
}

/**
 * sign * (new - factor * old), by query. The lower bound is Gaffke's (`meanBounds`): queries that were not asked may have lost
 * more. The upper one, which a shown loss rests on, is that of Student's t: that one of them may have gained everything is no
 * reason to overlook a loss. Both hold the error of rebuilds in quadrature.
 */
export function paired(both: Sample, builds: number, range: Range, { sign, factor }: Weights): Compared {
  const [own, others] = [averaged(both.sums.slice(0, builds)), averaged(both.sums.slice(builds))];
  const sums = own.map((value, i) => sign * (value - factor * others[i]!));
  const [values] = scaled({ sums: [sums], sizes: both.sizes });
  const { mean, deviation } = moments(values!);
  const all = scaled(both);
  const extra = rebuildError([all.slice(0, builds), all.slice(builds)], deviation);
  const observed = observedOf(sums, both);
  const differences = differenceRange(range, { sign, factor });
  const n = sums.length;
  const estimate = { n, mean, deviation, grain: grainOf(values!), range: differences };
  if (n === 0) return { estimate: { ...estimate, ...UNKNOWN }, extra, p: () => 1 };
  const bounds = { low: meanBounds(observed, differences, ALPHA).low, high: studentHigh(n, mean, deviation) };
  // A t test of values that are all the same knows no chance, be they two.
  const p = (least: number): number =>
    deviation === 0
      ? lossTail(observed, differences.high, least)
      : lossP({ n, mean: mean - least, deviation }, extra);
  return { estimate: { ...estimate, ...widened(mean, bounds, extra) }, extra, p };
}

/**
 * Difference of two means over different queries. Each has bounds of its own, whose distances from their means add in
 * quadrature (Zou & Donner, "Construction of confidence limits about effect measures", Statistics in Medicine 27, 2008).
 * Says less than pairs. The scatter between queries stands in for that between pairs, which is not known, so that the
 * assumed error of rebuilds errs on its side.
 */
export function unpaired({ now, before }: Sides, range: Range, { sign, factor }: Weights): Compared {
  const [a, b] = [sideOf(now, range, sign), sideOf(before, range, sign * factor)];
  const n = Math.min(a.n, b.n);
  const mean = a.mean - b.mean;
  const deviation = Math.sqrt(n * (a.deviation ** 2 / a.n + b.deviation ** 2 / b.n));
  const estimate = { n, mean, deviation, grain: 0, range: differenceRange(range, { sign, factor }) };
  if (n === 0) return { estimate: { ...estimate, ...UNKNOWN }, extra: NONE, p: () => 1 };
  const extra = rebuildError([scaled(now), scaled(before)], deviation);
  const bounds = {
    low: mean - Math.hypot(a.mean - a.low, b.high - b.mean),
    high: studentHigh(n, mean, deviation),
  };
  const p = (least: number): number => lossP({ n, mean: mean - least, deviation }, extra);
  return { estimate: { ...estimate, ...widened(mean, bounds, extra) }, extra, p };
}

const studentHigh = (n: number, mean: number, deviation: number): number =>
  n < 2 ? Number.POSITIVE_INFINITY : mean + (studentQuantile(1 - ALPHA, n - 1) * deviation) / Math.sqrt(n);

const UNKNOWN = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

function sideOf(sample: Sample, range: Range, factor: number) {
  const sums = averaged(sample.sums).map((value) => factor * value);
  const [values] = scaled({ sums: [sums], sizes: sample.sizes });
  const ends = [factor * range.low, factor * range.high];
  const bounds = meanBounds(
    observedOf(sums, sample),
    { low: Math.min(...ends), high: Math.max(...ends) },
    ALPHA,
  );
  return { n: sums.length, ...moments(values!), ...bounds };
}

function differenceRange({ low, high }: Range, { sign, factor }: Weights): Range {
  const [worst, best] = [low - factor * high, high - factor * low];
  return sign > 0 ? { low: worst, high: best } : { low: -best, high: -worst };
}

/** Half-widths add in quadrature, as independent errors do. */
function widened(mean: number, { low, high }: Range, { error, df }: Extra): Range {
  if (error === 0) return { low, high };
  const more = (Number.isFinite(df) ? studentQuantile(1 - ALPHA, df) : normalQuantile(1 - ALPHA)) * error;
  return { low: mean - Math.hypot(mean - low, more), high: mean + Math.hypot(high - mean, more) };
}
