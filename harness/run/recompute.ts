import type { Metric, PreparedVectors } from '../../datasets/dataset.js';
import { distance } from '../measures/distance.js';
import type { Samples } from '../model/samples.js';

/**
 * Fills `samples.distances` from the dataset's own vectors, in float64: what the engine claims is checked against
 * this. Runs outside the timed region; one row is read at a time, so that memory stays the engine's.
 */
export function recomputeDistances(
  samples: Samples,
  metric: Metric,
  vectors: PreparedVectors,
  queries: readonly Float32Array[],
): void {
  const { k, rows, distances, query } = samples;
  const row = new Float32Array(vectors.dimensions);
  const known = new Map<number, number>();
  for (let i = 0; i < samples.length; i++) {
    const vector = queries[query[i]!]!;
    for (let j = i * k; j < i * k + Math.max(0, samples.returned[i]!); j++) {
      const at = rows[j]!;
      if (at < 0) continue;
      const pair = query[i]! * vectors.count + at;
      let d = known.get(pair);
      if (d === undefined) {
        vectors.read(at, 1, row);
        d = distance(metric, vector, 0, row, 0, vectors.dimensions);
        known.set(pair, d);
      }
      distances[j] = d;
    }
  }
}
