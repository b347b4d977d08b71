import { PERCENTILES } from '../model/measures/speed.js';
import type { Measure, Measures } from '../model/results.js';
import type { Samples } from '../model/samples.js';
import { Latencies } from './latencies.js';
import { choosesSettings, intervalOfPasses } from './passes.js';
import { wasAnswered } from './units.js';

/** What the samples of one pass (repetition) say of time. */
export interface TimedPass {
  /** ms from due to answered of the answered samples. */
  latencies: Latencies;
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
  return timingOf(passesOf(samples));
}

/** The same from what is known of each pass, in their order. */
export function timingOf(passes: readonly TimedPass[]): Measures {
  const parts = [choosesSettings, (pass: number) => !choosesSettings(pass)].map((isMeant) =>
    joinedPasses(passes.filter((_, pass) => isMeant(pass))),
  );
  const all = joinedPasses(parts);
  const n = all.latencies.count;
  if (n === 0) return {};
  const figure = (of: (pass: TimedPass) => number | undefined): Measure | undefined => {
    const value = of(all);
    if (value === undefined) return undefined;
    const single = passes.map(of);
    const interval = intervalOfPasses(single, value);
    const split = splitOf(parts.map(of), single);
    return { value, low: interval?.low ?? null, high: interval?.high ?? null, n, ...(split && { split }) };
  };
  const figures: [string, Measure | undefined][] = [
    ['latency.mean', figure(({ latencies }) => latencies.mean)],
    // A clock too coarse to see any time pass has measured no throughput.
    ['throughput', figure(rateOf)],
    ...PERCENTILES.map(({ name, p, minimum }): [string, Measure | undefined] => [
      `latency.${name}`,
      figure(({ latencies }) => (latencies.count < minimum ? undefined : latencies.quantile(p))),
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

const rateOf = ({ latencies, seconds }: TimedPass): number | undefined =>
  latencies.count === 0 || seconds === 0 ? undefined : latencies.count / seconds;

function passesOf(samples: Samples): TimedPass[] {
  return [...passesByNumber(samples).values()];
}

/** Passes by their number, ascending; of some queries, where they are named. */
export function passesByNumber(samples: Samples, queries?: ReadonlySet<number>): Map<number, TimedPass> {
  const { length, repetition, sent, answered, due } = samples;
  const byRepetition = new Map<number, { latencies: number[]; first: number; last: number }>();
  for (let i = 0; i < length; i++) {
    if (queries?.has(samples.query[i]!) === false) continue;
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
  const ordered = [...byRepetition.entries()].sort(([a], [b]) => a - b);
  return new Map(
    ordered.map(([number, { latencies, first, last }]) => [
      number,
      { latencies: new Latencies(Float64Array.from(latencies).sort()), seconds: (last - first) / 1000 },
    ]),
  );
}

/** Several passes as one. */
export const joinedPasses = (passes: readonly TimedPass[]): TimedPass => ({
  latencies: Latencies.joined(passes.map(({ latencies }) => latencies)),
  seconds: passes.reduce((total, { seconds }) => total + seconds, 0),
});
