import { studentUpperTail } from './distributions.js';

/** A place in a series from which on its level is another one. */
export interface ChangePoint {
  /** Index of the first value of the new level. */
  at: number;
  /** Means of the stretch before and of the one after, up to the neighbouring change points. */
  before: number;
  after: number;
  /** Two-sided, of Welch's t test between the two stretches. */
  p: number;
}

/** With fewer values nothing is said. */
export const FEWEST_VALUES = 20;
/** Values that a stretch has at least: one bad night is no change of level. */
const SHORTEST = 5;
/** Each split is the best of many: the test must be far stricter than 5% (error rates: docs/parity.md). */
const P = 0.001;

/**
 * Change points of a series in order of time: E-divisive (Matteson & James 2014: the split with the largest energy
 * distance, then each part again) with a t test instead of permutations, as Hunter has it (Fleming et al. 2023,
 * arXiv 2301.03034), so that the same series gives the same points. Points that do not hold between their neighbours
 * are taken out again, weakest first. That last test is of prewhitened values x(i) - φ x(i - 1) (von Storch 1995; Wang &
 * Swail 2001): figures of one machine on neighbouring nights are alike, and a t test that took them for independent
 * would mark every second such series. Pure.
 */
export function changePoints(values: readonly number[]): ChangePoint[] {
  if (values.length < FEWEST_VALUES) return [];
  let cuts = splits(values, 0, values.length).toSorted((a, b) => a - b);
  for (;;) {
    const phi = correlation(values, cuts);
    const tested = cuts.map((cut, i) =>
      test(values, cuts[i - 1] ?? 0, cut, cuts[i + 1] ?? values.length, phi),
    );
    const weakest = tested.toSorted((a, b) => b.p - a.p)[0];
    if (weakest === undefined || weakest.p < P) return tested;
    cuts = cuts.filter((cut) => cut !== weakest.at);
  }
}

function splits(values: readonly number[], from: number, to: number): number[] {
  if (to - from < 2 * SHORTEST) return [];
  const cut = bestSplit(values, from, to);
  if (test(values, from, cut, to).p >= P) return [];
  return [...splits(values, from, cut), cut, ...splits(values, cut, to)];
}

/** The split with the largest energy distance between its sides; sums follow the split, so each step is linear. */
function bestSplit(values: readonly number[], from: number, to: number): number {
  const n = to - from;
  const away = (i: number, start: number, end: number): number => {
    let sum = 0;
    for (let j = start; j < end; j++) sum += Math.abs(values[i]! - values[j]!);
    return sum;
  };
  let [left, right, all] = [0, 0, 0];
  for (let i = from; i < to; i++) all += away(i, i + 1, to);
  right = all;
  let best = { cut: from + SHORTEST, energy: Number.NEGATIVE_INFINITY };
  for (let cut = from + 1; cut <= to - SHORTEST; cut++) {
    const moved = cut - 1;
    left += away(moved, from, moved);
    right -= away(moved, cut, to);
    const [a, b] = [cut - from, to - cut];
    if (a < SHORTEST) continue;
    const between = (2 * (all - left - right)) / (a * b);
    const within = (2 * left) / (a * (a - 1)) + (2 * right) / (b * (b - 1));
    const energy = ((a * b) / n) * (between - within);
    if (energy > best.energy) best = { cut, energy };
  }
  return best.cut;
}

/**
 * How alike neighbouring values are: the autocorrelation of lag 1 within the stretches, corrected for what estimating
 * their means takes from it (Marriott & Pope 1954: (1 + 3φ) / length), from 0 to .95.
 */
function correlation(values: readonly number[], cuts: readonly number[]): number {
  const ends = [0, ...cuts, values.length];
  let [products, squares] = [0, 0];
  for (let part = 1; part < ends.length; part++) {
    const stretch = values.slice(ends[part - 1], ends[part]);
    const { mean } = spread(stretch);
    for (const [i, value] of stretch.entries()) {
      squares += (value - mean) ** 2;
      if (i > 0) products += (value - mean) * (stretch[i - 1]! - mean);
    }
  }
  if (squares === 0) return 0;
  const found = products / squares;
  const length = values.length / (ends.length - 1);
  return Math.min(0.95, Math.max(0, found + (1 + 3 * found) / length));
}

function test(values: readonly number[], from: number, cut: number, to: number, phi = 0): ChangePoint {
  const whitened = (stretch: readonly number[]) =>
    phi === 0 ? stretch : stretch.slice(1).map((value, i) => value - phi * stretch[i]!);
  const [before, after] = [values.slice(from, cut), values.slice(cut, to)];
  const [a, b] = [spread(whitened(before)), spread(whitened(after))];
  const error = a.variance / a.n + b.variance / b.n;
  const difference = b.mean - a.mean;
  const base = { at: cut, before: spread(before).mean, after: spread(after).mean };
  // Repeatable builds give the same figure every night: then any other figure is a change.
  if (error === 0) return { ...base, p: difference === 0 ? 1 : 0 };
  const freedom = error ** 2 / ((a.variance / a.n) ** 2 / (a.n - 1) + (b.variance / b.n) ** 2 / (b.n - 1));
  return { ...base, p: 2 * studentUpperTail(Math.abs(difference) / Math.sqrt(error), freedom) };
}

function spread(values: readonly number[]) {
  const n = values.length;
  if (values.every((value) => value === values[0])) return { n, mean: values[0]!, variance: 0 };
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return { n, mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) };
}
