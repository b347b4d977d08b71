import { PERCENTILES } from '../model/measures/speed.js';
import type { Measure, Measures } from '../model/results.js';
import type { Samples } from '../model/samples.js';
import { studentQuantile } from './distributions.js';
import { quantile } from './quantile.js';
import type { TimedPass } from './timing.js';
import { wasAnswered } from './units.js';

/** Pairs of builds from which on their scatter is known well enough for an interval. */
export const LEAST_PAIRS = 3;

/**
 * Median latency (ms) of the answered queries of a trial, or of some of them; undefined: none was answered. A mean would
 * be one of the few queries that the system took the processor away from.
 */
export function medianLatency(samples: Samples, queries?: ReadonlySet<number>): number | undefined {
  const times: number[] = [];
  for (let i = 0; i < samples.length; i++) {
    if (!wasAnswered(samples, i) || queries?.has(samples.query[i]!) === false) continue;
    times.push(samples.answered[i]! - samples.due[i]!);
  }
  const median = quantile(Float64Array.from(times).sort(), 0.5);
  return median !== undefined && median > 0 ? median : undefined;
}

/**
 * Ratios of throughput and of the 99th percentile of latency (candidate / reference), from pairs of blocks as in
 * `latencyRatio`. Pure.
 *
 * @param pairs passes [reference, candidate], or all passes of two builds as one each
 */
export function speedRatios(pairs: readonly (readonly [TimedPass, TimedPass])[]): Measures {
  const of = (figure: (pass: TimedPass) => number | undefined): Measure | undefined =>
    latencyRatio(
      pairs.flatMap((pair) => {
        const [a, b] = pair.map(figure);
        return a === undefined || b === undefined || a <= 0 || b <= 0 ? [] : [[a, b] as const];
      }),
    );
  const throughput = of(({ latencies, seconds }) => (seconds > 0 ? latencies.count / seconds : undefined));
  const p99 = of(({ latencies }) => (latencies.count < LEAST_ANSWERS ? undefined : latencies.quantile(0.99)));
  return {
    ...(throughput && { 'parity.throughput': throughput }),
    ...(p99 && { 'parity.latency.p99': p99 }),
  };
}

/** Of a block, below which it has no 99th percentile. */
const LEAST_ANSWERS = PERCENTILES.find(({ name }) => name === 'p99')!.minimum;

/**
 * Ratio of two latencies from pairs of builds that were measured close to each other: geometric mean, with a 95% interval
 * by Student's t over the pairs. The pair is the unit: queries of one build share what the machine did meanwhile, so that
 * an interval over them would be far too narrow. With fewer pairs there is none. Pure.
 *
 * @param pairs median latencies [reference, candidate]
 */
export function latencyRatio(pairs: readonly (readonly [number, number])[]): Measure | undefined {
  const n = pairs.length;
  if (n === 0) return undefined;
  const logs = pairs.map(([reference, candidate]) => Math.log(candidate / reference));
  const mean = logs.reduce((sum, each) => sum + each, 0) / n;
  const value = Math.exp(mean);
  if (n < LEAST_PAIRS) return { value, low: null, high: null, n };
  const variance = logs.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (n - 1);
  const half = studentQuantile(0.975, n - 1) * Math.sqrt(variance / n);
  return { value, low: Math.exp(mean - half), high: Math.exp(mean + half), n };
}
