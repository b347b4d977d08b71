import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { powerOf } from '../../../harness/gate/power.js';
import {
  ASSUMED_SHARE,
  detectable,
  lossP,
  moments,
  queriesNeeded,
  Resampler,
  rebuildDeviation,
} from '../../../harness/gate/statistics.js';
import { normalQuantile } from '../../../harness/measures/distributions.js';
import { Random } from '../../../harness/measures/random.js';

/** Made by fixtures.py with scipy. */
const scipy = JSON.parse(readFileSync(new URL('./fixtures.json', import.meta.url), 'utf8')) as {
  old: number[];
  new: number[];
  other: number[];
  mean: number;
  deviation: number;
  bootstrap: [number, number];
  bootstrapRelative: [number, number];
  bootstrapUnpaired: [number, number];
  lossP: number;
  normalQuantile: [number, number][];
  needed: [number, number, number, number][];
};
const old = Float64Array.from(scipy.old);
const fresh = Float64Array.from(scipy.new);
const differences = fresh.map((value, i) => value - old[i]!);

describe('against scipy', () => {
  const resampler = new Resampler(1);
  const estimate = resampler.estimate(differences);
  /** Both bootstraps draw at random: their ends differ by a few percent of the interval's width. */
  const near = (found: { low: number; high: number }, [low, high]: [number, number]) => {
    const width = high - low;
    expect(Math.abs(found.low - low)).toBeLessThan(0.06 * width);
    expect(Math.abs(found.high - high)).toBeLessThan(0.06 * width);
  };

  it('mean, deviation and the one-sided p of a loss', () => {
    expect(estimate.mean).toBeCloseTo(scipy.mean, 12);
    expect(estimate.deviation).toBeCloseTo(scipy.deviation, 12);
    expect(lossP(estimate) / scipy.lossP).toBeCloseTo(1, 8);
  });

  it('bounds of a paired difference, of a ratio, and without pairs', () => {
    near(estimate, scipy.bootstrap);
    near(resampler.estimate(fresh.map((value, i) => value - 0.97 * old[i]!)), scipy.bootstrapRelative);
    near(resampler.unpaired(Float64Array.from(scipy.other), old), scipy.bootstrapUnpaired);
  });

  it('normal quantiles', () => {
    for (const [p, z] of scipy.normalQuantile) expect(normalQuantile(p)).toBeCloseTo(z, 8);
  });

  it('queries needed', () => {
    for (const [deviation, effect, power, n] of scipy.needed) {
      expect(queriesNeeded(deviation, effect, { power })).toBe(n);
    }
  });
});

test('published sample sizes: SD .05, half a point, 80% and 95%', () => {
  expect(queriesNeeded(0.05, 0.005)).toBe(619);
  expect(queriesNeeded(0.05, 0.005, { power: 0.95 })).toBe(1083);
  expect(queriesNeeded(0.1, 0.005)).toBe(2474);
  expect(queriesNeeded(0.1, 0)).toBeUndefined();
});

test('the smallest drop seen is the formula the other way round', () => {
  expect(queriesNeeded(0.05, detectable(0.05, 700))).toBe(700);
});

test('where nothing varies there is no chance: bounds are the value, p is 0 or 1', () => {
  const same = new Resampler(1).estimate(new Float64Array(300).fill(-0.1));
  expect(same).toMatchObject({ low: same.mean, high: same.mean, deviation: 0 });
  expect(lossP(same)).toBe(0);
  expect(lossP({ ...same, mean: 0 })).toBe(1);
  expect(lossP({ n: 1, mean: -1, deviation: 0 })).toBe(1);
});

test('the same seed draws the same samples', () => {
  expect(new Resampler(5).estimate(differences)).toEqual(new Resampler(5).estimate(differences));
  expect(new Resampler(5).estimate(differences).low).not.toBe(new Resampler(6).estimate(differences).low);
});

describe('rebuilds', () => {
  const random = new Random(3);
  const uniform = () => random.uint32() / 2 ** 32 - 0.5;
  /** Builds whose queries scatter by themselves and whose level is shifted. */
  const builds = (shifts: readonly number[]) =>
    shifts.map((shift) => Float64Array.from({ length: 4000 }, () => shift + uniform()));

  it('a common shift of each build is found, scatter of queries alone is not taken for one', () => {
    const shifts = [0.05, -0.05, 0.02, -0.02, 0.03, -0.03];
    const expected = moments(shifts).deviation;
    expect(rebuildDeviation(builds(shifts))).toBeGreaterThan(expected * 0.8);
    expect(rebuildDeviation(builds(shifts))).toBeLessThan(expected * 1.2);
    expect(rebuildDeviation(builds([0, 0, 0, 0, 0, 0]))).toBeLessThan(0.006);
  });

  it('need two builds, and are 0 between equal ones', () => {
    expect(rebuildDeviation([old])).toBeUndefined();
    expect(rebuildDeviation([old, old, old])).toBe(0);
  });

  it('widen the bounds in quadrature', () => {
    const plain = new Resampler(1).estimate(differences);
    const wide = new Resampler(1).estimate(differences, { error: 0.02, df: 2, from: 'builds' });
    // Student's t with two degrees of freedom: three builds know their own scatter poorly.
    const more = 2.91998558 * 0.02;
    expect(wide.mean - wide.low).toBeCloseTo(Math.hypot(plain.mean - plain.low, more), 6);
  });
});

describe('power', () => {
  const options = { drop: 0.005, power: 0.8, alpha: 0.05 };

  it('of pairs is that of their differences', () => {
    const paired = powerOf([fresh], [old], options);
    expect(paired).toMatchObject({ kind: 'paired', rebuild: null, builds: null, queries: 400 });
    // What rebuilds change is assumed: it adds to the error and is the same for any number of queries.
    const z = normalQuantile(0.95) + normalQuantile(0.8);
    const variance = scipy.deviation ** 2;
    const allowed = (0.005 / z) ** 2 - variance * ASSUMED_SHARE;
    expect(paired.needed).toBe(allowed > 0 ? Math.ceil(variance / allowed) : null);
  });

  it('without another build is that of two independent sets of queries', () => {
    const single = powerOf([old], [], options);
    expect(single.kind).toBe('unpaired');
    expect(single.needed).toBe(queriesNeeded(Math.SQRT2 * moments(old).deviation, 0.005));
  });

  it('has no number of queries where rebuilds alone differ by more than the drop', () => {
    const shifted = [0.04, -0.04, 0.02].map((by) => old.map((value) => value + by));
    const result = powerOf([fresh], shifted, options);
    expect(result.needed).toBeNull();
    expect(result.builds).toBeGreaterThan(100);
  });
});
