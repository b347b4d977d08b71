import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NUMBER_METRICS } from '../../../datasets/dataset.js';
import { distance, marginOf, roundingMargin, tieLimit } from '../../../harness/measures/distance.js';
import { medianIntrinsicDimension } from '../../../harness/measures/intrinsic.js';
import { Random } from '../../../harness/measures/random.js';
import { RecallScorer } from '../../../harness/measures/recall.js';
import type { Truth } from '../../../harness/model/samples.js';
import { tiesAtRank, tiesWithin } from '../../../harness/truth/ties.js';
import { truthOf } from './samples.js';

/** The definition, with sets. */
function slowly(returned: readonly number[], truth: readonly (readonly [number, number])[], k: number) {
  const nearest = truth.slice(0, k);
  const hits = [...new Set(returned.slice(0, k))];
  const limit = tieLimit(nearest.at(-1)![1], marginOf({}, 'l2'));
  return {
    recall: hits.filter((row) => nearest.some(([exact]) => exact === row)).length / nearest.length,
    ties: hits.filter((row) => row / 4 <= limit).length / nearest.length,
  };
}

it('counts no row that fails the filter, however near it is', () => {
  // Even rows pass; the exact neighbours are 0, 2, 4. A search that ignores the filter is no better than its even rows.
  const exact = [0, 2, 4].map((row) => [row, row / 4] as const);
  const scorer = new RecallScorer(truthOf([exact]), [4], 'l2', 4);
  scorer.select(0);
  const scored = (rows: readonly number[]) =>
    scorer.score({
      rows: Int32Array.from(rows),
      distances: Float64Array.from(rows, (row) => row / 4),
      flaws: Uint8Array.from(rows, (row) => row % 2),
      start: 0,
      count: rows.length,
    });
  expect(scored([0, 1, 2, 3])).toMatchObject({ ties: Float64Array.of(2 / 3), beatsTruth: false });
  expect(scored([1, 3, 5, 7])).toMatchObject({ ties: Float64Array.of(0), recall: Float64Array.of(0) });
  expect(scored([1, 3]).distanceError).toBeNaN();
  expect(scored([0, 2, 4])).toMatchObject({ ties: Float64Array.of(1), distanceError: 0 });
});

it('is what the definition with sets says', () => {
  // Row r lies at r / 4.
  const lists = fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 8 });
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 8 }), (returned, depth) => {
      const exact = Array.from({ length: depth }, (_, row) => [row, row / 4] as const);
      const ks = [1, 3, 8];
      const scorer = new RecallScorer(truthOf([exact]), ks, 'l2', 8);
      scorer.select(0);
      const list = {
        rows: Int32Array.from(returned),
        distances: Float64Array.from(returned, (row) => row / 4),
        start: 0,
        count: returned.length,
      };
      const score = scorer.score(list);
      ks.forEach((k, i) => {
        const expected = slowly(returned, exact, k);
        expect(score.recall[i]).toBeCloseTo(expected.recall, 12);
        expect(score.ties[i]).toBeCloseTo(expected.ties, 12);
        expect(score.ties[i]).toBeGreaterThanOrEqual(score.recall[i]!);
        expect(score.ties[i]).toBeLessThanOrEqual(1);
      });
      expect(score.duplicates).toBe(returned.length - new Set(returned).size);
    }),
  );
});

