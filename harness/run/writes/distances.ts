import type { Metric } from '../../../datasets/dataset.js';
import { distance } from '../../measures/distance.js';
import type { Samples } from '../../model/samples.js';
import type { WriteLog } from '../../model/writes.js';
import type { WrittenVectors } from './vectors.js';

/**
 * Fills `samples.distances`: of a point that is written, with its vector of when the query was sent, or, while the write
 * was on its way, as it was before.
 */
export function writtenDistances(
  samples: Samples,
  queries: readonly Float32Array[],
  { writes, points: count }: Pick<WriteLog, 'writes' | 'points'>,
  vectors: WrittenVectors,
  metric: Metric,
): void {
  const { k, rows, distances, query, sent } = samples;
  const byRow = new Map(writes.map((write) => [write.row, write]));
  const known = new Map<string, number>();
  for (let i = 0; i < samples.length; i++) {
    const vector = queries[query[i]!]!;
    for (let j = i * k; j < i * k + Math.max(0, samples.returned[i]!); j++) {
      const row = rows[j]!;
      if (row < 0) continue;
      const write = byRow.get(row);
      const after = write !== undefined && write.acknowledged !== null && write.acknowledged <= sent[i]!;
      const isNew = write !== undefined && (row >= count || (after && write.kind === 'update'));
      const key = `${query[i]} ${row} ${isNew}`;
      let d = known.get(key);
      if (d === undefined) {
        const other = isNew ? vectors.written(vectors.writeOf(row)!) : vectors.loaded(row);
        d = distance(metric, vector, 0, other, 0, vector.length);
        known.set(key, d);
      }
      distances[j] = d;
    }
  }
}
