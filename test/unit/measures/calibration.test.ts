import { expect, test } from 'vitest';
import { calibrationMeasures } from '../../../harness/measures/calibration.js';
import type { LoadFacts } from '../../../harness/model/events.js';

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

test('the floor stands beside the figures, and nothing is subtracted', () => {
  const { measures, flags } = calibrationMeasures(FACTS, timing(1.5));
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
  expect(calibrationMeasures(FACTS, timing(1.49)).flags).toEqual(['near-floor']);
  expect(calibrationMeasures({ ...FACTS, serverCores: 1.81 }, timing(5)).flags).toEqual(['busy-server']);
  expect(calibrationMeasures(FACTS, timing(5, 999)).flags).toEqual(['few-samples']);
  const { floor: _, serverCores: __, ...bare } = FACTS;
  expect(calibrationMeasures(bare, timing(0.01)).flags).toEqual([]);
  expect(calibrationMeasures(undefined, timing(0.01, 1))).toEqual({ measures: {}, flags: [] });
});
