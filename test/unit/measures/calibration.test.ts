import { expect, test } from 'vitest';
import { calibrationMeasures } from '../../../harness/measures/calibration.js';
import type { Floor, LoadFacts } from '../../../harness/model/events.js';

const FACTS: LoadFacts = {
  timer: { late: 0.2, step: 0.00004 },
  floor: { over: 'http', p50: 0.5, p99: 2, perSecond: 9000, n: 2000 },
  serverCores: 1.5,
  serverLimit: 2,
};
const timing = (p50: number, n = 5000) => {
  const of = (value: number) => ({ value, low: null, high: null, n });
  return { 'latency.mean': of(p50), 'latency.p50': of(p50), 'latency.p99': of(p50 * 3) };
};

const NONE = new Map<number, number>();

test('the floor stands beside the figures, and nothing is subtracted', () => {
  const { measures, flags } = calibrationMeasures(FACTS, timing(1.5), NONE);
  expect(measures).toEqual({
    'client.timer': { value: 0.2, low: null, high: null, n: 1 },
    'client.floor.p50': { value: 0.5, low: null, high: null, n: 2000 },
    'client.floor.p99': { value: 2, low: null, high: null, n: 2000 },
    'client.floor.throughput': { value: 9000, low: null, high: null, n: 2000 },
    'server.cores': { value: 1.5, low: null, high: null, n: 1 },
  });
  expect(flags).toEqual([]);
});

test('figures near the floor, of a server at its limit, or of few answers say so', () => {
  expect(calibrationMeasures(FACTS, timing(1.49), NONE).flags).toEqual(['near-floor']);
  expect(calibrationMeasures({ ...FACTS, serverCores: 1.81 }, timing(5), NONE).flags).toEqual([
    'busy-server',
  ]);
  expect(calibrationMeasures(FACTS, timing(5, 999), NONE).flags).toEqual(['few-samples']);
  const { floor: _, serverCores: __, ...bare } = FACTS;
  expect(calibrationMeasures(bare, timing(0.01), NONE).flags).toEqual([]);
  expect(calibrationMeasures(undefined, timing(0.01, 1), NONE)).toEqual({ measures: {}, flags: [] });
});

const at = (p50: number): Floor => ({ p50, p99: 4 * p50, perSecond: 1000 / p50, n: 100 });
const by = (...pairs: readonly (readonly [before: number, after?: number])[]): LoadFacts => {
  const floors = pairs.map(([before, after], pass) => ({
    pass,
    before: at(before),
    ...(after !== undefined && { after: at(after) }),
  }));
  return { ...FACTS, floors };
};
const medians = (...values: readonly number[]) => new Map(values.map((each, pass) => [pass, each]));

test('each pass is held against the floor of its own time: one busy moment makes no figure one near the floor', () => {
  const flagsOf = (facts: LoadFacts, ...own: readonly number[]) =>
    calibrationMeasures(facts, timing(2), medians(...own)).flags;
  expect(flagsOf(by([0.5, 0.5], [0.5, 0.6]), 2, 2)).toEqual([]);
  // The first echo was disturbed: only the quieter one counts, and that it was is said.
  expect(flagsOf(by([5, 0.5], [0.5, 0.5], [0.5, 0.5]), 2, 2, 2)).toEqual(['unsteady-floor']);
  expect(flagsOf(by([5], [0.5], [0.5]), 2, 2, 2)).toEqual([]);
  // The machine was another one all the time, and the engine as slow as the way to it.
  expect(flagsOf(by([5, 6], [5, 6], [0.5, 0.5]), 8, 8, 2)).toEqual(['near-floor']);
});

test('floors of several passes have an interval, as other times have', () => {
  const { measures } = calibrationMeasures(by([0.5, 0.6], [0.7, 0.55], [0.5]), timing(2), medians(2, 2, 2));
  const { low, high } = measures['client.floor.p50']!;
  expect(low).toBeLessThanOrEqual(0.5);
  expect(high).toBeGreaterThanOrEqual(0.55);
});
