import { PERCENTILES } from '../model/measures/speed.js';
import type { Measures } from '../model/results.js';
import type { Samples } from '../model/samples.js';
import { bootstrapQuantiles, type ResamplePlan } from './bootstrap.js';
import { type Figure, sum } from './figures.js';
import { quantile } from './quantile.js';
import { argsort } from './sorting.js';
import { type Units, wasAnswered } from './units.js';

/**
 * The percentiles of latency (ms, from due to answered, answered samples only; a client that waits for each answer sends
 * when a query is due), with intervals from a bootstrap over queries. A percentile is absent where there are too few
 * samples for it.
 *
 * @param plan absent: no intervals. Queries that were on their way together share what delayed them, so that resampling
 *   them one by one would make intervals that are far too narrow.
 */
export function percentilesOf(samples: Samples, units: Units, plan: ResamplePlan | undefined): Measures {
  const answered = answeredSamples(samples);
  const times = Float64Array.from(answered, (i) => samples.answered[i]! - samples.due[i]!);
  const order = argsort(times);
  const sorted = Float64Array.from(order, (i) => times[i]!);
  const unitOf = Int32Array.from(order, (i) => units.unitOf[answered[i]!]!);
  const wanted = PERCENTILES.filter(({ minimum }) => answered.length >= minimum);
  const shares = wanted.map(({ p }) => p);
  const intervals = plan === undefined ? [] : bootstrapQuantiles(plan, sorted, unitOf, shares);
  const measures: Measures = {};
  wanted.forEach(({ name, p }, i) => {
    const [value, interval] = [quantile(sorted, p)!, intervals[i]];
    const ends = { low: interval?.low ?? null, high: interval?.high ?? null };
    measures[`latency.${name}`] = { value, ...ends, n: sorted.length };
  });
  return measures;
}

/**
 * Of one client that waits for each answer (`serial`).
 *
 * latency.mean: as the percentiles, over answered samples.
 *
 * throughput (queries/s): answered queries over the wall-clock time of the closed loop, which holds everything the
 * client did between two sends. A query's share of that time runs from its own send to the next one of the same
 * repetition, for the last one to its answer. Failed queries take time but do not count as answered.
 */
export function timingFigures(samples: Samples, units: Units): Figure[] {
  const cycles = cycleTimes(samples);
  const latency = new Float64Array(units.count);
  const answered = new Float64Array(units.count);
  const seconds = new Float64Array(units.count);
  let n = 0;
  for (let i = 0; i < samples.length; i++) {
    const unit = units.unitOf[i]!;
    seconds[unit] = seconds[unit]! + cycles[i]! / 1000;
    if (!wasAnswered(samples, i)) continue;
    latency[unit] = latency[unit]! + samples.answered[i]! - samples.due[i]!;
    answered[unit] = answered[unit]! + 1;
    n++;
  }
  if (n === 0) return [];
  const mean = { name: 'latency.mean', numerators: latency, denominators: answered, n };
  // A clock too coarse to see any time pass has measured no throughput.
  if (seconds.every((value) => value === 0)) return [mean];
  return [mean, { name: 'throughput', numerators: answered, denominators: seconds, n }];
}

/**
 * Of any other workload, where queries are on their way together. Without intervals, as for the percentiles.
 *
 * latency.mean: as the percentiles, over answered samples.
 *
 * throughput (queries/s): answered queries over the wall-clock time of the passes, each from its first query sent to its
 * last answer.
 */
export function pooledTiming(samples: Samples): Measures {
  const answered = answeredSamples(samples);
  const n = answered.length;
  if (n === 0) return {};
  const alone = (value: number) => ({ value, low: null, high: null, n });
  const times = Float64Array.from(answered, (i) => samples.answered[i]! - samples.due[i]!);
  const mean = { 'latency.mean': alone(sum(times) / n) };
  const seconds = wallSeconds(samples);
  return seconds > 0 ? { ...mean, throughput: alone(n / seconds) } : mean;
}

/** Seconds from the first query sent to the last answer, added up over the repetitions. */
function wallSeconds({ length, repetition, sent, answered }: Samples): number {
  const spans = new Map<number, { first: number; last: number }>();
  for (let i = 0; i < length; i++) {
    // The time of a failure that ended a pass may be unknown.
    const end = Number.isFinite(answered[i]!) ? answered[i]! : sent[i]!;
    const span = spans.get(repetition[i]!);
    if (span === undefined) spans.set(repetition[i]!, { first: sent[i]!, last: end });
    else {
      span.first = Math.min(span.first, sent[i]!);
      span.last = Math.max(span.last, end);
    }
  }
  return [...spans.values()].reduce((total, { first, last }) => total + (last - first) / 1000, 0);
}

/** Milliseconds of the closed loop that each sample took up. */
function cycleTimes(samples: Samples): Float64Array {
  const order = inOrderOfSending(samples);
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

/** By repetition, then time of sending: the order in which samples are recorded, as a rule. */
function inOrderOfSending({ length, repetition, sent }: Samples): Int32Array {
  const order = Int32Array.from({ length }, (_, i) => i);
  const compare = (a: number, b: number): number => repetition[a]! - repetition[b]! || sent[a]! - sent[b]!;
  const sorted = order.every((i) => i === 0 || compare(i - 1, i) <= 0);
  return sorted ? order : order.sort(compare);
}

function answeredSamples(samples: Samples): Int32Array {
  const all = Int32Array.from({ length: samples.length }, (_, i) => i);
  return all.filter((i) => wasAnswered(samples, i));
}
