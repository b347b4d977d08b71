import { PERCENTILES } from '../model/measures/speed.js';
import type { Measure, Measures } from '../model/results.js';
import type { Samples } from '../model/samples.js';
import { sum } from './figures.js';
import { intervalOfPasses } from './passes.js';
import { quantile } from './quantile.js';
import { wasAnswered } from './units.js';

/** What the samples of one pass (repetition) say of time. */
interface Pass {
  /** ms from due to answered of the answered samples, ascending. */
  latencies: Float64Array;
  /** From the first query sent to the last answer. */
  seconds: number;
}

/**
 * Throughput and latency. The value is that of all passes together, the interval that of its values in the single passes
 * ({@link intervalOfPasses}), for every workload.
 *
 * latency.mean, latency.p50 … (ms): over answered samples, from due to answered (a client that waits for each answer sends
 * when a query is due). A percentile is absent where there are too few samples for it, and its interval where a pass has too few.
 *
 * throughput (queries/s): answered queries over the wall-clock time of the passes, which holds everything the client did
 * between its first query sent and its last answer. Failed queries take time but do not count as answered.
 */
export function timingMeasures(samples: Samples): Measures {
  const passes = passesOf(samples);
  const sorted = mergedLatencies(passes);
  const n = sorted.length;
  if (n === 0) return {};
  const figure = (value: number, of: (pass: Pass) => number | undefined): Measure => {
    const interval = intervalOfPasses(passes.map(of), value);
    return { value, low: interval?.low ?? null, high: interval?.high ?? null, n };
  };
  const measures: Measures = {
    'latency.mean': figure(meanOf(sorted)!, ({ latencies }) => meanOf(latencies)),
  };
  const seconds = passes.reduce((total, pass) => total + pass.seconds, 0);
  // A clock too coarse to see any time pass has measured no throughput.
  if (seconds > 0) measures['throughput'] = figure(n / seconds, rateOf);
  for (const { name, p, minimum } of PERCENTILES) {
    if (n < minimum) continue;
    measures[`latency.${name}`] = figure(quantile(sorted, p)!, ({ latencies }) =>
      latencies.length < minimum ? undefined : quantile(latencies, p),
    );
  }
  return measures;
}

const meanOf = (values: Float64Array): number | undefined =>
  values.length === 0 ? undefined : sum(values) / values.length;

const rateOf = ({ latencies, seconds }: Pass): number | undefined =>
  latencies.length === 0 || seconds === 0 ? undefined : latencies.length / seconds;

function passesOf(samples: Samples): Pass[] {
  const { length, repetition, sent, answered, due } = samples;
  const byRepetition = new Map<number, { latencies: number[]; first: number; last: number }>();
  for (let i = 0; i < length; i++) {
    // The time of a failure that ended a pass may be unknown.
    const end = Number.isFinite(answered[i]!) ? answered[i]! : sent[i]!;
    let pass = byRepetition.get(repetition[i]!);
    if (pass === undefined) {
      pass = { latencies: [], first: sent[i]!, last: end };
      byRepetition.set(repetition[i]!, pass);
    }
    pass.first = Math.min(pass.first, sent[i]!);
    pass.last = Math.max(pass.last, end);
    if (wasAnswered(samples, i)) pass.latencies.push(answered[i]! - due[i]!);
  }
  return [...byRepetition.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, { latencies, first, last }]) => ({
      latencies: Float64Array.from(latencies).sort(),
      seconds: (last - first) / 1000,
    }));
}

function mergedLatencies(passes: readonly Pass[]): Float64Array {
  const all = new Float64Array(passes.reduce((total, { latencies }) => total + latencies.length, 0));
  let at = 0;
  for (const { latencies } of passes) {
    all.set(latencies, at);
    at += latencies.length;
  }
  return all.sort();
}
