import { describe, expect, test } from 'vitest';
import { METRICS, type PreparedVectors } from '../../../datasets/dataset.js';
import { distance } from '../../../harness/measures/distance.js';
import { recomputeDistances } from '../../../harness/run/recompute.js';
import { emptySamples } from '../../../harness/store/samples.js';

const ROWS = [
  [1, 0, 0],
  [0, 2, 0],
  [0.1, 0.2, 0.30000001192092896],
];

/** Vectors in memory that count how often a row is read. */
function vectors(): PreparedVectors & { reads: number[] } {
  const reads: number[] = [];
  return {
    file: '',
    count: ROWS.length,
    dimensions: 3,
    reads,
    read: (start, count, into) => {
      expect(count).toBe(1);
      reads.push(start);
      into.set(ROWS[start]!);
    },
    close: () => undefined,
  };
}

const queries = [Float32Array.of(1, 1, 0), Float32Array.of(0, 0, 3)];

function samples() {
  const made = emptySamples(3, 3);
  made.query.set([0, 1, 0]);
  made.returned.set([3, 2, -1]);
  made.rows.set([0, 1, 2, 2, -2, -1, -1, -1, -1]);
  return made;
}

describe('recomputed distances', () => {
  test.each(METRICS)('are those of the dataset’s vectors by %s, in float64', (metric) => {
    const given = samples();
    recomputeDistances(given, metric, vectors(), queries);
    const between = (q: number, row: number) =>
      distance(metric, queries[q]!, 0, Float32Array.from(ROWS[row]!), 0, 3);
    expect(Array.from(given.distances.subarray(0, 4))).toEqual([
      between(0, 0),
      between(0, 1),
      between(0, 2),
      between(1, 2),
    ]);
  });

  test('by hand', () => {
    const given = samples();
    recomputeDistances(given, 'l2', vectors(), queries);
    expect(given.distances[0]).toBe(1);
    expect(given.distances[1]).toBe(Math.sqrt(2));
    recomputeDistances(given, 'cosine', vectors(), queries);
    expect(given.distances[0]).toBeCloseTo(1 - 1 / Math.sqrt(2), 15);
    recomputeDistances(given, 'dot', vectors(), queries);
    expect(given.distances[1]).toBe(-2);
  });

  test('are absent for unknown keys, for places that were not filled and for queries that failed', () => {
    const given = samples();
    recomputeDistances(given, 'l2', vectors(), queries);
    expect(Array.from(given.distances.subarray(4))).toEqual(Array(5).fill(Number.NaN));
  });

  test('are computed once for each pair, however often it comes', () => {
    const given = emptySamples(4, 2);
    given.returned.fill(2);
    given.rows.set([0, 1, 1, 0, 0, 0, 1, 1]);
    const data = vectors();
    recomputeDistances(given, 'l2', data, queries);
    expect(data.reads).toEqual([0, 1]);
    expect(given.distances.some(Number.isNaN)).toBe(false);
  });
});
