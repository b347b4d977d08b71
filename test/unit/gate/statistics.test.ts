import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { paired, unpaired } from '../../../harness/gate/estimate.js';
import { powerOf } from '../../../harness/gate/power.js';
import { sampleOf } from '../../../harness/gate/sample.js';
import {
  ASSUMED_SHARE,
  detectable,
  lossP,
  moments,
  NONE,
  queriesNeeded,
  rebuildDeviation,
} from '../../../harness/gate/statistics.js';
import { normalQuantile } from '../../../harness/measures/distributions.js';
import { SHARE } from '../../../harness/measures/figures.js';
import { meanBounds } from '../../../harness/measures/mean-bounds.js';
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

const columnOf = (values: Float64Array) => ({ queries: Int32Array.from(values.keys()), values });
const both = (a: Float64Array, b: Float64Array) => sampleOf([columnOf(a), columnOf(b)], undefined);
const LIKE = { sign: 1, factor: 1 };

describe('against scipy', () => {
  const { estimate } = paired(both(fresh, old), 1, SHARE, LIKE);
  /**
   * The bootstrap knows nothing of queries that were not seen: Gaffke's ends lie outside its own, by at most the 1/n that
   * one more query weighs, and a few percent of the width that the bootstrap draws at random.
   */
  const near = (found: { low: number; high: number; n: number }, [low, high]: [number, number]) => {
    const slack = 0.06 * (high - low);
    expect(found.low).toBeLessThan(low + slack);
    expect(found.low).toBeGreaterThan(low - slack - 2 / found.n);
    expect(found.high).toBeGreaterThan(high - slack);
    expect(found.high).toBeLessThan(high + slack + 2 / found.n);
  };

  it('mean, deviation and the one-sided p of a loss', () => {
    expect(estimate.mean).toBeCloseTo(scipy.mean, 12);
    expect(estimate.deviation).toBeCloseTo(scipy.deviation, 12);
    expect(lossP(estimate) / scipy.lossP).toBeCloseTo(1, 8);
  });

  it('bounds of a paired difference, of a ratio, and without pairs', () => {
    const known = (compared: typeof estimate, error: number) => ({
      ...compared,
      low:
        compared.mean - Math.sqrt((compared.mean - compared.low) ** 2 - (normalQuantile(0.95) * error) ** 2),
      high:
        compared.mean + Math.sqrt((compared.high - compared.mean) ** 2 - (normalQuantile(0.95) * error) ** 2),
    });
    const of = ({ estimate: each, extra }: ReturnType<typeof paired>) => known(each, extra.error);
    near(of(paired(both(fresh, old), 1, SHARE, LIKE)), scipy.bootstrap);
    near(of(paired(both(fresh, old), 1, SHARE, { sign: 1, factor: 0.97 })), scipy.bootstrapRelative);
    const sides = {
      now: sampleOf([columnOf(Float64Array.from(scipy.other))], undefined),
      before: sampleOf([columnOf(old)], undefined),
    };
    near(of(unpaired(sides, SHARE, LIKE)), scipy.bootstrapUnpaired);
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

test('where nothing varies the bounds still know what was not asked', () => {
  const same = paired(both(old, old), 1, SHARE, LIKE);
  const unseen = 1 - 0.05 ** (1 / old.length);
  expect(same.extra).toBe(NONE);
  expect(same.estimate.low).toBeCloseTo(-unseen, 12);
  // A gain that was not seen does not hide a loss.
  expect(same.estimate.high).toBe(0);
  expect(same.p(0)).toBe(1);
  // All queries lost a tenth: that it is chance has the probability that as many drew from the others.
  const lost = new Float64Array(30).fill(0.5);
  const { p } = paired(
    both(
      lost,
      lost.map((value) => value + 0.1),
    ),
    1,
    SHARE,
    LIKE,
  );
  expect(p(0)).toBeCloseTo((1.1 / 1) ** -30, 12);
  expect(lossP({ n: 1, mean: -1, deviation: 0 })).toBe(1);
});

test('queries that cannot see a loss are told apart from those that can', () => {
  expect(queriesNeeded(0, 0.005, { reach: 1 })).toBe(200);
  expect(queriesNeeded(0.05, 0.005, { reach: 1 })).toBeGreaterThan(619);
  const n = queriesNeeded(0.05, 0.005, { reach: 1 })!;
  expect(detectable(0.05, n, { reach: 1 })).toBeCloseTo(0.005, 5);
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
    const { estimate, extra } = paired(both(fresh, old), 1, SHARE, LIKE);
    expect(extra.from).toBe('assumed');
    const { low } = meanBounds(
      { above: differences, below: differences.map(() => 1) },
      { low: -1, high: 1 },
      0.05,
    );
    const more = 1.6448536 * extra.error;
    expect(estimate.mean - estimate.low).toBeCloseTo(Math.hypot(estimate.mean - low, more), 6);
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

  it('takes more where several settings are judged together', () => {
    const [alone, together] = [1, 20].map((tests) => powerOf([fresh], [old], { ...options, tests }).smallest);
    expect(together! / alone!).toBeGreaterThan(1.2);
  });

  it.each([
    ['a recall of .999', 0.01],
    ['a recall of .98', 0.15],
  ])('says a drop that is seen four times out of five, at %s', (_, missing) => {
    const random = new Random(17);
    const chance = () => random.uint32() / 2 ** 32;
    const n = 1000;
    // Of 10 hits a query misses one now and then, in each build another.
    const build = () => Float64Array.from({ length: n }, () => (chance() < missing ? 0.9 : 1));
    const three = () => [build(), build(), build()];
    let seen = 0;
    const NIGHTS = 300;
    for (let night = 0; night < NIGHTS; night++) {
      const { smallest } = powerOf(three(), three(), options);
      // The same hits are lost in every build.
      const lost = Float64Array.from({ length: n }, () => {
        let hits = 0;
        for (let i = 0; i < 10; i++) if (chance() < smallest) hits++;
        return hits / 10;
      });
      const now = three().map((values) => values.map((value, i) => Math.max(0, value - lost[i]!)));
      const sample = sampleOf([...now, ...three()].map(columnOf), undefined);
      const { estimate, p } = paired(sample, 3, SHARE, LIKE);
      if (estimate.mean < 0 && p(0) <= 0.05) seen++;
    }
    // 80% less two standard deviations of a share in 300 nights.
    expect(seen / NIGHTS).toBeGreaterThan(0.754);
  });
});
