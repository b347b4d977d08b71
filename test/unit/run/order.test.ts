import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { permutation, Random } from '../../../harness/measures/random.js';

/** Pearson's statistic of counts that should all be the same. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('the order of queries', () => {
  test('holds every query once, and is the same for the same seed', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.integer({ min: 0, max: 2 ** 31 }), (n, seed) => {
        const order = permutation(n, seed);
        expect(Array.from(order.toSorted())).toEqual(Array.from({ length: n }, (_, i) => i));
        expect(permutation(n, seed)).toEqual(order);
      }),
    );
  });

  test('differs from repetition to repetition, whose seeds are neighbours', () => {
    const orders = Array.from({ length: 50 }, (_, repetition) => permutation(20, 42 + repetition).join());
    expect(new Set(orders).size).toBe(50);
  });

  test('prefers no place: each query comes first, and last, equally often', () => {
    // 99.9% quantile of chi-square with 9 degrees of freedom; the seeds are fixed, so the test is too.
    const limit = 27.88;
    const [first, last] = [new Array<number>(10).fill(0), new Array<number>(10).fill(0)];
    for (let seed = 0; seed < 5000; seed++) {
      const order = permutation(10, seed);
      first[order[0]!]!++;
      last[order[9]!]!++;
    }
    expect(chiSquare(first)).toBeLessThan(limit);
    expect(chiSquare(last)).toBeLessThan(limit);
  });
});

test('drawing below a limit has no bias, also where the limit does not divide 2^32', () => {
  const random = new Random(1);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[random.below(7)]!++;
  expect(chiSquare(counts), '99.9% quantile, 6 degrees of freedom').toBeLessThan(22.46);
});
