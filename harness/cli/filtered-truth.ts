import type { Metric, PreparedVectors } from '../../datasets/dataset.js';
import type { PreparedMetadata } from '../../datasets/prepare.js';
import type { Filter } from '../../filters/filter.js';
import { matches } from '../../filters/matches.js';
import { distance } from '../measures/distance.js';
import type { ComputedTruth } from '../truth/compute.js';
import { TopLists } from '../truth/top-lists.js';

export interface FilteredTruth extends ComputedTruth {
  /** By query the points that pass its filter; all points where it has none. */
  matches: Int32Array;
}

const BATCH = 1024;

/** Exact neighbours among the points that pass each query's filter, the plain way: every passing row is compared. */
export function plainFilteredTruth(
  vectors: PreparedVectors,
  metadata: PreparedMetadata | undefined,
  queries: Float32Array,
  {
    filters,
    filterOf,
    metric,
    k,
  }: { filters: readonly Filter[]; filterOf: Int32Array; metric: Metric; k: number },
): FilteredTruth {
  const began = performance.now();
  const { count, dimensions } = vectors;
  const lists = new TopLists(filterOf.length, Math.min(k, count));
  const passing = new Int32Array(filters.length);
  const block = new Float32Array(BATCH * dimensions);
  for (let start = 0; start < count; start += BATCH) {
    const rows = Math.min(BATCH, count - start);
    vectors.read(start, rows, block);
    // Without metadata there are no filters either.
    const columns = metadata?.read(start, rows).columns ?? {};
    const passed = filters.map((filter) => {
      const found: number[] = [];
      for (let i = 0; i < rows; i++) if (matches(filter, (name) => columns[name]?.[i])) found.push(i);
      return found;
    });
    const every = Array.from({ length: rows }, (_, i) => i);
    passed.forEach((found, f) => {
      passing[f] = passing[f]! + found.length;
    });
    for (let q = 0; q < filterOf.length; q++) {
      for (const i of filterOf[q]! < 0 ? every : passed[filterOf[q]!]!)
        lists.offer(
          q,
          start + i,
          distance(metric, queries, q * dimensions, block, i * dimensions, dimensions),
        );
    }
  }
  return {
    count: filterOf.length,
    depth: lists.depth,
    rows: lists.rows,
    distances: lists.distances,
    kernel: 'float64',
    seconds: (performance.now() - began) / 1000,
    matches: Int32Array.from(filterOf, (f) => (f < 0 ? count : passing[f]!)),
  };
}
