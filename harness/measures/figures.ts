import type { Measure, Measures } from '../model/results.js';
import { CONFIDENCE, type Interval } from './interval.js';
import { meanBounds, type Range } from './mean-bounds.js';

/** A measure that is a sum over units (queries) divided by another one. */
export interface Figure {
  name: string;
  numerators: Float64Array;
  /** A unit with 0 below the line does not take part. */
  denominators: Float64Array;
  /** Observations behind it. */
  n: number;
}

/** A mean over queries, of values that have a range. */
export interface MeanFigure extends Figure {
  range: Range;
  /** Queries that should have a value and have none: an answer left it undefined. */
  missing: number;
  /** What else it could be, where ties decide. */
  ties?: { low: number; high: number } | undefined;
}

export const SHARE: Range = { low: 0, high: 1 };

/**
 * A mean over the units whose value is not NaN, or undefined if there is none.
 *
 * @param missing for how many of the others that is the answers' fault, not the queries'
 */
export function meanFigure(
  name: string,
  column: Float64Array,
  { range = SHARE, missing = 0 }: Partial<Pick<MeanFigure, 'range' | 'missing'>> = {},
): MeanFigure | undefined {
  let n = 0;
  const denominators = new Float64Array(column.length);
  const numerators = column.map((value, unit) => {
    if (Number.isNaN(value)) return 0;
    n++;
    denominators[unit] = 1;
    return value;
  });
  return n === 0 ? undefined : { name, numerators, denominators, n, range, missing };
}

/**
 * Means over queries with their bounds. The unit is the source query: filters, groups and copies of a question multiply
 * its answers, not what is known of other questions. `n` counts sources.
 *
 * @param sourceOf by unit the number of its source, from 0 on; absent: each is its own
 */
export function meansOf(figures: readonly MeanFigure[], sourceOf?: Int32Array): Measures {
  const known: { figure: MeanFigure; interval: Interval; n: number }[] = [];
  return named(figures, (figure) => {
    const same = known.find((each) => isSame(each.figure, figure));
    const { interval, n } = same ?? bounded(figure, sourceOf);
    if (same === undefined) known.push({ figure, interval, n });
    return {
      ...ends(interval),
      n,
      ...(figure.missing > 0 && { missing: figure.missing }),
      ...(figure.ties && { ties: figure.ties }),
    };
  });
}

function bounded({ numerators, denominators, range }: MeanFigure, sourceOf: Int32Array | undefined) {
  const observed = {
    above: bySource(numerators, sourceOf),
    below: bySource(denominators, sourceOf),
  };
  let [n, low, high] = [0, range.low, range.high];
  for (let u = 0; u < observed.below.length; u++) {
    const below = observed.below[u]!;
    if (!(below > 0)) continue;
    n++;
    // A measure without an end of its own has that of the worst that was seen.
    low = Math.min(low, observed.above[u]! / below);
    high = Math.max(high, observed.above[u]! / below);
  }
  return { interval: meanBounds(observed, { low, high }, (1 - CONFIDENCE) / 2), n };
}

/** Sums by source. */
export function bySource(values: Float64Array, sourceOf: Int32Array | undefined): Float64Array {
  if (sourceOf === undefined) return values;
  const sums = new Float64Array(sourceOf.reduce((most, source) => Math.max(most, source), -1) + 1);
  values.forEach((value, u) => {
    sums[sourceOf[u]!] = sums[sourceOf[u]!]! + value;
  });
  return sums;
}

/** Tie-aware recall is plain recall wherever nothing ties. */
function isSame(a: MeanFigure, b: MeanFigure): boolean {
  if (a.range.low !== b.range.low || a.range.high !== b.range.high) return false;
  for (let u = 0; u < a.numerators.length; u++) {
    if (a.numerators[u] !== b.numerators[u] || a.denominators[u] !== b.denominators[u]) return false;
  }
  return true;
}

function named<T extends Figure>(
  figures: readonly T[],
  about: (figure: T, i: number) => Omit<Measure, 'value'>,
): Measures {
  const measures: Measures = {};
  figures.forEach((figure, i) => {
    const value = sum(figure.numerators) / sum(figure.denominators);
    measures[figure.name] = { value, ...about(figure, i) };
  });
  return measures;
}

const ends = (interval: Interval | undefined) => ({
  low: interval?.low ?? null,
  high: interval?.high ?? null,
});

/** Neumaier's compensated sum: the mean of 1,000 tenths that add up to .9 is .9, which gates compare with. */
export function sum(values: Float64Array): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}
