import { PERCENTILES } from '../model/measures/speed.js';
import type { Measure, Measures } from '../model/results.js';
import type { Samples } from '../model/samples.js';
import { sum } from './figures.js';
import { choosesSettings, intervalOfPasses } from './passes.js';
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
 * ({@link intervalOfPasses}), for every workload. `split` has it twice, of the passes that choose among settings and of the
 * others ({@link choosesSettings}).
 *
 * latency.mean, latency.p50 … (ms): over answered samples, from due to answered (a client that waits for each answer sends
 * when a query is due). A percentile is absent where there are too few samples for it, and its interval where a pass has too few.
 *
 * throughput (queries/s): answered queries over the wall-clock time of the passes, which holds everything the client did
 * between its first query sent and its last answer. Failed queries take time but do not count as answered.
 */
export function timingMeasures(samples: Samples): Measures {
  const passes = passesOf(samples);
  const parts = [choosesSettings, (pass: number) => !choosesSettings(pass)].map((isMeant) =>
    joined(passes.filter((_, pass) => isMeant(pass))),
  );
  const all = { latencies: merged(parts[0]!.latencies, parts[1]!.latencies), seconds: secondsOf(parts) };
  const n = all.latencies.length;
  if (n === 0) return {};
  const figure = (of: (pass: Pass) => number | undefined): Measure | undefined => {
    const value = of(all);
    if (value === undefined) return undefined;
    const single = passes.map(of);
    const interval = intervalOfPasses(single, value);
    const split = splitOf(parts.map(of), single);
    return { value, low: interval?.low ?? null, high: interval?.high ?? null, n, ...(split && { split }) };
  };
  const figures: [string, Measure | undefined][] = [
    ['latency.mean', figure(({ latencies }) => meanOf(latencies))],
    // A clock too coarse to see any time pass has measured no throughput.
    ['throughput', figure(rateOf)],
    ...PERCENTILES.map(({ name, p, minimum }): [string, Measure | undefined] => [
      `latency.${name}`,
      figure(({ latencies }) => (latencies.length < minimum ? undefined : quantile(latencies, p))),
    ]),
  ];
  return Object.fromEntries(figures.filter((entry): entry is [string, Measure] => entry[1] !== undefined));
}

/** Undefined where one of the two kinds of passes has no such figure. */
function splitOf(
  [chooses, value]: readonly (number | undefined)[],
  single: readonly (number | undefined)[],
): Measure['split'] {
  if (chooses === undefined || value === undefined) return undefined;
  const interval = intervalOfPasses(single, value, (pass) => !choosesSettings(pass));
  return { chooses, value, low: interval?.low ?? null, high: interval?.high ?? null };
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

/** Several passes as one. */
const joined = (passes: readonly Pass[]): Pass => ({
  latencies: mergedAll(passes.map(({ latencies }) => latencies)),
  seconds: secondsOf(passes),
});

function mergedAll(lists: readonly Float64Array[]): Float64Array {
  if (lists.length < 2) return lists[0] ?? new Float64Array(0);
  const middle = lists.length >> 1;
  return merged(mergedAll(lists.slice(0, middle)), mergedAll(lists.slice(middle)));
}

const secondsOf = (passes: readonly Pass[]): number =>
  passes.reduce((total, { seconds }) => total + seconds, 0);

/** Two ascending lists as one: sorting all of it again would take as long as the rest. */
function merged(a: Float64Array, b: Float64Array): Float64Array {
  if (a.length === 0) return b;
  const all = new Float64Array(a.length + b.length);
  for (let i = 0, j = 0, at = 0; at < all.length; at++) {
    all[at] = j === b.length || (i < a.length && a[i]! <= b[j]!) ? a[i++]! : b[j++]!;
  }
  return all;
}
