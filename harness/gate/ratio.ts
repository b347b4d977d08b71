import { normalQuantile, studentQuantile } from '../measures/distributions.js';
import type { Finding } from '../model/verdict.js';
import type { Partner, Wanted } from './comparison.js';
import { ALPHA, moments } from './statistics.js';
import { blank, meets } from './thresholds.js';

/** z of the two-sided 95% intervals that results hold. */
const Z95 = 1.959964;

/**
 * Ratio of two times or costs, geometric means over builds; logarithms taken as normal, as wide as the intervals within
 * each run say.
 */
export function ratio({ gate, row, again }: Wanted, { rows }: Partner): Finding {
  const sides = [[row, ...again], rows].map((side) => side.map((each) => each.measures[gate.measure]!));
  const [now, before] = sides.map((side) => Math.exp(moments(side.map(({ value }) => Math.log(value))).mean));
  if (!(before! > 0) || !(now! > 0)) return blank(row, 'fail', 'a ratio needs figures above 0');
  const found = now! / before! - 1;
  const note = 'advisory: the runs were not interleaved, so this also holds what the machine did meanwhile';
  const n = sides[0]!.reduce((sum, each) => sum + each.n, 0);
  const base = { ...blank(row, 'inconclusive', note), found, now: now!, before: before!, n };
  const errors = sides.map(meanLogError);
  if (errors.some((error) => error === undefined)) {
    return { ...base, state: meets(found, gate.operator, gate.limit) ? 'pass' : 'fail' };
  }
  const half = normalQuantile(1 - ALPHA) * Math.hypot(...(errors as number[]));
  const low = Math.exp(Math.log1p(found) - half) - 1;
  const high = Math.exp(Math.log1p(found) + half) - 1;
  const ends = [low, high].map((end) => meets(end, gate.operator, gate.limit));
  const state = ends[0] && ends[1] ? 'pass' : ends[0] || ends[1] ? 'inconclusive' : 'fail';
  return { ...base, low, high, state };
}

/**
 * Standard error of the mean logarithm: of several builds from how they differ, as wide as Student's t makes the interval;
 * undefined where a figure has no interval.
 */
function meanLogError(
  figures: readonly { value: number; low: number | null; high: number | null }[],
): number | undefined {
  const n = figures.length;
  if (n > 1 && figures.every(({ value }) => value > 0)) {
    const { deviation } = moments(figures.map(({ value }) => Math.log(value)));
    return ((studentQuantile(1 - ALPHA, n - 1) / normalQuantile(1 - ALPHA)) * deviation) / Math.sqrt(n);
  }
  const errors: number[] = [];
  for (const { low, high } of figures) {
    if (low === null || high === null || low <= 0) return undefined;
    errors.push(Math.log(high / low) / (2 * Z95));
  }
  return Math.hypot(...errors) / errors.length;
}
