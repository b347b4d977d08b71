import type { Interval } from './interval.js';
import type { Range } from './mean-bounds.js';
import type { Strategy } from './sequential.js';

/** What a gambler on a mean has seen; values are shares of the range. */
export interface MeanBets {
  n: number;
  sum: number;
  squares: number;
}

/** Of the largest stake that cannot ruin: so much is put at risk at most. */
const MOST_STAKE = 0.75;

/**
 * Bets against "the mean is at least `limit`" (or, with `against: 'at most'`, at most): the wealth grows as values are lower
 * (higher). Values lie in `range`; nothing else is assumed of their distribution, only that each has a mean like this given
 * those before it. The stake is that of approximate GRAPA (Waudby-Smith & Ramdas, "Estimating means of bounded random
 * variables by betting", JRSS B 86, 2024, §5 and appendix B), which is near the one of fastest growth where values lie near
 * the limit, or, where that is more, the best one for values that are only 0 or 1: for every other distribution of the same
 * mean the logarithm grows at least as fast with it, since it is concave.
 */
export function meanBets(
  limit: number,
  { low, high }: Range,
  against: 'at least' | 'at most' = 'at least',
): Strategy<MeanBets> {
  const share = (value: number): number => {
    const of = Math.min(1, Math.max(0, (value - low) / (high - low)));
    return against === 'at least' ? of : 1 - of;
  };
  const m = share(limit);
  return {
    fresh: () => ({ n: 0, sum: 0, squares: 0 }),
    bet(seen, observed) {
      const x = share(observed);
      const mean = (m + seen.sum) / (seen.n + 1);
      const variance =
        (0.25 + Math.max(0, seen.squares - seen.sum ** 2 / Math.max(1, seen.n))) / (seen.n + 1);
      const gap = m - mean;
      // Nothing can be lost where the limit is the highest value: then any lower one refutes it, and 1 is stake enough.
      const most = m < 1 ? MOST_STAKE / (1 - m) : Number.MAX_SAFE_INTEGER;
      const fitting = gap / (variance + gap ** 2);
      const least = m < 1 ? gap / (m * (1 - m)) : 0;
      const stake = Math.min(Math.max(0, fitting, least), most);
      seen.n++;
      seen.sum += x;
      seen.squares += x * x;
      return 1 + stake * (m - x);
    },
  };
}

/** Sums from which an interval of a mean follows at any time. */
export interface MeanSums {
  n: number;
  sum: number;
  /** Of squared distances from the mean before each value, in units of the range. */
  variance: number;
}

export function noSums(): MeanSums {
  return { n: 0, sum: 0, variance: 0 };
}

export function addValue(sums: MeanSums, value: number, { low, high }: Range): void {
  const before = sums.n === 0 ? (low + high) / 2 : sums.sum / sums.n;
  sums.variance += ((value - before) / (high - low)) ** 2;
  sums.sum += value;
  sums.n++;
}

// Howard et al., theorem 1: eta, s and the starting variance of the stitched boundary.
const ETA = 2;
const S = 1.4;
const ZETA_S = 3.105_547_277_877_166;
const K1 = (ETA ** 0.25 + ETA ** -0.25) / Math.SQRT2;
const K2 = (Math.sqrt(ETA) + 1) / 2;

/**
 * A confidence sequence: with a chance of `confidence` it holds the mean at all times at once, so that it may be looked at
 * whenever one likes. The mean is that of the values' own (conditional) means so far: they may change. Empirical Bernstein with
 * a stitched boundary (Howard, Ramdas, McAuliffe & Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences",
 * Annals of Statistics 49, 2021, theorems 1 and 4).
 */
export function confidenceSequence(
  { n, sum, variance }: MeanSums,
  { low, high }: Range,
  confidence = 0.95,
): Interval {
  if (n === 0) return { low, high };
  const v = Math.max(1, variance);
  const l = S * Math.log(Math.log(v) / Math.log(ETA) + 1) + Math.log(ZETA_S) + Math.log(2 / (1 - confidence));
  const bound = Math.sqrt(K1 ** 2 * v * l + K2 ** 2 * l ** 2) + K2 * l;
  const [mean, half] = [sum / n, ((high - low) * bound) / n];
  return { low: Math.max(low, mean - half), high: Math.min(high, mean + half) };
}
