import { studentQuantile } from './distributions.js';
import { CONFIDENCE, type Interval } from './interval.js';

/**
 * Whether a pass (numbered from 0) chooses among settings. The others are those whose figures are reported of what was
 * chosen, so that luck in the choice is no luck in the figure. The passes alternate: a drift falls on both kinds, and two
 * neighbours have opposite orders of the settings.
 */
export const choosesSettings = (pass: number): boolean => pass % 2 === 1;

/**
 * 95% interval of a time or a rate from its values in the single passes: Student's t over their logarithms, widened to hold
 * every pass and the value itself. Passes vary with what the machine does meanwhile, which the queries of one pass share, so
 * that resampling queries says nothing of the next pass.
 *
 * Of a figure that some of the passes gave, the centre is theirs and the spread that of all: a choice by the others moves
 * those, which can only widen it.
 *
 * @param passes by pass; undefined where a pass has no such figure
 * @param value the figure of these passes together, or of some of them
 * @param gave whether a pass (its number) is one of those
 * @returns undefined for fewer than two passes, or where one lacks the figure: nothing is known of the spread
 */
export function intervalOfPasses(
  passes: readonly (number | undefined)[],
  value: number,
  gave: (pass: number) => boolean = () => true,
): Interval | undefined {
  const known = passes.filter((each) => each !== undefined);
  if (known.length < 2 || known.length < passes.length) return undefined;
  const ends = { low: Math.min(value, ...known), high: Math.max(value, ...known) };
  // A clock too coarse to see a call's time leaves no logarithm, and no idea of how fine the differences are.
  if (ends.low <= 0) return undefined;
  const logs = known.map(Math.log);
  const n = logs.length;
  const mean = meanOf(logs);
  const variance = logs.reduce((total, each) => total + (each - mean) ** 2, 0) / (n - 1);
  const own = logs.filter((_, pass) => gave(pass));
  const half = studentAt(n - 1) * Math.sqrt(variance / own.length);
  const centre = meanOf(own);
  return {
    low: Math.min(ends.low, Math.exp(centre - half)),
    high: Math.max(ends.high, Math.exp(centre + half)),
  };
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((total, each) => total + each, 0) / values.length;

/** The same few numbers of passes are asked for all measures of all trials. */
const quantiles = new Map<number, number>();

function studentAt(df: number): number {
  const known = quantiles.get(df) ?? studentQuantile((1 + CONFIDENCE) / 2, df);
  quantiles.set(df, known);
  return known;
}
