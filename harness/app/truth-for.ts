import type { Metric, PreparedVectors, ProvidedTruth } from '../../datasets/dataset.js';
import { distance, tieLimit } from '../measures/distance.js';
import { medianIntrinsicDimension } from '../measures/intrinsic.js';
import type { Manifest } from '../model/manifest.js';
import type { Truth } from '../model/samples.js';
import { loadOrComputeTruth } from '../truth/cache.js';
import { tiesAtRank } from '../truth/ties.js';
import { type Context, preparation } from './context.js';
import type { Data } from './data.js';
import { cutToK, selectionsOf } from './selections.js';

/** Neighbours kept even where k is small: the data's intrinsic dimension is estimated from them. */
const DEPTH = 100;

/** The exact neighbours of a run's queries, deep enough to see ties behind rank k, and what they say of the data. */
export async function truthFor(
  context: Context,
  data: Data,
  ks: readonly number[],
): Promise<{
  truth: Truth;
  record: Manifest['truth'];
  warnings: string[];
}> {
  const { info, vectors, queries, grouped } = data;
  const k = ks.at(-1)!;
  const warnings: string[] = [];
  const truth = await loadOrComputeTruth({
    cacheFolder: context.cache,
    datasetHash: info.hash,
    queriesHash: data.hash,
    vectors,
    queries,
    metric: info.metric,
    k: Math.min(Math.max(DEPTH, k + 1), info.count),
    selections: grouped && selectionsOf(grouped, data.metadata),
    signal: context.signal,
    onProgress: tilesOf(context, info.count),
    onWarning: (text) => warnings.push(text),
  });
  // A file's own neighbours are those of its own queries, without filters.
  const provided = grouped === undefined ? await data.dataset.providedTruth(data.set) : undefined;
  const record = {
    kernel: truth.kernel,
    depth: truth.depth,
    seconds: truth.seconds,
    fromCache: truth.fromCache,
    ties: tieShares(truth, ks, info.metric, info.count),
    intrinsicDimension: medianIntrinsicDimension(truth, info.metric) ?? null,
    providedAgreement:
      provided === undefined ? null : agreement(provided, truth, info.metric, vectors, queries, k),
  };
  return { truth: grouped === undefined ? truth : cutToK(truth, grouped, k), record, warnings };
}

/** Progress in points compared with all queries: a tile of them says nothing to anybody. */
export function tilesOf(context: Context, count: number): (done: number, total: number) => void {
  const told = preparation(context, 'exact neighbours', 'points');
  return (done, total) => told(Math.round((done / total) * count), count);
}

function tieShares(
  truth: Truth,
  ks: readonly number[],
  metric: Metric,
  count: number,
): Record<string, number> {
  const shares = ks.map((k) => [String(k), tiesAtRank(truth, k, metric, count)] as const);
  return Object.fromEntries(
    shares.filter((pair): pair is readonly [string, number] => pair[1] !== undefined),
  );
}

/** Share of the file's own neighbours (first k) that are no farther than the exact k-th, ties included. */
function agreement(
  provided: ProvidedTruth,
  truth: Truth,
  metric: Metric,
  vectors: PreparedVectors,
  queries: Float32Array,
  k: number,
): number | null {
  const depth = Math.min(k, provided.k, truth.depth);
  const row = new Float32Array(vectors.dimensions);
  let hits = 0;
  for (let q = 0; q < truth.count; q++) {
    const limit = tieLimit(truth.distances[q * truth.depth + depth - 1]!, metric);
    for (let j = 0; j < depth; j++) {
      const at = provided.rows[q * provided.k + j]!;
      if (at < 0 || at >= vectors.count) continue;
      vectors.read(at, 1, row);
      if (distance(metric, queries, q * vectors.dimensions, row, 0, vectors.dimensions) <= limit) hits++;
    }
  }
  return truth.count === 0 || depth === 0 ? null : hits / (truth.count * depth);
}
