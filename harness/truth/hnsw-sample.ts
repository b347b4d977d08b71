import { messageOf } from '../../common/errors.js';
import type { NumberMetric } from '../../datasets/dataset.js';
import { distance } from '../measures/distance.js';
import { TopLists } from './top-lists.js';

/** hnswlib's and usearch's usual settings. */
export const DEFAULT_HNSW = { m: 16, efConstruction: 128, ef: 64 } as const;

export interface HnswSample {
  metric: NumberMetric;
  dimensions: number;
  /** Row-major. */
  points: Float32Array;
  queries: Float32Array;
  /** By query its row among the points, if it is one itself; -1: none. */
  own: Int32Array;
  k: number;
  signal?: AbortSignal | undefined;
}

export type HnswRecall =
  | { state: 'measured'; recall: Float64Array }
  | { state: 'unmeasured'; reason: string };

const CHUNK = 1000;

/**
 * Recall@k by query of a default HNSW index (usearch, which is an optional package) over a sample of points, against the
 * sample's exact neighbours. Ties count: a hit is no farther than the exact k-th.
 */
export async function hnswRecall(sample: HnswSample): Promise<HnswRecall> {
  const { metric, dimensions, points, queries, own, k, signal } = sample;
  let usearch: typeof import('usearch');
  try {
    usearch = await import('usearch');
  } catch (error) {
    return { state: 'unmeasured', reason: `usearch is not installed: ${messageOf(error).split('\n')[0]}` };
  }
  const index = new usearch.Index({
    dimensions,
    metric: { cosine: 'cos', l2: 'l2sq', dot: 'ip' }[metric] as never,
    quantization: 'f32' as never,
    connectivity: DEFAULT_HNSW.m,
    expansion_add: DEFAULT_HNSW.efConstruction,
    expansion_search: DEFAULT_HNSW.ef,
    multi: false,
  });
  const count = points.length / dimensions;
  for (let start = 0; start < count; start += CHUNK) {
    signal?.throwIfAborted();
    const rows = Math.min(CHUNK, count - start);
    const keys = BigUint64Array.from({ length: rows }, (_, i) => BigInt(start + i));
    index.add(keys, points.slice(start * dimensions, (start + rows) * dimensions), 1);
    // A long loop of native calls: others get their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const recall = new Float64Array(own.length);
  for (let q = 0; q < own.length; q++) {
    const exact = exactDistances(sample, q);
    const query = queries.slice(q * dimensions, (q + 1) * dimensions);
    const { keys } = index.search(query, k + 1, 1);
    const found = Array.from(keys, Number)
      .filter((row) => row !== own[q])
      .slice(0, k);
    const limit = exact[exact.length - 1]!;
    const hits = found.filter(
      (row) => distance(metric, queries, q * dimensions, points, row * dimensions, dimensions) <= limit,
    );
    recall[q] = hits.length / exact.length;
  }
  return { state: 'measured', recall };
}

function exactDistances(
  { metric, dimensions, points, queries, own, k }: HnswSample,
  q: number,
): Float64Array {
  const count = points.length / dimensions;
  const list = new TopLists(1, Math.min(k, own[q]! >= 0 ? count - 1 : count));
  for (let row = 0; row < count; row++) {
    if (row !== own[q])
      list.offer(0, row, distance(metric, queries, q * dimensions, points, row * dimensions, dimensions));
  }
  return list.distances;
}
