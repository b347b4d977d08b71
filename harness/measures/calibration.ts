import type { LoadFacts } from '../model/events.js';
import type { Measure, Measures } from '../model/results.js';

/** Of the floor's median, below which an engine's says as much about the way to it. */
const NEAR = 3;
/** Of the cores that a server may use, above which they are what limits. */
const BUSY_SERVER = 0.9;
/** Answers behind a 99th percentile: with fewer, ten and less are slower. */
const FEW = 1000;

/**
 * What a load is held against, and the doubts that follow; nothing of a serial workload.
 *
 * @param timing `latency.p50` and `latency.p99` (ms) of the load
 */
export function calibrationMeasures(
  facts: LoadFacts | undefined,
  timing: Measures,
): { measures: Measures; flags: string[] } {
  if (facts === undefined) return { measures: {}, flags: [] };
  const { timer, floor, serverCores, serverLimit } = facts;
  const p50 = timing['latency.p50']?.value;
  const answers = timing['latency.mean']?.n ?? 0;
  const near = floor !== undefined && p50 !== undefined && p50 < NEAR * floor.p50;
  const full =
    serverCores !== undefined && serverCores > BUSY_SERVER * (serverLimit ?? Number.POSITIVE_INFINITY);
  return {
    measures: {
      'client.timer': one(timer.late, 1),
      ...(floor && {
        'client.floor.p50': one(floor.p50, floor.n),
        'client.floor.p99': one(floor.p99, floor.n),
        'client.floor.throughput': one(floor.perSecond, floor.n),
      }),
      ...(serverCores !== undefined && { 'server.cores': one(serverCores, 1) }),
    },
    flags: [
      ...(near ? ['near-floor'] : []),
      ...(full ? ['busy-server'] : []),
      ...(answers < FEW ? ['few-samples'] : []),
    ],
  };
}

const one = (value: number, n: number): Measure => ({ value, low: null, high: null, n });
