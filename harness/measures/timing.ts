import { PERCENTILES } from '../model/measures/speed.js';
import type { Measures } from '../model/results.js';
import type { Samples } from '../model/samples.js';
import { bootstrapQuantiles, type ResamplePlan } from './bootstrap.js';
import type { Figure } from './figures.js';
import { quantile } from './quantile.js';
import { argsort } from './sorting.js';
import { type Units, wasAnswered } from './units.js';

/**
 * The percentiles of latency (ms, from sent to answered, answered samples only), with intervals from a bootstrap over
 * queries. A percentile is absent where there are too few samples for it.
 */
export function percentilesOf(samples: Samples, units: Units, plan: ResamplePlan): Measures {
  const answered = answeredSamples(samples);
  const times = Float64Array.from(answered, (i) => samples.answered[i]! - samples.sent[i]!);
  const order = argsort(times);
  const sorted = Float64Array.from(order, (i) => times[i]!);
  const unitOf = Int32Array.from(order, (i) => units.unitOf[answered[i]!]!);
  const wanted = PERCENTILES.filter(({ minimum }) => answered.length >= minimum);
  const shares = wanted.map(({ p }) => p);
  const intervals = bootstrapQuantiles(plan, sorted, unitOf, shares);
  const measures: Measures = {};
  wanted.forEach(({ name, p }, i) => {
    const [value, interval] = [quantile(sorted, p)!, intervals[i]];
    const ends = { low: interval?.low ?? null, high: interval?.high ?? null };
    measures[`latency.${name}`] = { value, ...ends, n: sorted.length };
  });
  return measures;
}

/**
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
    latency[unit] = latency[unit]! + samples.answered[i]! - samples.sent[i]!;
    answered[unit] = answered[unit]! + 1;
    n++;
  }
  if (n === 0) return [];
  const mean = { name: 'latency.mean', numerators: latency, denominators: answered, n };
  // A clock too coarse to see any time pass has measured no throughput.
  if (seconds.every((value) => value === 0)) return [mean];
  return [mean, { name: 'throughput', numerators: answered, denominators: seconds, n }];
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
