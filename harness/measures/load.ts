import { LOAD_ERROR_KINDS, type LoadErrorKind, loadErrorKind } from '../model/load-errors.js';
import type { Workload } from '../model/plan.js';
import type { Measure, Measures } from '../model/results.js';
import type { Samples } from '../model/samples.js';
import { isOpenLoop, isSerial } from '../model/workload.js';
import { intervalOfPasses } from './passes.js';
import { quantile } from './quantile.js';

/** Least queries behind a 99th percentile. */
const LEAST = 100;
/** Of the latency's p99, above which the client's own lateness is part of the figure. */
const LATE = 0.1;
/** Of the cores of the threads that send, above which they are what limits. */
const BUSY_CLIENT = 0.8;
/** Of the offered rate, below which an open loop has not reached it. */
const REACHED = 0.98;

/**
 * What a load says beside latency and throughput; nothing of a serial workload.
 *
 * @param timing `latency.p99` (ms) and `throughput` (queries/s) of the same samples
 * @param clientCores undefined where that was not measured
 */
export function loadMeasures(
  samples: Samples,
  workload: Workload,
  timing: Measures,
  clientCores: number | undefined,
): { measures: Measures; flags: string[] } {
  if (isSerial(workload)) return { measures: {}, flags: [] };
  const passes = byPass(samples);
  const open = isOpenLoop(workload);
  const lags = open ? lagsOf(samples, passes, Number(workload.options['inFlight'])) : undefined;
  const lag = lags === undefined || lags.free.length < LEAST ? undefined : quantile(lags.free, 0.99);
  const offered = open ? figure(passes, (pass) => offeredOf(samples, pass), mean) : undefined;
  const one = (value: number | undefined, n: number): Measure | undefined =>
    value === undefined ? undefined : { value, low: null, high: null, n };
  const measures: Record<string, Measure | undefined> = {
    'load.offered': offered,
    'load.inFlight': figure(passes, (pass) => inFlightOf(samples, pass), mean),
    'load.queued': lags && one(lags.queued / samples.length, samples.length),
    'load.sendLag.p99': one(lag, lags?.free.length ?? 0),
    'client.cores': one(clientCores, 1),
    ...errorCounts(samples),
  };
  const threads = Number(workload.options['threads'] ?? 1);
  const p99 = timing['latency.p99']?.value;
  const throughput = timing['throughput']?.value;
  const flags = [
    ...(lag !== undefined && p99 !== undefined && lag > LATE * p99 ? ['late-client'] : []),
    ...((clientCores ?? 0) > BUSY_CLIENT * threads ? ['busy-client'] : []),
    ...(offered !== undefined && (throughput ?? 0) < REACHED * offered.value ? ['rate-not-reached'] : []),
  ];
  const present = Object.entries(measures).filter(
    (entry): entry is [string, Measure] => entry[1] !== undefined,
  );
  return { measures: Object.fromEntries(present), flags };
}

/** Sample numbers by pass, in the order of passes. */
function byPass({ length, repetition }: Samples): number[][] {
  const passes = new Map<number, number[]>();
  for (let i = 0; i < length; i++) {
    const pass = passes.get(repetition[i]!);
    if (pass === undefined) passes.set(repetition[i]!, [i]);
    else pass.push(i);
  }
  return [...passes].sort(([a], [b]) => a - b).map(([, samples]) => samples);
}

function figure(
  passes: readonly number[][],
  of: (pass: readonly number[]) => number | undefined,
  together: (values: readonly number[]) => number,
): Measure | undefined {
  const single = passes.map(of);
  const known = single.filter((each) => each !== undefined);
  if (known.length === 0) return undefined;
  const value = together(known);
  const interval = intervalOfPasses(single, value);
  return { value, low: interval?.low ?? null, high: interval?.high ?? null, n: passes.length };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;

/** n arrivals have n - 1 gaps between them. */
function offeredOf({ due }: Samples, pass: readonly number[]): number | undefined {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const i of pass) {
    first = Math.min(first, due[i]!);
    last = Math.max(last, due[i]!);
  }
  return last > first ? ((pass.length - 1) * 1000) / (last - first) : undefined;
}

function inFlightOf({ sent, answered }: Samples, pass: readonly number[]): number | undefined {
  let [first, last, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const i of pass) {
    first = Math.min(first, sent[i]!);
    last = Math.max(last, answered[i]!);
    sum += answered[i]! - sent[i]!;
  }
  return last > first ? sum / (last - first) : undefined;
}

/**
 * Times from due to sent of the queries that found a free place when they were due, ascending, and how many found none: as
 * many earlier ones were on their way then as there are places, or waited.
 */
function lagsOf(samples: Samples, passes: readonly number[][], places: number) {
  const { due, sent, answered, error } = samples;
  const free: number[] = [];
  let queued = 0;
  for (const pass of passes) {
    // In the order of due times, which is that of sending.
    const order = [...pass].sort((a, b) => due[a]! - due[b]!);
    const ends = Float64Array.from(order, (i) => answered[i]!).sort();
    const taken = overlaps(samples, pass) ? places : 1;
    let answeredBefore = 0;
    for (const [before, i] of order.entries()) {
      while (answeredBefore < ends.length && ends[answeredBefore]! <= due[i]!) answeredBefore++;
      const unsent = error[i] !== null && loadErrorKind(error[i]!) === 'unsent';
      if (unsent || before - answeredBefore >= taken) queued++;
      else free.push(sent[i]! - due[i]!);
    }
  }
  return { free: Float64Array.from(free).sort(), queued };
}

/**
 * Whether two queries of a pass were ever on their way together. If none were, one was due while another was on its way
 * only where the engine blocks the process: it had one place, however many the workload gives.
 */
function overlaps({ sent, answered }: Samples, pass: readonly number[]): boolean {
  const order = [...pass].sort((a, b) => sent[a]! - sent[b]!);
  return order.some((i, at) => at > 0 && sent[i]! < answered[order[at - 1]!]!);
}

function errorCounts({ length, error }: Samples): Measures {
  const counts = new Map<LoadErrorKind, number>(LOAD_ERROR_KINDS.map((kind) => [kind, 0]));
  for (let i = 0; i < length; i++) {
    if (error[i] === null) continue;
    const kind = loadErrorKind(error[i]!);
    counts.set(kind, counts.get(kind)! + 1);
  }
  return Object.fromEntries(
    [...counts].map(([kind, value]) => [`errors.${kind}`, { value, low: null, high: null, n: length }]),
  );
}
