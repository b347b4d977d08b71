import { normalQuantile, normalUpperTail } from './distributions.js';
import type { Interval } from './interval.js';

/** Values that a mean's observations can take. */
export interface Range {
  low: number;
  high: number;
}

/** Units (queries) with what each adds above and below the line of a mean. A unit with 0 below does not take part. */
export interface Observed {
  above: ArrayLike<number>;
  below: ArrayLike<number>;
}

/**
 * Bounds of the mean of bounded observations, each missed with a chance of `miss`: Gaffke's bound (N. Gaffke, "Three
 * test statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative variable", Mathematical Methods
 * of Statistics 14, 2005; Learned-Miller & Thomas, arXiv 1905.06208). The lower one is the `miss` quantile of the mean
 * under Dirichlet(1, …, 1) weights of the observations and of one more at the worst possible value; the upper one
 * likewise with the best: a Bayesian bootstrap that allows for what the sample did not show. Of hits and misses it is
 * Clopper and Pearson's exact bound, so that of n perfect queries it is miss^(1/n), about 1 - 3.7/n for .025; with many
 * queries that vary it comes to that of a t interval. That it holds for every distribution is conjectured, and no
 * counterexample is known; `scripts/coverage.ts` holds it to real recall.
 *
 * The quantile is solved for, not drawn: a weighted sum of exponential variables has a cumulant generating function in
 * closed form, and r* of its saddlepoint gives the tail (Barndorff-Nielsen 1990; Butler, "Saddlepoint approximations
 * with applications", 2007, §1.2), to a relative error of about 1% at n = 2 and less above. So there is no seed.
 *
 * A unit may stand for several observations (`below` counts them): what varies is the unit. The one that was not seen
 * weighs as much as units do on average.
 */
export function meanBounds(observed: Observed, range: Range, miss: number): Interval {
  const sample = new Sample(observed);
  return {
    low: sample.lowerBound(range.low, miss),
    high: -sample.mirrored().lowerBound(-range.high, miss),
  };
}

/**
 * One-sided p of a mean this low if the true one were `least` or more: the chance that the mean under those weights, with
 * one more unit at the best value `high`, is as much. At most `miss` just where `meanBounds(…, miss).high` is at most
 * `least`.
 */
export function lossTail(observed: Observed, high: number, least = 0): number {
  return new Sample(observed).mirrored().tailAt(0 - least, -high);
}

/** Number of units of which the best possible ones, all alike, would show a mean of at least `limit`. */
export function fewestUnits({ low, high }: Range, limit: number, miss: number): number {
  const share = (high - limit) / (high - low);
  if (share <= 0) return Number.POSITIVE_INFINITY;
  return share >= 1 ? 1 : Math.ceil(Math.log(miss) / Math.log1p(-share) - 1e-9);
}

/** Equal units together: recall has few different values, whatever the number of queries. */
class Sample {
  readonly #above: Float64Array;
  readonly #below: Float64Array;
  readonly #times: Float64Array;
  readonly #units: number;
  readonly #mean: number;
  /** Of the unit that was not seen. */
  readonly #typical: number;
  /** Where the last saddlepoint was: the next one is near. */
  #saddle = 0;

