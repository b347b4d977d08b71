import type { ParameterSet } from '../../../common/parameters.js';
import type { PreparedSearch } from '../../../engines/contract/search.js';
import { quantile } from '../../measures/quantile.js';
import type { LoadFacts } from '../../model/events.js';
import type { Workload } from '../../model/plan.js';
import { changesCollection } from '../../model/workload.js';
import { COUNTERS, type Pass } from '../executors/executor.js';
import { partOf, threadsOf } from '../executors/parts.js';
import { executorOf } from '../executors/registry.js';
import { Waiting } from '../executors/wait.js';
import { type EchoKind, type EchoSize, openEcho } from './echo.js';

const SECONDS = 0.25;
const WARM_UP_SECONDS = 0.1;
/** Bytes of a hit in an answer: JSON, or a protocol of bytes. */
const HIT_BYTES = { http: 40, tcp: 16 };
const ANSWER_BYTES = 100;
const WAITS = 20;
const WAIT_MS = 2.5;

/** What the figures of a load cannot be better than on this machine, with this client. */
export type Calibration = Pick<LoadFacts, 'timer' | 'floor'>;

/** ms for which one holds: a machine that is disturbed a moment later has another floor. */
export const FRESH_MS = 5000;

/** By what they depend on: settings that are sent in the same way one after the other share one. */
const known = new Map<string, { at: number; found: Promise<Calibration> }>();

/**
 * Sends the same load to an echo: the same workload for a moment, with queries and answers of the same size, over a thread
 * of this process on the loopback; without a server, to a function that does nothing. Of several threads, the part of one.
 *
 * @param oldest ms since when one that is known may have been measured
 */
export function calibrate(
  workload: Workload,
  pass: Omit<Pass, 'open' | 'ready' | 'onSpun' | 'onProgress'>,
  oldest = FRESH_MS,
): Promise<Calibration> {
  const kind = kindOf(pass.search);
  const size = sizeOf(kind, pass);
  const options = partial(workload.options, pass);
  // Beside writes, that of the queries alone: an echo keeps no points.
  const type = changesCollection(workload) ? 'constant-rate' : workload.type;
  const key = JSON.stringify([type, options, kind, size]);
  const last = known.get(key);
  if (last !== undefined && performance.now() - last.at < oldest) return last.found;
  const found = measure({ type, options }, kind, size, pass);
  known.set(key, { at: performance.now(), found });
  // Measured anew where it was interrupted.
  found.catch(() => known.delete(key));
  return found;
}

async function measure(
  workload: Workload,
  kind: EchoKind,
  size: EchoSize,
  pass: Omit<Pass, 'open'>,
): Promise<Calibration> {
  const timer = await timerOf(pass.signal);
  const echo = await openEcho(kind, size);
  const opened: PreparedSearch[] = [];
  const open = async () => {
    const search = await echo.open();
    opened.push(search);
    return { search, filters: undefined };
  };
  try {
    const { due, answered, length } = await executorOf(workload).run(
      {
        ...pass,
        ...(await open()),
        open,
        ks: undefined,
        spool: undefined,
        part: undefined,
        concurrent: kind !== 'none',
        several: kind !== 'none',
      },
      workload.options,
    );
    const latencies = Float64Array.from({ length }, (_, i) => answered[i]! - due[i]!).sort();
    const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
    const last = answered.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
    const milliseconds = last - due.reduce((least, each) => Math.min(least, each), last);
    if (p50 === undefined || p99 === undefined || milliseconds <= 0) return { timer };
    return { timer, floor: { over: kind, p50, p99, perSecond: (length * 1000) / milliseconds, n: length } };
  } finally {
    await Promise.all(opened.map((search) => search.close()));
    await echo.close();
  }
}

/** The same for a moment, of one thread's part. */
function partial(options: ParameterSet, { concurrent, several }: Omit<Pass, 'open'>): ParameterSet {
  const of = threadsOf(options, {
    execution: concurrent ? 'concurrent' : 'blocking',
    preparedSearches: several ? 'several' : 'one',
  });
  const { threads: _, count: __, ...rest } = options;
  const part = { index: 0, of, counters: new Int32Array(COUNTERS) };
  const places = ['clients', 'inFlight'].filter((key) => key in rest);
  const rates = ['rate', 'from', 'to'].filter((key) => key in rest);
  return {
    ...rest,
    ...Object.fromEntries(places.map((key) => [key, partOf(Number(rest[key]), part)])),
    ...Object.fromEntries(rates.map((key) => [key, Number(rest[key]) / of])),
    seconds: SECONDS,
    warmUp: WARM_UP_SECONDS,
  };
}

function kindOf({ client }: PreparedSearch): EchoKind {
  if (client === undefined) return 'none';
  return client === 'binary' || client === 'grpc' ? 'tcp' : 'http';
}

function sizeOf(kind: EchoKind, { search, queries, filters, order, k }: Omit<Pass, 'open'>): EchoSize {
  if (kind === 'none') return { request: 0, answer: 0 };
  const first = order[0] ?? 0;
  const encoded = search.encode?.(queries[first]!, filters?.[first]);
  // As JSON, some 20 bytes for a number.
  const request = encoded instanceof Uint8Array ? encoded.length : 20 * (queries[first]?.length ?? 0);
  return { request: Math.max(1, request), answer: ANSWER_BYTES + k * HIT_BYTES[kind] };
}

/** How late waits for a moment end: the most of some, ms; and the smallest step of the clock. */
async function timerOf(signal: AbortSignal): Promise<Calibration['timer']> {
  const waiting = new Waiting(signal);
  let late = 0;
  for (let i = 0; i < WAITS; i++) {
    const moment = performance.now() + WAIT_MS;
    await waiting.for(() => moment - performance.now());
    late = Math.max(late, performance.now() - moment);
  }
  let step = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 1000; i++) {
    const before = performance.now();
    let now = before;
    while (now === before) now = performance.now();
    step = Math.min(step, now - before);
  }
  return { late, step };
}
