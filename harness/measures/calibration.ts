import type { LoadFacts } from '../model/events.js';
import type { Measure, Measures } from '../model/results.js';
import { intervalOfPasses } from './passes.js';

/** Of the floor's median, below which an engine's says as much about the way to it. */
const NEAR = 3;
/** Of two floors around one pass, the higher divided by the lower, above which the machine was another one in between. */
const UNSTEADY = 2;
/** Of the cores that a server may use, above which they are what limits. */
const BUSY_SERVER = 0.9;
/** Answers behind a 99th percentile: with fewer, ten and less are slower. */
const FEW = 1000;

/** Median latency of a pass, by its number. */
export type PassMedians = ReadonlyMap<number, number | undefined>;

/**
 * What a load is held against, and the doubts that follow; nothing of a serial workload.
 *
 * @param timing `latency.p50` and `latency.p99` (ms) of the load
 * @param medians of its passes, ms; each is held against the floor of its own time
 */
export function calibrationMeasures(
  facts: LoadFacts | undefined,
  timing: Measures,
  medians: PassMedians,
): { measures: Measures; flags: string[] } {
  if (facts === undefined) return { measures: {}, flags: [] };
  const { timer, floor, serverCores, serverLimit } = facts;
  const answers = timing['latency.mean']?.n ?? 0;
  const full =
    serverCores !== undefined && serverCores > BUSY_SERVER * (serverLimit ?? Number.POSITIVE_INFINITY);
  return {
    measures: {
      'client.timer': one(timer.late, 1),
      ...(floor && {
        'client.floor.p50': overPasses(facts, 'p50'),
        'client.floor.p99': overPasses(facts, 'p99'),
        'client.floor.throughput': overPasses(facts, 'perSecond'),
      }),
      ...(serverCores !== undefined && { 'server.cores': one(serverCores, 1) }),
    },
    flags: [
      ...(isNear(facts, timing['latency.p50']?.value, medians) ? ['near-floor'] : []),
      ...(isUnsteady(facts) ? ['unsteady-floor'] : []),
      ...(full ? ['busy-server'] : []),
      ...(answers < FEW ? ['few-samples'] : []),
    ],
  };
}

type Floors = NonNullable<LoadFacts['floors']>;

/** Something beside the client can only make an echo slower: the lower of two is the floor of the pass. */
const lowerOf = ({ before, after }: Floors[number]) =>
  after !== undefined && after.p50 < before.p50 ? after : before;

/** Of half of the passes, each beside the floor of its time: one busy moment says nothing of the others. */
function isNear({ floor, floors }: LoadFacts, p50: number | undefined, medians: PassMedians): boolean {
  if (floors === undefined) return floor !== undefined && p50 !== undefined && p50 < NEAR * floor.p50;
  const known = floors.flatMap((each) => {
    const median = medians.get(each.pass);
    return median === undefined ? [] : [median < NEAR * lowerOf(each).p50];
  });
  return known.length > 0 && known.filter(Boolean).length * 2 >= known.length;
}

const isUnsteady = ({ floors = [] }: LoadFacts): boolean =>
  floors.some(({ before, after }) => {
    if (after === undefined) return false;
    const [low, high] = [Math.min(before.p50, after.p50), Math.max(before.p50, after.p50)];
    return low > 0 && high > UNSTEADY * low;
  });

function overPasses({ floor, floors = [] }: LoadFacts, name: 'p50' | 'p99' | 'perSecond'): Measure {
  const { [name]: value, n } = floor!;
  const interval = intervalOfPasses(
    floors.map((each) => lowerOf(each)[name]),
    value,
  );
  return { value, low: interval?.low ?? null, high: interval?.high ?? null, n };
}

const one = (value: number, n: number): Measure => ({ value, low: null, high: null, n });