  constructor(observed: Observed);
  constructor(above: Float64Array, below: Float64Array, times: Float64Array);
  constructor(first: Observed | Float64Array, below?: Float64Array, times?: Float64Array) {
    const classes =
      first instanceof Float64Array ? { above: first, below: below!, times: times! } : classesOf(first);
    [this.#above, this.#below, this.#times] = [classes.above, classes.below, classes.times];
    let [units, sum, weight] = [0, 0, 0];
    for (let j = 0; j < this.#times.length; j++) {
      units += this.#times[j]!;
      sum += this.#times[j]! * this.#above[j]!;
      weight += this.#times[j]! * this.#below[j]!;
    }
    this.#units = units;
    this.#mean = sum / weight;
    this.#typical = weight / units;
  }

  /** With all values negated: its lower bound is the negated upper one. */
  mirrored(): Sample {
    return new Sample(
      this.#above.map((value) => 0 - value),
      this.#below,
      this.#times,
    );
  }

  /** The c with P(mean under the weights <= c) = miss; `worst` is the value of the unit that was not seen. */
  lowerBound(worst: number, miss: number): number {
    const mean = this.#mean;
    if (!(mean > worst)) return worst;
    // One class: the weight of the unit that was not seen is Beta(1, n).
    if (this.#times.length === 1) return mean - (mean - worst) * (1 - miss ** (1 / this.#units));
    const z = normalQuantile(miss);
    const error = this.#error();
    let [from, to] = [worst, mean];
    let c = clamp(mean + z * error - (mean - worst) / (this.#units + 1), from, to);
    let [before, valueBefore] = [Number.NaN, Number.NaN];
    for (let step = 0; step < 60; step++) {
      const value = this.#rStar(c, worst) - z;
      if (value < 0) from = c;
      else to = c;
      const slope = Number.isNaN(before) ? 1 / error : (value - valueBefore) / (c - before);
      [before, valueBefore] = [c, value];
      const next = clamp(c - value / slope, from, to);
      if (Math.abs(next - c) <= PRECISION * (mean - worst)) return next;
      c = next;
    }
    return c;
  }

  /** P(mean under the weights <= c). */
  tailAt(c: number, worst: number): number {
    if (worst >= c) return 0;
    if (this.#mean <= c) return 1;
    if (this.#times.length === 1) return ((c - worst) / (this.#mean - worst)) ** this.#units;
    return 1 - normalUpperTail(this.#rStar(c, worst));
  }

  /** Standard error of the mean, the ratio linearised. */
  #error(): number {
    let squares = 0;
    for (let j = 0; j < this.#times.length; j++)
      squares += this.#times[j]! * (this.#above[j]! - this.#mean * this.#below[j]!) ** 2;
    return Math.sqrt(squares) / (this.#units * this.#typical);
  }

  /**
   * r* of P(sum of a_j G_j <= 0), G_j ~ Gamma(times_j), a_j = above_j - c below_j, with the unit that was not seen: a normal
   * quantile of that chance. K(t) = -sum of times_j log(1 - t a_j); K'(t) = 0 at the saddlepoint.
   */
  #rStar(c: number, worst: number): number {
    const a = this.#above.map((above, j) => above - c * this.#below[j]!);
    const unseen = (worst - c) * this.#typical;
    const times = this.#times;
    let [least, most] = [unseen, unseen];
    for (const each of a) {
      least = Math.min(least, each);
      most = Math.max(most, each);
    }
    let [from, to] = [1 / least, 1 / most];
    let t = this.#saddle > from && this.#saddle < to ? this.#saddle : 0;
    let second = 0;
    for (let step = 0; step < 100; step++) {
      let share = unseen / (1 - t * unseen);
      let first = share;
      second = share * share;
      for (let j = 0; j < a.length; j++) {
        share = a[j]! / (1 - t * a[j]!);
        first += times[j]! * share;
        second += times[j]! * share * share;
      }
      if (first < 0) from = t;
      else to = t;
      const newton = t - first / second;
      const next = newton > from && newton < to ? newton : (from + to) / 2;
      if (Math.abs(next - t) <= PRECISION * Math.abs(next)) break;
      t = next;
    }
    this.#saddle = t;
    let k = -Math.log1p(-t * unseen);
    for (let j = 0; j < a.length; j++) k -= times[j]! * Math.log1p(-t * a[j]!);
    // P(T <= 0) is small where the mean of T is above 0: then t is negative, and so is w.
    const w = Math.sign(t) * Math.sqrt(Math.max(0, -2 * k));
    const u = t * Math.sqrt(second);
    return Math.abs(w) < 1e-4 ? w : w + Math.log(u / w) / w;
  }
}

/** Relative; far below what the approximation is off by. */
const PRECISION = 1e-8;

/** Strictly inside, so that a bracket always shrinks. */
function clamp(value: number, from: number, to: number): number {
  return value > from && value < to ? value : (from + to) / 2;
}

function classesOf({ above, below }: Observed) {
  const classes = new Map<number, Class[]>();
  for (let u = 0; u < above.length; u++) {
    const [a, b] = [above[u]!, below[u]!];
    if (!(b > 0)) continue;
    const same = classes.get(a);
    const known = same?.find((each) => each.below === b);
    if (known !== undefined) known.times++;
    else if (same !== undefined) same.push({ above: a, below: b, times: 1 });
    else classes.set(a, [{ above: a, below: b, times: 1 }]);
  }
  const flat = [...classes.values()].flat();
  return {
    above: Float64Array.from(flat, (each) => each.above),
    below: Float64Array.from(flat, (each) => each.below),
    times: Float64Array.from(flat, ({ times }) => times),
  };
}

interface Class {
  above: number;
  below: number;
  times: number;
}
