import type { Metric } from '../../datasets/dataset.js';
import { type Margin, marginOf, tieLimit } from '../measures/distance.js';
import type { Truth } from '../model/samples.js';

/**
 * Share of the queries whose distances at ranks k and k+1 tie (within the tie margin): their exact top-k is not
 * unique, and recall by id can be below 1 for an exact engine. Needs a truth deeper than k; undefined where it is
 * not, or without queries. 0 where k takes in the whole dataset (`count` rows).
 */
export function tiesAtRank(truth: Truth, k: number, metric: Metric, count: number): number | undefined {
  if (truth.count === 0) return undefined;
  if (k >= count) return 0;
  if (truth.depth <= k) return undefined;
  const margin = marginOf(truth, metric);
  return share(truth, (start) => tied(truth, start + k - 1, margin));
}

/** Share of the queries with a tie between two neighbouring ranks within the top k: their order is not unique. */
export function tiesWithin(truth: Truth, k: number, metric: Metric): number | undefined {
  if (truth.count === 0 || truth.depth < Math.min(2, k)) return undefined;
  const last = Math.min(k, truth.depth) - 1;
  const margin = marginOf(truth, metric);
  return share(truth, (start) => {
    for (let rank = 0; rank < last; rank++) if (tied(truth, start + rank, margin)) return true;
    return false;
  });
}

function tied({ distances }: Truth, at: number, margin: Margin): boolean {
  return distances[at + 1]! <= tieLimit(distances[at]!, margin);
}

function share(truth: Truth, holds: (start: number) => boolean): number {
  let count = 0;
  for (let query = 0; query < truth.count; query++) if (holds(query * truth.depth)) count++;
  return count / truth.count;
}
