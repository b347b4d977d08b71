import type { Strategy } from './sequential.js';

/**
 * Has a distribution changed? Each value gets the rank that it has among all before it, as a share with ties broken at
 * random (a conformal p-value). As long as values could as well have come in any other order, these are independent and
 * uniform (Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World", 2022, theorem 11.1), whatever they are
 * distributed like: no reference and no shape is assumed. Bets against uniformity are evidence of a change.
 */

/** A value's bin is a function of the value alone that was fixed before it came, so ranks of bins serve as those of values. */
const BINS = 256;
/** The first values fix the bins, and are no evidence. */
const FIRST = 32;

/** Counts of values, bounded whatever their number. */
export interface Ranks {
  /** Values that fix the bins, as long as there are too few. */
  first: number[];
  /** Ends of the bins; values beyond are in the first and last one. */
  low: number;
  high: number;
  counts: number[];
  n: number;
}

export function noRanks(): Ranks {
  return { first: [], low: 0, high: 0, counts: [], n: 0 };
}

/**
 * @param tie uniform in [0, 1), independent of everything
 * @returns the p-value; undefined while the bins are being fixed
 */
export function rankOf(ranks: Ranks, value: number, tie: number): number | undefined {
  if (ranks.counts.length === 0) {
    ranks.first.push(value);
    if (ranks.first.length === FIRST) fixBins(ranks);
    return undefined;
  }
  const bin = binOf(ranks, value);
  ranks.counts[bin]!++;
  ranks.n++;
  let below = 0;
  for (let i = 0; i < bin; i++) below += ranks.counts[i]!;
  return (below + tie * ranks.counts[bin]!) / ranks.n;
}

function fixBins(ranks: Ranks): void {
  const [least, most] = [Math.min(...ranks.first), Math.max(...ranks.first)];
  const span = most > least ? most - least : Math.max(Math.abs(most), 1) * 1e-6;
  [ranks.low, ranks.high] = [least - span, most + span];
  ranks.counts = new Array<number>(BINS).fill(0);
  ranks.first = [];
}

export function binOf({ low, high, counts }: Pick<Ranks, 'low' | 'high' | 'counts'>, value: number): number {
  const at = Math.floor(((value - low) / (high - low)) * counts.length);
  return Math.min(counts.length - 1, Math.max(0, at));
}

/** Share of its wealth that a gambler has in each kind of bet. */
export type Jumper = number[];

/** Kinds of bets: nothing, ranks are too low or too high, values have moved outwards or inwards. Each has mean 1. */
const KINDS: readonly ((p: number) => number)[] = [
  () => 1,
  (p) => 1 + (p - 0.5),
  (p) => 1 - (p - 0.5),
  (p) => 1 + 1.9 * (p - 0.5),
  (p) => 1 - 1.9 * (p - 0.5),
  (p) => 1 + 0.9 * (12 * (p - 0.5) ** 2 - 1),
  (p) => 1 - 0.45 * (12 * (p - 0.5) ** 2 - 1),
];
const JUMP = 0.01;

/** The simple jumper (Vovk et al., "Retrain or not retrain: conformal test martingales for change-point detection", COPA 2021). */
export const jumperBets: Strategy<Jumper> = {
  fresh: () => KINDS.map(() => 1 / KINDS.length),
  bet(shares, p) {
    let sum = 0;
    for (let i = 0; i < shares.length; i++) {
      shares[i] = ((1 - JUMP) * shares[i]! + JUMP / KINDS.length) * KINDS[i]!(p);
      sum += shares[i]!;
    }
    for (let i = 0; i < shares.length; i++) shares[i]! /= sum;
    return sum;
  },
};

/** Largest distance of the cumulative shares of two counts (Kolmogorov and Smirnov); undefined where one is empty. */
export function distance(a: readonly number[], b: readonly number[]): number | undefined {
  const [inA, inB] = [total(a), total(b)];
  if (inA === 0 || inB === 0) return undefined;
  let [sumA, sumB, most] = [0, 0, 0];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    sumA += a[i] ?? 0;
    sumB += b[i] ?? 0;
    most = Math.max(most, Math.abs(sumA / inA - sumB / inB));
  }
  return most;
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, each) => sum + each, 0);
}
