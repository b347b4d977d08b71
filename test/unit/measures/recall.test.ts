import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../../datasets/dataset.js';
import { distance, TIE_MARGIN, tieLimit } from '../../../harness/measures/distance.js';
import { RecallScorer } from '../../../harness/measures/recall.js';
import { truthOf } from './samples.js';

/** The definition, with sets. */
function slowly(returned: readonly number[], truth: readonly (readonly [number, number])[], k: number) {
  const nearest = truth.slice(0, k);
  const hits = [...new Set(returned.slice(0, k))];
  const limit = tieLimit(nearest.at(-1)![1], 'l2');
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
  it('of l2 and dot scales with the data', () => {
    for (const scale of [1e-30, 1, 1e30]) {
      expect(tieLimit(scale, 'l2') / scale).toBeCloseTo(1 + TIE_MARGIN, 12);
      expect(tieLimit(-scale, 'dot')).toBeGreaterThan(-scale);
      expect(tieLimit(-scale, 'dot') / -scale).toBeCloseTo(1 - TIE_MARGIN, 12);
    }
    expect(tieLimit(0, 'l2')).toBe(0);
  });

  it.each(METRICS)('%s: equal vectors tie', (metric) => {
    const vector = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        const [x, y] = [Float32Array.from(a), Float32Array.from(b)];
        const d = distance(metric, x, 0, y, 0, 3);
        expect(distance(metric, x, 0, y.slice(), 0, 3)).toBeLessThanOrEqual(tieLimit(d, metric));
      }),
    );
  });

  it('cosine: multiples of a vector tie, also those that are rounded and those that point where the query does', () => {
    const component = fc.float({ min: Math.fround(0.01), max: 1, noNaN: true });
    const vector = fc.array(component, { minLength: 24, maxLength: 24 });
    const factor = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(vector, vector, factor, fc.boolean(), (a, b, times, same) => {
        const query = Float32Array.from(a);
        const row = same ? query.slice() : Float32Array.from(b);
        const multiple = row.map((x) => x * times);
        const d = distance('cosine', query, 0, row, 0, row.length);
        const e = distance('cosine', query, 0, multiple, 0, row.length);
        expect(e).toBeLessThanOrEqual(tieLimit(d, 'cosine'));
        expect(d).toBeLessThanOrEqual(tieLimit(e, 'cosine'));
      }),
      { numRuns: 500 },
    );
  });

  it('does not tie what differs by more than the margin', () => {
    expect(0.3 * (1 + 3e-6)).toBeGreaterThan(tieLimit(0.3, 'cosine'));
    expect(1e-9).toBeGreaterThan(tieLimit(0, 'cosine'));
  });
});