describe('tie limit', () => {
  const gamma = (400 * 2 ** -53) / (1 - 400 * 2 ** -53);

  it('follows the rounding of the sum: a share of the distance for l2, of the norms for dot, of 1 for cosine', () => {
    const limit = (metric: (typeof NUMBER_METRICS)[number], d: number, norms = 1) =>
      tieLimit(d, roundingMargin(metric, 384, norms)) - d;
    expect(limit('l2', 1) / (2 * gamma)).toBeCloseTo(1, 2);
    expect(limit('l2', 0)).toBe(0);
    // However small the product of two long vectors is, it is the difference of large sums.
    expect(limit('dot', 0, 1e6)).toBeCloseTo(2e6 * gamma, 18);
    expect(limit('cosine', 0)).toBeCloseTo(4 * gamma, 18);
  });

  it.each(NUMBER_METRICS)('%s: equal vectors tie', (metric) => {
    const vector = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        const [x, y] = [Float32Array.from(a), Float32Array.from(b)];
        const d = distance(metric, x, 0, y, 0, 3);
        const margin = roundingMargin(metric, 3, 3);
        expect(distance(metric, x, 0, y.slice(), 0, 3)).toBeLessThanOrEqual(tieLimit(d, margin));
      }),
    );
  });

  it('holds for sums in any order, of whatever length and size', () => {
    const random = new Random(1);
    const uniform = () => random.uint32() / 2 ** 31 - 1;
    for (const metric of NUMBER_METRICS) {
      for (let round = 0; round < 200; round++) {
        const [common, n] = [round % 2 === 0 ? 100 : 0, 3 + random.below(500)];
        const a = Float32Array.from({ length: n }, () => common + uniform());
        const b = Float32Array.from({ length: n }, () => common + uniform());
        const [d, e] = [
          distance(metric, a, 0, b, 0, n),
          distance(metric, a.toReversed(), 0, b.toReversed(), 0, n),
        ];
        const norm = (v: Float32Array) => Math.hypot(...v);
        const margin = roundingMargin(metric, n, norm(a) * norm(b));
        expect(Math.max(d, e)).toBeLessThanOrEqual(tieLimit(Math.min(d, e), margin));
      }
    }
  });

  it('cosine: exact multiples of a vector tie, and one that points where the query does is at distance 0', () => {
    const component = fc.float({ min: Math.fround(0.01), max: 1, noNaN: true });
    const vector = fc.array(component, { minLength: 24, maxLength: 24 });
    const margin = roundingMargin('cosine', 24, 1);
    fc.assert(
      fc.property(vector, vector, fc.integer({ min: -10, max: 10 }), (a, b, power) => {
        const [query, row] = [Float32Array.from(a), Float32Array.from(b)];
        const d = distance('cosine', query, 0, row, 0, 24);
        const e = distance(
          'cosine',
          query,
          0,
          row.map((x) => x * 2 ** power),
          0,
          24,
        );
        expect(Math.max(d, e)).toBeLessThanOrEqual(tieLimit(Math.min(d, e), margin));
        // Rounded to float32, the multiple points a little elsewhere: by less than the margin from the vector itself.
        const scaled = row.map((x) => x * 0.7);
        expect(distance('cosine', row, 0, scaled, 0, 24)).toBeLessThanOrEqual(tieLimit(0, margin));
      }),
      { numRuns: 300 },
    );
  });

  it('does not tie what differs, however large what the vectors have in common', () => {
    // 100 plus noise of .003: by a millionth of |d|, all of these inner products were equal.
    const random = new Random(2);
    const vector = () =>
      Float32Array.from({ length: 384 }, () => 100 + 0.006 * (random.uint32() / 2 ** 32 - 0.5));
    const query = vector();
    const distances = Float64Array.from({ length: 300 }, () =>
      distance('dot', query, 0, vector(), 0, 384),
    ).sort();
    const truth = {
      count: 1,
      depth: 300,
      rows: Int32Array.from(distances.keys()),
      distances,
      margin: roundingMargin('dot', 384, 384 * 100.01 ** 2),
    };
    expect(tiesAtRank(truth, 10, 'dot', 1000)).toBe(0);
    expect(tiesWithin(truth, 100, 'dot')).toBe(0);
    const [score] = [new RecallScorer(truth, [10], 'dot', 10)].map((scorer) => {
      scorer.select(0);
      const rows = Int32Array.from({ length: 10 }, (_, i) => 100 + i);
      return scorer.score({ rows, distances: distances.slice(100, 110), start: 0, count: 10 });
    });
    expect(score!.ties[0]).toBe(0);
  });
});

describe('distances that are 0 but for rounding', () => {
  const vectors = (factor: number) => {
    const random = new Random(3);
    const rows = Float32Array.from({ length: 400 * 16 }, () => random.uint32() / 2 ** 32 - 0.5);
    return { rows, queries: rows.map((x) => x * factor) };
  };
  const truthFor = (factor: number): Truth => {
    const { rows, queries } = vectors(factor);
    const lists = Array.from({ length: 400 }, (_, q) =>
      Array.from(
        { length: 400 },
        (__, r) => [r, distance('cosine', queries, q * 16, rows, r * 16, 16)] as const,
      )
        .sort(([, a], [, b]) => a - b)
        .slice(0, 50),
    );
    return {
      count: 400,
      depth: 50,
      rows: Int32Array.from(lists.flat(), ([row]) => row),
      distances: Float64Array.from(lists.flat(), ([, d]) => d),
      margin: roundingMargin('cosine', 16, 1),
    };
  };

  it('are no neighbours of the intrinsic dimension: rows that ask for themselves, scaled or not', () => {
    const [plain, scaled] = [1, 0.7].map((factor) => medianIntrinsicDimension(truthFor(factor), 'cosine')!);
    expect(scaled! / plain!).toBeCloseTo(1, 3);
  });

  it('are not divided by', () => {
    const truth = {
      ...truthOf([
        [
          [1, 1e-15],
          [2, 2e-15],
        ],
      ]),
      margin: roundingMargin('cosine', 16, 1),
    };
    const errorOf = (rows: number[], distances: number[]) => {
      const scorer = new RecallScorer(truth, [2], 'cosine', 2);
      scorer.select(0);
      const list = {
        rows: Int32Array.from(rows),
        distances: Float64Array.from(distances),
        start: 0,
        count: 2,
      };
      return scorer.score(list).distanceError;
    };
    expect(errorOf([1, 2], [1e-15, 2e-15])).toBe(0);
    // Twice nothing is no figure.
    expect(errorOf([1, 3], [1e-15, 0.3])).toBeNaN();
  });
});
