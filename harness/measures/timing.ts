import type { Measures } from '../store/schema.js';
import type { Samples } from '../store/types.js';
import { bootstrapQuantiles, bootstrapRatio, type Interval, type ResamplePlan } from './bootstrap.js';
import { PERCENTILES, quantile } from './quantile.js';
import { argsort } from './sorting.js';
import { type Units, wasAnswered } from './units.js';

/**
 * latency.mean and its percentiles (ms, from sent to answered, answered samples only), with intervals from a
 * bootstrap over queries. A percentile is absent where there are too few samples for it.
 */
export function latencyOf(samples: Samples, units: Units, plan: ResamplePlan): Measures {
  const answered = answeredSamples(samples);
  if (answered.length === 0) return {};
  const times = Float64Array.from(answered, (i) => samples.answered[i]! - samples.sent[i]!);
  const order = argsort(times);
  const sorted = Float64Array.from(order, (i) => times[i]!);
  const unitOf = Int32Array.from(order, (i) => units.unitOf[answered[i]!]!);
  const wanted = PERCENTILES.filter(({ minimum }) => answered.length >= minimum);
  const shares = wanted.map(({ p }) => p);
  const intervals = bootstrapQuantiles(plan, sorted, unitOf, shares);
  const measures: Measures = { 'latency.mean': meanLatency(sorted, unitOf, plan) };
  wanted.forEach(({ name, p }, i) => {
    const value = quantile(sorted, p)!;
    measures[`latency.${name}`] = { value, ...ends(intervals[i]), n: sorted.length };
  });
  return measures;
}

function meanLatency(times: Float64Array, unitOf: Int32Array, plan: ResamplePlan): Measures[string] {
  const sums = new Float64Array(plan.units);
  const counts = new Float64Array(plan.units);
  let sum = 0;
  times.forEach((time, i) => {
    const unit = unitOf[i]!;
    sums[unit] = sums[unit]! + time;
    counts[unit] = counts[unit]! + 1;
    sum += time;
  });
  const interval = bootstrapRatio(plan, sums, counts);
  return { value: sum / times.length, ...ends(interval), n: times.length };
}

/**
 * throughput (queries/s): answered queries over the wall-clock time of the closed loop, which holds everything the
 * client did between two sends. A query's share of that time runs from its own send to the next one of the same
 * repetition, for the last one to its answer. Failed queries take time but do not count as answered.
 */
export function throughputOf(samples: Samples, units: Units, plan: ResamplePlan): Measures {
  const cycles = cycleTimes(samples);
  const seconds = new Float64Array(units.count);
  const done = new Float64Array(units.count);
  let [total, answered] = [0, 0];
  for (let i = 0; i < samples.length; i++) {
    const unit = units.unitOf[i]!;
    const cycle = cycles[i]! / 1000;
    seconds[unit] = seconds[unit]! + cycle;
    total += cycle;
    if (!wasAnswered(samples, i)) continue;
    done[unit] = done[unit]! + 1;
    answered++;
  }
  if (answered === 0 || total <= 0) return {};
  const interval = bootstrapRatio(plan, done, seconds);
  return { throughput: { value: answered / total, ...ends(interval), n: answered } };
}

/** Milliseconds of the closed loop that each sample took up. */
function cycleTimes(samples: Samples): Float64Array {
  const order = Array.from({ length: samples.length }, (_, i) => i).sort(
    (a, b) => samples.repetition[a]! - samples.repetition[b]! || samples.sent[a]! - samples.sent[b]!,
  );
  const cycles = new Float64Array(samples.length);
  order.forEach((i, at) => {
    const next = order[at + 1];
    const sameLoop = next !== undefined && samples.repetition[next] === samples.repetition[i];
    const end = sameLoop ? samples.sent[next]! : samples.answered[i]!;
    // The time of a failure that ended a loop may be unknown.
    cycles[i] = Number.isFinite(end) ? Math.max(0, end - samples.sent[i]!) : 0;
  });
  return cycles;
}

function answeredSamples(samples: Samples): Int32Array {
  const all = Int32Array.from({ length: samples.length }, (_, i) => i);
  return all.filter((i) => wasAnswered(samples, i));
}

function ends(interval: Interval | undefined): { low: number | null; high: number | null } {
  return { low: interval?.low ?? null, high: interval?.high ?? null };
}
