import { describe, expect, it } from 'vitest';
import { intervalOfPasses } from '../../../harness/measures/passes.js';
import { Random } from '../../../harness/measures/random.js';
import { deriveTrial } from '../../../harness/measures/trial.js';
import type { Measures } from '../../../harness/model/results.js';
import { separated } from '../../../reports/model/compare.js';
import { type Observed, samplesOf, truthOf } from './samples.js';

const QUERIES = 200;
const truth = truthOf(Array.from({ length: QUERIES }, () => [[1, 1]]));

describe('the interval of passes', () => {
  it('is t over logarithms: two passes of 100 and 121', () => {
    // Mean of the logarithms: that of 110; half width 12.7062047 * ln(1.21) / 2 = 1.2110306.
    const { low, high } = intervalOfPasses([100, 121], 110)!;
    expect(low).toBeCloseTo(110 * Math.exp(-1.2110306), 3);
    expect(high).toBeCloseTo(110 * Math.exp(1.2110306), 2);
  });

  it('holds every pass, and the figure of all', () => {
    const passes = [...Array.from({ length: 30 }, () => 100), 300];
    expect(intervalOfPasses(passes, 106)!.high).toBe(300);
    expect(intervalOfPasses([100, 100], 104)).toEqual({ low: 100, high: 104 });
  });

  it('is unknown of one pass, and where a pass has no such figure', () => {
    expect(intervalOfPasses([100], 100)).toBeUndefined();
    expect(intervalOfPasses([100, undefined, 101], 100)).toBeUndefined();
    expect(intervalOfPasses([0, 1], 1)).toBeUndefined();
  });

  it('is the same in every unit', () => {
    const [ms, us] = [intervalOfPasses([1, 2, 4], 2)!, intervalOfPasses([1000, 2000, 4000], 2000)!];
    expect(us.low / ms.low).toBeCloseTo(1000, 6);
    expect(us.high / ms.high).toBeCloseTo(1000, 6);
  });
});

/** Passes over the same queries by one engine; a pass is slower or faster as a whole by the machine's drift. */
function measured(random: Random, passes: number): Measures {
  const entries: Observed[] = [];
  for (let repetition = 0; repetition < passes; repetition++) {
    const drift = Math.exp(0.1 * normal(random));
    let clock = repetition * 1e6;
    for (let query = 0; query < QUERIES; query++) {
      const took = drift * (1 + (query % 7) / 10) * Math.exp(0.05 * normal(random));
      entries.push({ query, repetition, sent: clock, answered: clock + took, rows: [1], distances: [1] });
      clock += took + 0.01;
    }
  }
  return deriveTrial(samplesOf(1, entries), truth, { ks: [1], metric: 'l2' }).measures;
}

const normal = (random: Random): number => {
  const [a, b] = [(random.uint32() + 1) / 2 ** 32, random.uint32() / 2 ** 32];
  return Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b);
};

describe('the same engine measured twice on a machine that drifts by 10%', () => {
  it.each([2, 3, 5])('%i passes against as many: seldom called different', (passes) => {
    const random = new Random(passes);
    const pairs = Array.from(
      { length: 200 },
      () => [measured(random, passes), measured(random, passes)] as const,
    );
    for (const name of ['throughput', 'latency.mean', 'latency.p50', 'latency.p95', 'latency.p99']) {
      const different = pairs.filter(([a, b]) => separated(a[name]!, b[name]!)).length;
      expect(different / pairs.length, name).toBeLessThanOrEqual(0.05);
    }
  });

  it('one pass is never called different, nor better', () => {
    const random = new Random(1);
    const [a, b] = [measured(random, 1), measured(random, 1)];
    expect(a['throughput']).toMatchObject({ low: null, high: null });
    expect(separated(a['throughput']!, b['throughput']!)).toBe(false);
  });

  it('what is three times as fast is told apart with three passes, nearly always', () => {
    const random = new Random(9);
    const told = Array.from({ length: 100 }, () => {
      const [a, b] = [measured(random, 3)['throughput']!, measured(random, 3)['throughput']!];
      return separated(a, { ...b, value: b.value * 3, low: b.low! * 3, high: b.high! * 3 });
    });
    expect(told.filter(Boolean).length).toBeGreaterThan(90);
  });
});
