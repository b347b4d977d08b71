import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EPSILON, RecallScorer } from '../../../harness/measures/recall.js';
import { truthOf } from './samples.js';

/** Rows of a small dataset at few different distances: `levels[row]` quarters. */
const dataset = fc
  .array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 9 })
  // One that is farther than all: the truth does not end within a tie.
  .map((levels) => [...levels, 100]);

/** Every list of k rows that an exact search may give: ties in any order. */
function everyTruth(levels: readonly number[], k: number): number[][] {
  const sorted = [...levels.keys()].sort((a, b) => levels[a]! - levels[b]!);
  const last = levels[sorted[k - 1]!]!;
  const nearer = sorted.filter((row) => levels[row]! < last);
  const tied = sorted.filter((row) => levels[row] === last);
  return subsets(tied, k - nearer.length).map((some) => [...nearer, ...some]);
}

function subsets(of: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  return of.flatMap((first, i) => subsets(of.slice(i + 1), size - 1).map((rest) => [first, ...rest]));
}

function scored(levels: readonly number[], returned: readonly number[], k: number, depth: number) {
  const order = [...levels.keys()].sort((a, b) => levels[a]! - levels[b]! || a - b).slice(0, depth);
  const scorer = new RecallScorer(
    truthOf([order.map((row) => [row, levels[row]! / 4] as const)]),
    [k],
    'l2',
    20,
  );
  scorer.select(0);
  return scorer.score({
    rows: Int32Array.from(returned),
    distances: Float64Array.from(returned, (row) => levels[row]! / 4),
    start: 0,
    count: returned.length,
  });
}

describe('recall by id', () => {
  it('lies between what the luckiest and the unluckiest order of ties would give', () => {
    fc.assert(
      fc.property(
        dataset,
        fc.integer({ min: 1, max: 6 }),
        fc.infiniteStream(fc.nat()),
        (levels, wanted, random) => {
          const k = Math.min(wanted, levels.length - 1);
          const returned = [...new Set(Array.from({ length: k }, () => random.next().value % levels.length))];
          const all = everyTruth(levels, k).map(
            (rows) => rows.filter((row) => returned.includes(row)).length / k,
          );
          const { recall, least, most } = scored(levels, returned, k, levels.length);
          expect(least[0]).toBeCloseTo(Math.min(...all), 12);
          expect(most[0]).toBeCloseTo(Math.max(...all), 12);
          expect(recall[0]).toBeGreaterThanOrEqual(least[0]! - 1e-12);
          expect(recall[0]).toBeLessThanOrEqual(most[0]! + 1e-12);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is bounded from below by the nearer rows alone where the truth ends within a tie', () => {
    // Rows 0 to 5 at one distance behind row 6; the truth keeps three of them.
    const levels = [1, 1, 1, 1, 1, 1, 0];
    expect(scored(levels, [6, 5, 4], 3, 4)).toMatchObject({
      least: Float64Array.of(1 / 3),
      most: Float64Array.of(1),
    });
    expect(scored(levels, [6, 5, 4], 3, 7)).toMatchObject({
      least: Float64Array.of(1 / 3),
      most: Float64Array.of(1),
    });
    expect(scored(levels, [6, 5, 4, 3, 2, 1, 0], 7, 7)).toMatchObject({
      least: Float64Array.of(1),
      most: Float64Array.of(1),
    });
  });
});

describe('recall of ann-benchmarks', () => {
  it('counts what is at most 10⁻³ farther than the k-th neighbour, a repeated id each time', () => {
    const exact = [0.1, 0.2, 0.3].map((distance, row) => [row, distance] as const);
    const scorer = new RecallScorer(truthOf([exact]), [3], 'l2', 4);
    scorer.select(0);
    const of = (distances: number[], rows = distances.map((_, i) => 10 + i)) =>
      scorer.score({
        rows: Int32Array.from(rows),
        distances: Float64Array.from(distances),
        start: 0,
        count: rows.length,
      }).epsilon[0];
    expect(of([0.1, 0.2, 0.3 + EPSILON * 0.9])).toBe(1);
    expect(of([0.1, 0.2, 0.3 + EPSILON * 1.1])).toBeCloseTo(2 / 3, 12);
    expect(of([0.1, 0.1, 0.1], [0, 0, 0])).toBe(1);
  });
});
