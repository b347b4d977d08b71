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
 * are taken out again, weakest first. Pure.
 */
export function changePoints(values: readonly number[]): ChangePoint[] {
  if (values.length < FEWEST_VALUES) return [];
  let cuts = splits(values, 0, values.length).toSorted((a, b) => a - b);
  for (;;) {
    const tested = cuts.map((cut, i) => test(values, cuts[i - 1] ?? 0, cut, cuts[i + 1] ?? values.length));
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

function test(values: readonly number[], from: number, cut: number, to: number): ChangePoint {
  const [a, b] = [spread(values.slice(from, cut)), spread(values.slice(cut, to))];
  const error = a.variance / a.n + b.variance / b.n;
  const difference = b.mean - a.mean;
  const base = { at: cut, before: a.mean, after: b.mean };
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
