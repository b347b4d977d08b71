import { describe, expect, it } from 'vitest';
import { Latencies } from '../../../harness/measures/latencies.js';
import { latencyRatio, medianLatency, speedRatios } from '../../../harness/measures/latency-ratio.js';
import { Random } from '../../../harness/measures/random.js';
import { samplesOf } from './samples.js';

describe('the ratio of two latencies', () => {
  it('is the geometric mean over pairs of builds, with an interval of Student’s t from three on', () => {
    expect(latencyRatio([])).toBeUndefined();
    const two = latencyRatio([
      [1, 2],
      [2, 1],
    ]);
    expect(two).toEqual({ value: 1, low: null, high: null, n: 2 });
    // Logarithms .1, .2, .3: mean .2, standard error .1 / sqrt 3, t(.975, 2) = 4.302653.
    const three = latencyRatio([0.1, 0.2, 0.3].map((log) => [5, 5 * Math.exp(log)] as const))!;
    expect(three.value).toBeCloseTo(Math.exp(0.2), 12);
    const half = (4.302653 * 0.1) / Math.sqrt(3);
    expect(three.low).toBeCloseTo(Math.exp(0.2 - half), 6);
    expect(three.high).toBeCloseTo(Math.exp(0.2 + half), 6);
  });

  it('holds its error where builds differ by what the machine did, and sees 15% then', () => {
    const random = new Random(11);
    const uniform = () => random.uint32() / 2 ** 32;
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    const nights = (ratio: number, pairs: number) =>
      Array.from({ length: 2000 }, () =>
        latencyRatio(
          Array.from({ length: pairs }, () => {
            // Drift of a third over the night, which both of a pair share, and 5% of each build's own.
            const drift = Math.exp(0.3 * normal());
            return [drift * Math.exp(0.05 * normal()), ratio * drift * Math.exp(0.05 * normal())] as const;
          }),
        ),
      );
    const share = (all: ReturnType<typeof nights>, judge: (low: number, high: number) => boolean) =>
      all.filter((each) => judge(each!.low!, each!.high!)).length / all.length;
    // A gate "mean <= 1.05" fails where the interval lies above its limit.
    expect(share(nights(1.05, 6), (low) => low > 1.05)).toBeLessThan(0.035);
    expect(share(nights(1.15, 6), (low) => low > 1.05)).toBeGreaterThan(0.6);
    expect(share(nights(1.15, 12), (low) => low > 1.05)).toBeGreaterThan(0.95);
  });

  it('takes the queries asked for, and answered ones only', () => {
    const samples = samplesOf(1, [
      { query: 0, sent: 0, answered: 2, rows: [1] },
      { query: 1, sent: 2, answered: 6, rows: [1] },
      { query: 2, sent: 6, answered: 99 },
      { query: 3, sent: 0, answered: 500, rows: [1] },
    ]);
    expect(medianLatency(samples)).toBe(4);
    expect(medianLatency(samples, new Set([0, 1]))).toBe(3);
    expect(medianLatency(samples, new Set([1]))).toBe(4);
    expect(medianLatency(samples, new Set([2]))).toBeUndefined();
  });
});

describe('the ratio of two loads', () => {
  /** Passes of two settings of one build, in turn: a drift of the machine falls on both of a pair. */
  const passes = (count: number, answers: number, ratio: number) => {
    const random = new Random(3);
    return Array.from({ length: count }, (_, i) => {
      const drift = 1 + i / 3;
      const own = (speed: number) => {
        const latencies = new Latencies();
        for (let j = 0; j < answers; j++) latencies.add((drift * (1 + random.below(1000) / 1000)) / speed);
        return { latencies, seconds: (answers * drift * (1 + random.below(20) / 1000)) / speed };
      };
      return [own(1), own(ratio)] as const;
    });
  };

  it('has the pass as its unit: what drifts from pass to pass is in no interval', () => {
    const { 'parity.throughput': throughput, 'parity.latency.p99': p99 } = speedRatios(passes(5, 500, 0.8));
    expect(throughput).toMatchObject({ n: 5 });
    expect(throughput!.low).toBeLessThan(0.8);
    expect(throughput!.high).toBeGreaterThan(0.8);
    expect(throughput!.high! - throughput!.low!).toBeLessThan(0.05);
    expect(p99!.value).toBeCloseTo(1 / 0.8, 1);
  });

  it('is absent where there is nothing to compare, and has no interval of two passes', () => {
    expect(speedRatios([])).toEqual({});
    const few = speedRatios(passes(2, 50, 0.8));
    expect(Object.keys(few)).toEqual(['parity.throughput']);
    expect(few['parity.throughput']).toMatchObject({ low: null, high: null, n: 2 });
  });
});
