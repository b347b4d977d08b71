import type { Metric } from '../../datasets/dataset.js';
import type { Truth } from '../model/samples.js';
import { comparesBits, marginOf, tieLimit } from './distance.js';

/** Fewer neighbours than this give an estimate of no use. */
const FEWEST = 10;

/**
 * Median over queries of the maximum-likelihood local intrinsic dimension (Amsaleg et al. 2015):
 * -1 / mean(ln(d_i / d_k)) over a query's exact neighbours, k of them. How hard the data is to index: random data has
 * as many as it has dimensions, embeddings far fewer. Cosine distances are turned into the Euclidean distances of the
 * normalised vectors first, so that the figure compares with that of `l2`. Neighbours at
 * distance 0, but for rounding, are left out: the logarithm of rounding noise is large, and no distance.
 * Undefined for `dot`, which is no distance, for distances of bits, which take few values, and where no query has ten neighbours at different distances.
 */
export function medianIntrinsicDimension(truth: Truth, metric: Metric): number | undefined {
  if (metric === 'dot' || comparesBits(metric)) return undefined;
  const zero = tieLimit(0, marginOf(truth, metric));
  const estimates: number[] = [];
  for (let query = 0; query < truth.count; query++) {
    const distances = truth.distances.subarray(query * truth.depth, (query + 1) * truth.depth);
    const apart = distances.filter((d) => d > zero);
    const estimate = localIntrinsicDimension(
      metric === 'cosine' ? apart.map((d) => Math.sqrt(2 * d)) : apart,
    );
    if (estimate !== undefined) estimates.push(estimate);
  }
  if (estimates.length === 0) return undefined;
  estimates.sort((a, b) => a - b);
  const middle = estimates.length >> 1;
  return estimates.length % 2 === 1 ? estimates[middle] : (estimates[middle - 1]! + estimates[middle]!) / 2;
}

/** The estimate for one query, from its neighbours' Euclidean distances, ascending. */
export function localIntrinsicDimension(distances: Float64Array): number | undefined {
  const positive = distances.filter((d) => d > 0);
  const farthest = positive.at(-1);
  if (farthest === undefined || positive.length < FEWEST) return undefined;
  const sum = positive.reduce((total, d) => total + Math.log(d / farthest), 0);
  return sum === 0 ? undefined : -positive.length / sum;
}
