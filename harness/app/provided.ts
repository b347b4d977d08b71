import type { Metric, PreparedVectors, ProvidedNeighbors, ProvidedTruth } from '../../datasets/dataset.js';
import { BIT_METRICS, isBitMetric, NUMBER_METRICS } from '../../datasets/dataset.js';
import { distance, marginOf, tieLimit } from '../measures/distance.js';
import type { Truth } from '../model/samples.js';
import { marginFor } from '../truth/margin.js';

/** Below this share, a file's own neighbours are not those of its vectors under the metric. */
const AGREES = 0.99;
/** Multiplications that finding the cause may take: some seconds. */
const BUDGET = 2e9;
const MOST_QUERIES = 50;

export interface Comparison {
  /** Share of the file's own neighbours (first k) that are no farther than the exact k-th, ties included. */
  agreement: number | null;
  /** What is wrong with them and the likely cause; null: nothing. */
  note: string | null;
}

interface Vectors {
  metric: Metric;
  vectors: PreparedVectors;
  /** Row-major. */
  queries: Float32Array;
}

/** Compares a file's own neighbours with the truth, and looks for the cause where they disagree. */
export function compareProvided(provided: ProvidedTruth, truth: Truth, data: Vectors, k: number): Comparison {
  if (provided.state === 'unusable') {
    return {
      agreement: null,
      note: `the dataset's own neighbours could not be compared with the truth: ${provided.reason}`,
    };
  }
  const depth = Math.min(k, provided.k, truth.depth);
  if (truth.count === 0 || depth === 0) return { agreement: null, note: null };
  const margin = marginOf(truth, data.metric);
  const limits = Float64Array.from({ length: truth.count }, (_, q) =>
    tieLimit(truth.distances[q * truth.depth + depth - 1]!, margin),
  );
  const agreement = shareWithin(provided, data, limits, depth, 0);
  if (agreement >= AGREES) return { agreement, note: null };
  const cause = likelyCause(provided, data, limits, depth, agreement);
  const note = `only ${percent(agreement)} of the dataset's own neighbours agree with the exact ones by ${data.metric} (first ${depth}, ties included): ${cause}`;
  return { agreement, note };
}

/** @param limits by query: how far a neighbour may be; as many queries are compared */
function shareWithin(
  { rows, k }: ProvidedNeighbors,
  { metric, vectors, queries }: Vectors,
  limits: Float64Array,
  depth: number,
  shift: number,
): number {
  const row = new Float32Array(vectors.dimensions);
  let hits = 0;
  for (let q = 0; q < limits.length; q++) {
    for (let j = 0; j < depth; j++) {
      const at = rows[q * k + j]! + shift;
      if (at < 0 || at >= vectors.count) continue;
      vectors.read(at, 1, row);
      const far = distance(metric, queries, q * vectors.dimensions, row, 0, vectors.dimensions);
      if (far <= limits[q]!) hits++;
    }
  }
  return hits / (limits.length * depth);
}

function likelyCause(
  provided: ProvidedNeighbors,
  data: Vectors,
  limits: Float64Array,
  depth: number,
  agreement: number,
): string {
  const better = Math.max(0.9, agreement + 0.05);
  for (const [shift, words] of [
    [-1, 'they count the points from 1'],
    [1, 'they are one too low'],
  ] as const) {
    const share = shareWithin(provided, data, limits, depth, shift);
    if (share >= better) return `${words} (then ${percent(share)} agree)`;
  }
  const { metric, vectors } = data;
  const others = (isBitMetric(metric) ? BIT_METRICS : NUMBER_METRICS).filter((each) => each !== metric);
  const count = Math.min(
    limits.length,
    MOST_QUERIES,
    Math.floor(BUDGET / (vectors.count * vectors.dimensions * others.length)),
  );
  if (count < 1) return 'the points are too many to look for the cause';
  const best = others
    .map((other) => {
      const far = kthDistances({ ...data, metric: other }, count, depth);
      return { other, share: shareWithin(provided, { ...data, metric: other }, far, depth, 0) };
    })
    .sort((a, b) => b.share - a.share)[0]!;
  if (best.share >= better) {
    const normalised =
      metric === 'dot' && best.other === 'cosine' ? ': these vectors are not normalised' : '';
    return `they are those by ${best.other} (${percent(best.share)} agree)${normalised}; set the metric that is meant (--metric, or dataset.metric)`;
  }
  return 'they may be of other points, of a part of them, of filtered queries, or of vectors before normalisation or rounding';
}

/** By query: the exact distance of its k-th neighbour, with the margin of ties. */
function kthDistances({ metric, vectors, queries }: Vectors, count: number, k: number): Float64Array {
  const { dimensions } = vectors;
  const nearest = Array.from({ length: count }, () => new Float64Array(k).fill(Number.POSITIVE_INFINITY));
  const step = Math.max(1, Math.floor((1 << 20) / dimensions));
  const block = new Float32Array(step * dimensions);
  for (let start = 0; start < vectors.count; start += step) {
    const rows = Math.min(step, vectors.count - start);
    vectors.read(start, rows, block);
    for (const [q, list] of nearest.entries()) {
      for (let i = 0; i < rows; i++) {
        const far = distance(metric, queries, q * dimensions, block, i * dimensions, dimensions);
        if (far < list[k - 1]!) insert(list, far);
      }
    }
  }
  const margin = marginFor(vectors, queries, metric);
  return Float64Array.from(nearest, (list) => tieLimit(list[k - 1]!, margin));
}

function insert(sorted: Float64Array, value: number): void {
  let at = sorted.length - 1;
  for (; at > 0 && sorted[at - 1]! > value; at--) sorted[at] = sorted[at - 1]!;
  sorted[at] = value;
}

/** Queries whose vector is exactly that of their nearest point: finding it is no achievement. */
export function queriesAmongPoints(truth: Truth, { vectors, queries }: Vectors): number {
  const { dimensions } = vectors;
  const row = new Float32Array(dimensions);
  let equal = 0;
  for (let q = 0; q < truth.count; q++) {
    const nearest = truth.rows[q * truth.depth]!;
    if (nearest < 0) continue;
    vectors.read(nearest, 1, row);
    if (row.every((value, i) => value === queries[q * dimensions + i])) equal++;
  }
  return equal;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
