import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { incompleteBeta } from '../../../harness/measures/distributions.js';
import { meanFigure, meansOf } from '../../../harness/measures/figures.js';
import { bestAt } from '../../../harness/measures/headline.js';
import { fewestUnits, lossTail, meanBounds } from '../../../harness/measures/mean-bounds.js';
import { Random } from '../../../harness/measures/random.js';
import { coverageOf } from '../../../scripts/bound-coverage.js';

const ones = (n: number) => new Float64Array(n).fill(1);
const share = { low: 0, high: 1 };
const boundsOf = (values: ArrayLike<number>, miss = 0.025) =>
  meanBounds({ above: values, below: ones(values.length) }, share, miss);

/** Clopper and Pearson's lower bound of `hits` of `n`, by bisection of the beta distribution. */
function exactLow(hits: number, n: number, miss: number): number {
  if (hits === 0) return 0;
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, hits, n - hits + 1) < miss) low = middle;
    else high = middle;
  }
  return low;
}

describe('bounds of a mean', () => {
  it.each([1, 2, 3, 10, 100, 2000])('of %d perfect queries know the ones that were not asked', (n) => {
    const { low, high } = boundsOf(ones(n));
    expect(low).toBeCloseTo(0.025 ** (1 / n), 12);
    expect(high).toBe(1);
  });

  it.each([
    [5, 10],
    [9, 10],
    [1, 10],
    [98, 100],
    [1999, 2000],
    [700, 2000],
  ])('of %d hits in %d are those of Clopper and Pearson', (hits, n) => {
    const { low, high } = boundsOf(Float64Array.from({ length: n }, (_, i) => (i < hits ? 1 : 0)));
    const [exact, other] = [exactLow(hits, n, 0.025), 1 - exactLow(n - hits, n, 0.025)];
    expect(Math.abs(low - exact)).toBeLessThan(0.01 * (other - exact));
    expect(Math.abs(high - other)).toBeLessThan(0.01 * (other - exact));
  });

  it.each([3, 8, 40])('of %d values are quantiles of their means under Dirichlet weights', (n) => {
    const random = new Random(n);
    const uniform = () => (random.uint32() + 0.5) / 2 ** 32;
    const values = Float64Array.from({ length: n }, () => 1 - 0.4 * uniform() ** 3);
    const { low, high } = boundsOf(values);
    const draws = 40_000;
    let [below, above] = [0, 0];
    for (let r = 0; r < draws; r++) {
      const weights = values.map(() => -Math.log(uniform()));
      const extra = -Math.log(uniform());
      const all = weights.reduce((sum, weight) => sum + weight, extra);
      const sum = weights.reduce((total, weight, i) => total + weight * values[i]!, 0);
      if (sum / all <= low) below++;
      if ((sum + extra) / all >= high) above++;
    }
    // 2.5% of 40,000 draws scatter by .08%.
    expect(Math.abs(below / draws - 0.025)).toBeLessThan(0.003);
    expect(Math.abs(above / draws - 0.025)).toBeLessThan(0.003);
  });

  it('hold the mean, stay in the range, mirror, and do not depend on the order', () => {
    const tenths = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(tenths, (hits) => {
        const values = Float64Array.from(hits, (h) => h / 10);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const { low, high } = boundsOf(values);
        expect(low).toBeLessThanOrEqual(mean + 1e-12);
        expect(high).toBeGreaterThanOrEqual(mean - 1e-12);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1 + 1e-12);
        const other = boundsOf(values.map((value) => 1 - value));
        expect(other.low).toBeCloseTo(1 - high, 6);
        expect(boundsOf(values.toReversed()).low).toBeCloseTo(low, 6);
      }),
    );
  });

  it('p of a loss is the level at which the upper bound touches 0', () => {
    const values = Float64Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? -0.3 : i % 3 === 1 ? -0.1 : 0));
    const observed = { above: values, below: ones(60) };
    const p = lossTail(observed, 1);
    expect(meanBounds(observed, { low: -1, high: 1 }, p).high).toBeCloseTo(0, 6);
    expect(lossTail(observed, 1, -0.5)).toBe(1);
  });

  test('fewest perfect queries that show a target', () => {
    expect(fewestUnits(share, 0.99, 0.025)).toBe(368);
    expect(boundsOf(ones(368)).low).toBeGreaterThanOrEqual(0.99);
    expect(boundsOf(ones(367)).low).toBeLessThan(0.99);
    expect(fewestUnits(share, 1, 0.025)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the unit is the source of a query', () => {
  const forty = Float64Array.from({ length: 40 }, (_, i) => (i % 5 === 0 ? 1 : 0));
  const tenfold = Float64Array.from({ length: 400 }, (_, i) => forty[i % 40]!);
  const sources = Int32Array.from({ length: 400 }, (_, i) => i % 40);

  it('the same question asked ten times is one', () => {
    const once = meansOf([meanFigure('recall@10', forty)!])['recall@10']!;
    const often = meansOf([meanFigure('recall@10', tenfold)!], sources)['recall@10']!;
    expect(often).toMatchObject({ value: once.value, n: 40 });
    expect(often.low).toBeCloseTo(once.low!, 6);
    expect(often.high).toBeCloseTo(once.high!, 6);
  });

  it('sources of different sizes weigh by what they ask', () => {
    const uneven = Int32Array.from({ length: 400 }, (_, i) => (i < 361 ? 0 : i - 360));
    const { low, high, n } = meansOf([meanFigure('recall@10', tenfold)!], uneven)['recall@10']!;
    expect(n).toBe(40);
    expect(high! - low!).toBeGreaterThan(0.2);
  });
});

/** Of 10 hits those found by 5,000 real queries on 20,000 real points: hnswlib m 8, efConstruction 64, 27 ef from 20 to 400. */
const EF = 27;
const hits = gunzipSync(readFileSync(new URL('./fixtures/new-packages-hits.bin.gz', import.meta.url)));
const settings = Array.from({ length: EF }, (_, i) =>
  Float64Array.from({ length: hits.length / EF }, (__, query) => hits[query * EF + i]! / 10),
);

describe('"reaches the target with confidence"', () => {
  it.each([10, 30, 100, 300, 1000])('is right in at least 39 of 40 samples, each of %d queries', (n) => {
    const samples = 300;
    // The time goes with n: of the longest samples every third setting tells enough.
    const some = n < 300 ? settings : settings.filter((_, i) => i % 3 === 0);
    const { lowMissed, targets } = coverageOf(some, { n, samples, seed: n, targets: [0.9, 0.95, 0.99] });
    // Seeded: 2.5% and two standard deviations of a share in 300 samples.
    for (const missed of lowMissed) expect(missed).toBeLessThanOrEqual(0.043);
    expect(lowMissed.reduce((sum, missed) => sum + missed, 0) / some.length).toBeLessThan(0.025);
    for (const { wrong } of targets) expect(wrong).toBeLessThanOrEqual(0.025);
  });

  it('no setting of which three queries were asked reaches anything', () => {
    const trial = {
      measures: {
        ...meansOf([meanFigure('recall@10', ones(3))!]),
        throughput: { value: 1, low: null, high: null, n: 3 },
      },
    };
    const options = { recall: 'recall@10', value: 'throughput', better: 'higher' } as const;
    expect(bestAt([trial], 0.9, options)).toBeUndefined();
  });
});
