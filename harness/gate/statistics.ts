import { normalQuantile, studentQuantile, studentUpperTail } from '../measures/distributions.js';

/** Chance of a false alarm that each bound and all changes judged together (Holm) are held to. */
export const ALPHA = 0.05;
/**
 * A drop in a group that no gate names is told as undecided only if chance makes one as large among all that is judged
 * together, in at most this share of runs: so many groups have some drop somewhere every night.
 */
export const SUSPECT = 0.2;
/** Fewer queries than this are reported, not gated: a handful of answers decides them. */
export const FEWEST_QUERIES = 200;

/**
 * What a comparison assumes of rebuilds where no side was built more than once: that their error is as if this share
 * of the variance between paired queries were common to all queries of a build. Generous on purpose: between 20 and
 * 24 builds each of four indexes the largest share found was 1/625 (docs/gates.md, Error rates), and a gate that has to
 * guess must not fail by accident.
 */
export const ASSUMED_SHARE = 1 / 500;

/**
 * Weight, in degrees of freedom, of the assumed variance beside the measured one: a few builds often show none at all by
 * chance, and a gate would take that at its word. A moderated variance as in Smyth, "Linear models and empirical Bayes
 * methods" (2004), with the prior fixed instead of fitted. Chosen by an A/A simulation of 100 nights on two poor graphs:
 * with 1, false alarms were 4% (3 builds against 3) and 8% (5 against 5), with 2, 1% and 4%. What the gates then did in
 * 200 nights: docs/gates.md, Error rates.
 */
const PRIOR_DF = 2;

/** A standard error beside that of the queries: of rebuilds, known from few of them (`df`), or assumed. */
export interface Extra {
  error: number;
  df: number;
  from: 'builds' | 'assumed';
}
export const NONE: Extra = { error: 0, df: 1, from: 'builds' };

export function moments(values: ArrayLike<number>): { mean: number; deviation: number } {
  const n = values.length;
  // A constant is told apart from what merely varies little: rounding must not make a spread of none.
  let constant = n > 0;
  for (let i = 1; i < n && constant; i++) constant = values[i] === values[0];
  if (constant) return { mean: values[0]!, deviation: 0 };
  let total = 0;
  for (let i = 0; i < n; i++) total += values[i]!;
  const mean = total / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i]! - mean) ** 2;
  return { mean, deviation: n < 2 ? 0 : Math.sqrt(squares / (n - 1)) };
}

/**
 * One-sided p of a mean this low if the true one were 0: t test, with the degrees of freedom of Welch and Satterthwaite
 * where rebuilds add their own error. 1 or 0 where nothing varies.
 */
export function lossP(
  { n, mean, deviation }: { n: number; mean: number; deviation: number },
  { error, df }: Extra = NONE,
): number {
  if (n < 2) return 1;
  const own = deviation / Math.sqrt(n);
  const all = Math.hypot(own, error);
  if (all === 0) return mean < 0 ? 0 : 1;
  const freedom = error === 0 ? n - 1 : all ** 4 / (own ** 4 / (n - 1) + error ** 4 / df);
  return studentUpperTail(-mean / all, freedom);
}

interface Wanted {
  alpha?: number;
  power?: number;
  /** How far from the mean the value of a query that was not seen may lie, to the side that speaks against the effect. */
  reach?: number;
}

/**
 * Queries needed so that a one-sided test at `alpha` shows a difference `effect` with chance `power`: the n at which
 * (z(1-alpha) + z(power)) deviation / sqrt(n) + reach / n is the effect. Undefined where the effect is 0: then no number
 * decides.
 */
export function queriesNeeded(
  deviation: number,
  effect: number,
  { alpha = ALPHA, power = 0.8, reach = 0 }: Wanted = {},
): number | undefined {
  if (effect === 0) return undefined;
  const size = Math.abs(effect);
  const scatter = (normalQuantile(1 - alpha) + normalQuantile(power)) * deviation;
  const root = (scatter + Math.sqrt(scatter ** 2 + 4 * size * reach)) / (2 * size);
  return Math.max(2, Math.ceil(root ** 2 - 1e-9));
}

/** The smallest effect that `n` queries show: the formula of `queriesNeeded` the other way round. */
export function detectable(
  deviation: number,
  n: number,
  { alpha = ALPHA, power = 0.8, reach = 0 }: Wanted = {},
): number {
  return ((normalQuantile(1 - alpha) + normalQuantile(power)) * deviation) / Math.sqrt(n) + reach / n;
}

/** What is known of a comparison before its result: enough for what it would show. */
export interface Sight {
  /** Independent queries. */
  n: number;
  /** Standard deviation of the differences by query. */
  deviation: number;
  /** Size of one loss of one query ({@link grainOf}): losing adds scatter of its own. */
  grain: number;
  extra: Extra;
}

