import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expected, dueTimes as generated } from '../../../harness/run/executors/schedule.js';

const dueTimes = (...given: Parameters<typeof generated>) => Float64Array.from(generated(...given));

describe('due times', () => {
  test('of a constant uniform rate are evenly spaced', () => {
    const times = dueTimes({ from: 200, to: 200, seconds: 2 }, 'uniform', 1);
    expect(times).toHaveLength(400);
    for (const [i, time] of times.entries()) expect(time).toBeCloseTo(i * 5, 9);
  });

  test('of a uniform ramp come as its rate rises: as many in each part as the integral of the rate', () => {
    const times = dueTimes({ from: 100, to: 300, seconds: 10 }, 'uniform', 1);
    expect(times).toHaveLength(2000);
    // Λ(5) = 100·5 + 200·25/20 = 750
    expect(times.filter((time) => time < 5000)).toHaveLength(750);
  });

  test('of Poisson arrivals have the gaps of an exponential distribution', () => {
    const rate = 500;
    const times = dueTimes({ from: rate, to: rate, seconds: 40 }, 'poisson', 7);
    // Number of arrivals: mean 20,000, standard deviation √20,000.
    expect(Math.abs(times.length - 20_000)).toBeLessThan(4 * Math.sqrt(20_000));
    const gaps = Float64Array.from(times, (time, i) => time - (i === 0 ? 0 : times[i - 1]!)).sort();
    // Kolmogorov and Smirnov's distance to 1 - exp(-λt); 1.63/√n is its 1% point.
    const distance = Math.max(
      ...gaps.map((gap, i) => Math.abs(1 - Math.exp((-gap * rate) / 1000) - (i + 0.5) / gaps.length)),
    );
    expect(distance).toBeLessThan(1.63 / Math.sqrt(gaps.length));
  });

  test('ascend, lie within the time, are as many as expected, and the same for a seed', () => {
    const ramp = fc.record({
      from: fc.double({ min: 0.1, max: 2000, noNaN: true }),
      to: fc.double({ min: 0.1, max: 2000, noNaN: true }),
      seconds: fc.double({ min: 0.1, max: 5, noNaN: true }),
    });
    fc.assert(
      fc.property(
        ramp,
        fc.constantFrom('uniform' as const, 'poisson' as const),
        fc.nat(),
        (of, arrivals, seed) => {
          const times = dueTimes(of, arrivals, seed);
          for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThanOrEqual(times[i - 1]!);
          expect(times.every((time) => time >= 0 && time <= of.seconds * 1000 * (1 + 1e-9))).toBe(true);
          const mean = expected(of);
          const slack = arrivals === 'uniform' ? 1 : 6 * Math.sqrt(mean) + 6;
          expect(Math.abs(times.length - mean)).toBeLessThanOrEqual(slack);
          expect(dueTimes(of, arrivals, seed)).toEqual(times);
        },
      ),
      { numRuns: 200 },
    );
  });
});
