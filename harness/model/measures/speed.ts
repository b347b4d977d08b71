import { groupDigits } from '../../../common/numbers.js';
import type { MeasureDefinition } from './measure.js';

/** A percentile of latency and the number of answered samples from which on it is given. */
export interface Percentile {
  name: string;
  p: number;
  /** At least this many samples: about one of them lies above the percentile. */
  minimum: number;
}

export const PERCENTILES: readonly Percentile[] = [
  { name: 'p50', p: 0.5, minimum: 2 },
  { name: 'p90', p: 0.9, minimum: 10 },
  { name: 'p95', p: 0.95, minimum: 20 },
  { name: 'p99', p: 0.99, minimum: 100 },
  { name: 'p99.9', p: 0.999, minimum: 1000 },
];

const LATENCY =
  'Mean and quantiles (linear between order statistics, Hyndman & Fan type 7) over all answered queries of all measured passes, of the time of one call of the engine’s client library: prepared vector in, ids and scores out. Of an open loop (constant-rate, ramping-rate) from the moment the query was due, so that waiting counts. A quantile is given only where about one sample or more lies beyond it.';

const latency = (name: string, absent: string): MeasureDefinition => ({
  name: `latency.${name}`,
  title: name,
  head: [name, ''],
  unit: 'ms',
  kind: 'time',
  better: 'lower',
  definition: LATENCY,
  absent,
});

/** How fast answers came. */
export const SPEED: readonly MeasureDefinition[] = [
  {
    name: 'throughput',
    title: 'Throughput',
    head: ['Throughput', ''],
    unit: 'queries/s',
    kind: 'time',
    better: 'higher',
    definition:
      'Answered queries divided by the wall-clock time of the measured passes, from the first query sent to the last answer: for the workload serial, of one client that sends the next query when the previous one was answered. Failed queries take time but do not count.',
    absent: 'no query was answered',
  },
  latency('mean', 'no query was answered'),
  ...PERCENTILES.map(({ name, minimum }) =>
    latency(name, `needs at least ${groupDigits(String(minimum))} answered queries`),
  ),
];

/** Answers that did not come, or came short. */
export const ANSWERS: readonly MeasureDefinition[] = [
  {
    name: 'errors',
    title: 'Failed queries',
    head: ['Failed', 'queries'],
    unit: 'count',
    kind: 'count',
    better: 'lower',
    definition:
      'Measured queries that the engine answered with an error. They are never retried or left out.',
    absent: 'the search phase did not run',
  },
  {
    name: 'returned.short',
    title: 'Short answers',
    head: ['Short', 'answers'],
    unit: 'count',
    kind: 'count',
    better: 'lower',
    definition: 'Answered queries that returned fewer hits than asked for although the dataset has as many.',
    absent: 'no query with known neighbours was answered',
  },
];