/**
 * The smallest drop that is shown with chance `power` by a one-sided t test at `alpha`: the drop at which
 * (t(1-alpha) + t(power)) sqrt((deviation^2 + drop grain) / n + rebuilds^2) is the drop itself, with the degrees of freedom
 * of Welch and Satterthwaite. What is lost in pieces of one size adds its own variance, drop times size.
 */
export function smallestSeen(sight: Sight, { alpha = ALPHA, power = 0.8 }: Wanted = {}): number {
  const { n, deviation, grain, extra } = sight;
  const z = quantileSum(sight, alpha, power);
  const linear = (z ** 2 * grain) / n;
  return (linear + Math.sqrt(linear ** 2 + 4 * z ** 2 * (deviation ** 2 / n + extra.error ** 2))) / 2;
}

/** t(1-alpha) + t(power) with the degrees of freedom that such a comparison has. */
export function quantileSum({ n, deviation, extra }: Sight, alpha: number, power: number): number {
  const [own, { error, df }] = [deviation / Math.sqrt(n), extra];
  const all = Math.hypot(own, error);
  const freedom = error === 0 || all === 0 ? n - 1 : all ** 4 / (own ** 4 / (n - 1) + error ** 4 / df);
  const quantile = (p: number) =>
    freedom >= 1 && freedom < 1e6 ? studentQuantile(p, freedom) : normalQuantile(p);
  return quantile(1 - alpha) + quantile(power);
}

/**
 * Size of the pieces in which queries differ: sum of squares over sum of sizes of the differences, which is the variance
 * that losing in such pieces adds for each unit lost. 1, whole queries, where none differs: nothing is known then.
 */
export function grainOf(differences: ArrayLike<number>): number {
  let [squares, sizes] = [0, 0];
  for (let i = 0; i < differences.length; i++) {
    squares += differences[i]! ** 2;
    sizes += Math.abs(differences[i]!);
  }
  return sizes === 0 ? 1 : squares / sizes;
}

/**
 * Standard deviation of a mean between rebuilds beyond what the queries' own scatter explains, never below 0.
 * Undefined for fewer than two builds.
 *
 * @param builds per-query values of the same queries in each build
 */
export function rebuildDeviation(builds: readonly Float64Array[]): number | undefined {
  const excess = rebuildVariance(builds);
  return excess === undefined ? undefined : Math.sqrt(Math.max(0, excess));
}

/** Method of moments: var(means) - mean over builds of (scatter of a build's per-query deviations) / n. May be below 0. */
function rebuildVariance(builds: readonly Float64Array[]): number | undefined {
  const n = builds[0]?.length ?? 0;
  if (builds.length < 2 || n < 2) return undefined;
  const between = moments(builds.map((values) => moments(values).mean)).deviation ** 2;
  return between - scatterWithin(builds) / n;
}

/** Variance of one build's values around what its queries have in common in all builds. */
export function scatterWithin(builds: readonly Float64Array[]): number {
  const centre = averaged(builds);
  const scatter = builds.map(
    (values) => moments(values.map((value, i) => value - centre[i]!)).deviation ** 2,
  );
  return (moments(scatter).mean * builds.length) / (builds.length - 1);
}

/**
 * Standard error, of the difference between two sides' means, that comes from how builds differ as wholes. Estimated
 * from the sides that were built more than once, pooled by their degrees of freedom and moderated by the assumed one.
 * Builds of one side that are the same in every query tell nothing (the engine takes no seed): without others, the
 * error is assumed.
 *
 * @param deviation standard deviation of the differences by query
 */
export function rebuildError(sides: readonly (readonly Float64Array[])[], deviation: number): Extra {
  if (deviation === 0) return NONE;
  const told = sides.filter((builds) => builds.length > 1 && !same(builds));
  const df = told.reduce((sum, builds) => sum + builds.length - 1, 0);
  if (df === 0)
    return { error: deviation * Math.sqrt(ASSUMED_SHARE), df: Number.POSITIVE_INFINITY, from: 'assumed' };
  const variance = told.reduce((sum, builds) => {
    const [measured, own] = [rebuildVariance(builds)!, builds.length - 1];
    const assumed = scatterWithin(builds) * ASSUMED_SHARE;
    return sum + (own / df) * ((PRIOR_DF * assumed + df * measured) / (PRIOR_DF + df));
  }, 0);
  const share = sides.reduce((sum, builds) => sum + 1 / builds.length, 0);
  return { error: Math.sqrt(Math.max(0, variance) * share), df: PRIOR_DF + df, from: 'builds' };
}

function same(builds: readonly Float64Array[]): boolean {
  return builds.every((values) => values.every((value, i) => value === builds[0]![i]!));
}

/** Per-query mean over builds. */
export function averaged(builds: readonly Float64Array[]): Float64Array {
  const first = builds[0]!;
  return builds.length === 1
    ? first
    : first.map((_, i) => builds.reduce((total, values) => total + values[i]!, 0) / builds.length);
}
