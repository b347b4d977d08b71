import type { Measure } from '../model/results.js';
import type { Samples } from '../model/samples.js';
import { studentQuantile } from './distributions.js';
import { quantile } from './quantile.js';
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
