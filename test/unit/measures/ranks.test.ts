import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localIntrinsicDimension, medianIntrinsicDimension } from '../../../harness/measures/intrinsic.js';
import { Random } from '../../../harness/measures/random.js';
import { jaccard, kendallTau, rankBiasedOverlap } from '../../../harness/measures/ranks.js';

const list = fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 10 });

describe('agreement of rankings', () => {
  it('of a list with itself is complete', () => {
    fc.assert(
      fc.property(list, (a) => {
        expect(rankBiasedOverlap(a, a)?.extrapolated).toBeCloseTo(1, 12);
        expect(jaccard(a, a)).toBe(1);
        if (a.length > 1) expect(kendallTau(a, a)).toBe(1);
      }),
    );
  });

  it('of lists with nothing in common is none', () => {
    expect(rankBiasedOverlap([1, 2], [3, 4])).toEqual({ extrapolated: 0, minimum: 0 });
    expect(jaccard([1, 2], [3, 4])).toBe(0);
    expect(kendallTau([1, 2], [3, 4])).toBeUndefined();
  });

  it('is symmetric and stays in its range, for lists of any length', () => {
    fc.assert(
      fc.property(list, list, fc.double({ min: 0.1, max: 0.99, noNaN: true }), (a, b, p) => {
        const [one, other] = [rankBiasedOverlap(a, b, p)!, rankBiasedOverlap(b, a, p)!];
        expect(one.extrapolated).toBeCloseTo(other.extrapolated, 12);
        expect(one.minimum).toBeCloseTo(other.minimum, 12);
        expect(one.minimum).toBeLessThanOrEqual(one.extrapolated + 1e-12);
        expect(one.minimum).toBeGreaterThanOrEqual(-1e-12);
        expect(one.extrapolated).toBeLessThanOrEqual(1 + 1e-12);
        expect(jaccard(a, b)).toBe(jaccard(b, a));
      }),
    );
  });
});

describe('intrinsic dimension', () => {
  /** Distances of points spread evenly in a ball: r = u^(1/dimension). */
  const ball = (dimension: number, random: Random) =>
    Float64Array.from({ length: 1000 }, () => ((random.uint32() + 1) / 2 ** 32) ** (1 / dimension)).sort();

  it.each([2, 8, 30])('of a ball in %i dimensions', (dimension) => {
    // The estimate's relative standard deviation is 1 / sqrt(1000).
    const estimate = localIntrinsicDimension(ball(dimension, new Random(4)))!;
    expect(Math.abs(estimate / dimension - 1)).toBeLessThan(4 / Math.sqrt(1000));
  });

  it('is the same from cosine distances, which are half the squared Euclidean ones', () => {
    const euclidean = ball(6, new Random(5)).map((r) => r / 2);
    const truth = { count: 1, depth: 1000, rows: new Int32Array(1000), distances: euclidean };
    const cosine = { ...truth, distances: euclidean.map((r) => (r * r) / 2) };
    expect(medianIntrinsicDimension(cosine, 'cosine')).toBeCloseTo(medianIntrinsicDimension(truth, 'l2')!, 9);
  });

  it('is not computed for dot, from too few neighbours or from equal ones', () => {
    const distances = Float64Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8);
    expect(localIntrinsicDimension(distances)).toBeUndefined();
    expect(localIntrinsicDimension(new Float64Array(50).fill(1))).toBeUndefined();
    expect(
      medianIntrinsicDimension({ count: 0, depth: 0, rows: new Int32Array(0), distances }, 'l2'),
    ).toBeUndefined();
    const truth = {
      count: 1,
      depth: 50,
      rows: new Int32Array(50),
      distances: ball(3, new Random(1)).subarray(0, 50),
    };
    expect(medianIntrinsicDimension(truth, 'dot')).toBeUndefined();
    expect(medianIntrinsicDimension(truth, 'l2')).toBeDefined();
  });
});
