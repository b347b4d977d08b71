import type { Workload } from '../model/plan.js';
import type { Measure, Measures } from '../model/results.js';
import { isOpenLoop } from '../model/workload.js';
import { Latencies } from './latencies.js';
import type { LoadPass, LoadTimes } from './load-times.js';
import { intervalOfPasses } from './passes.js';

/** Least queries behind a 99th percentile. */
const LEAST = 100;
/** Of the latency's p99, above which the client's own lateness is part of the figure. */
const LATE = 0.1;
/** Of the cores of the threads that send, above which they are what limits. */
const BUSY_CLIENT = 0.8;
/** Of the offered rate, below which an open loop has not reached it. */
const REACHED = 0.98;

/**
 * What a load says beside latency and throughput.
 *
 * @param timing `latency.p99` (ms) and `throughput` (queries/s) of the same samples
 * @param clientCores undefined where that was not measured
 */
export function loadMeasures(
  times: LoadTimes,
  workload: Workload,
  timing: Measures,
  clientCores: number | undefined,
): { measures: Measures; flags: string[] } {
  const passes = times.passes();
  const open = isOpenLoop(workload);
  const lags = lagsOf(passes);
  const lag = lags === undefined || lags.free.count < LEAST ? undefined : lags.free.quantile(0.99);
  const offered = open ? figure(passes, offeredOf, mean) : undefined;
  const one = (value: number | undefined, n: number): Measure | undefined =>
    value === undefined ? undefined : { value, low: null, high: null, n };
  const measures: Record<string, Measure | undefined> = {
    'load.offered': offered,
    'load.inFlight': figure(passes, inFlightOf, mean),
    'load.queued': lags && one(lags.queued / times.samples, times.samples),
    'load.sendLag.p99': one(lag, lags?.free.count ?? 0),
    'client.cores': one(clientCores, 1),
    ...errorCounts(times),
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

function figure(
  passes: readonly LoadPass[],
  of: (pass: LoadPass) => number | undefined,
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
function offeredOf({ samples, due: { first, last } }: LoadPass): number | undefined {
  return last > first ? ((samples - 1) * 1000) / (last - first) : undefined;
}

const inFlightOf = ({ inside, seconds }: LoadPass): number | undefined =>
  seconds > 0 ? inside / (1000 * seconds) : undefined;

/** Of all passes of an open loop. */
function lagsOf(passes: readonly LoadPass[]): { free: Latencies; queued: number } | undefined {
  const lags = passes.flatMap((pass) => pass.lags ?? []);
  if (lags.length === 0) return undefined;
  return {
    free: Latencies.joined(lags.map(({ free }) => free)),
    queued: lags.reduce((sum, { queued }) => sum + queued, 0),
  };
}

/**
 * What a million queries of a load take, from its `throughput` (queries/s), of which each end of the interval gives the
 * other one.
 *
 * @param cores that the engine used, and price of an hour; undefined where unknown
 */
export function perMillion(
  throughput: Measure | undefined,
  { cores, perHour }: { cores: number | undefined; perHour: number | undefined },
): Measures {
  if (throughput === undefined) return {};
  const { value, low, high, n } = throughput;
  const of = (perSecond: number): Measure => ({
    value: (perSecond * 1e6) / value,
    low: high === null ? null : (perSecond * 1e6) / high,
    high: low === null || low <= 0 ? null : (perSecond * 1e6) / low,
    n,
  });
  return {
    ...(cores !== undefined && { 'cpu.perMillion': of(cores) }),
    ...(perHour !== undefined && { 'price.perMillion': of(perHour / 3600) }),
  };
}

function errorCounts({ errors, samples }: LoadTimes): Measures {
  return Object.fromEntries(
    [...errors].map(([kind, value]) => [`errors.${kind}`, { value, low: null, high: null, n: samples }]),
  );
}
