import { studentQuantile } from './distributions.js';
import { CONFIDENCE, type Interval } from './interval.js';

/**
 * 95% interval of a time or a rate from its values in the single passes: Student's t over their logarithms, widened to hold
 * every pass and the value itself. Passes vary with what the machine does meanwhile, which the queries of one pass share, so
 * that resampling queries says nothing of the next pass.
 *
 * @param passes by pass; undefined where a pass has no such figure
 * @param value the figure of all passes together
 * @returns undefined for fewer than two passes, or where one lacks the figure: nothing is known of the spread
 */
export function intervalOfPasses(
  passes: readonly (number | undefined)[],
  value: number,
): Interval | undefined {
  const known = passes.filter((each) => each !== undefined);
  if (known.length < 2 || known.length < passes.length) return undefined;
  const ends = { low: Math.min(value, ...known), high: Math.max(value, ...known) };
  // A clock too coarse to see a call's time leaves no logarithm, and no idea of how fine the differences are.
  if (ends.low <= 0) return undefined;
  const logs = known.map(Math.log);
  const n = logs.length;
  const mean = logs.reduce((total, each) => total + each, 0) / n;
  const variance = logs.reduce((total, each) => total + (each - mean) ** 2, 0) / (n - 1);
  const half = studentAt(n - 1) * Math.sqrt(variance / n);
  return { low: Math.min(ends.low, Math.exp(mean - half)), high: Math.max(ends.high, Math.exp(mean + half)) };
}

/** The same few numbers of passes are asked for all measures of all trials. */
const quantiles = new Map<number, number>();

function studentAt(df: number): number {
  const known = quantiles.get(df) ?? studentQuantile((1 + CONFIDENCE) / 2, df);
  quantiles.set(df, known);
  return known;
}
