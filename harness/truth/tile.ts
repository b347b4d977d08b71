import type { Metric } from '../../datasets/dataset.js';
import { cosineDistance, distance, dot } from '../measures/distance.js';

/** Row-major vectors with their squared norms in float64. */
export interface Vectors {
  values: Float32Array;
  count: number;
  dimensions: number;
  squaredNorms: Float64Array;
}

/** Consecutive rows of the dataset, `first` being the row number of the first. */
export interface Tile extends Vectors {
  first: number;
}

/**
 * Computes norms, where they are not known; `onBad` is told the first vector with a component that is not finite, and must throw.
 */
export function measured(
  values: Float32Array,
  count: number,
  dimensions: number,
  onBad: (vector: number) => never,
  squaredNorms = normsOf(values, count, dimensions),
): Vectors {
  // Squares of float32 cannot overflow float64: not finite means that a component is not.
  for (let v = 0; v < count; v++) if (!Number.isFinite(squaredNorms[v])) onBad(v);
  return { values, count, dimensions, squaredNorms };
}

function normsOf(values: Float32Array, count: number, dimensions: number): Float64Array {
  const norms = new Float64Array(count);
  for (let v = 0; v < count; v++) norms[v] = dot(values, v * dimensions, values, v * dimensions, dimensions);
  return norms;
}

const largest = new WeakMap<Float32Array, number>();

/** Largest absolute component; looked for once. */
export function largestComponent({ values, count, dimensions }: Vectors): number {
  const known = largest.get(values);
  if (known !== undefined) return known;
  let most = 0;
  for (let i = 0; i < count * dimensions; i++) {
    const size = Math.abs(values[i]!);
    if (size > most) most = size; // Math.max would wait for the one before it.
  }
  largest.set(values, most);
  return most;
}

/** The float64 distance of `harness/measures/distance.ts`, to the bit, without computing norms again. */
export function distanceOf(
  metric: Metric,
  queries: Vectors,
  query: number,
  tile: Vectors,
  row: number,
): number {
  const { dimensions } = tile;
  const [a, b] = [query * dimensions, row * dimensions];
  if (metric !== 'cosine') return distance(metric, queries.values, a, tile.values, b, dimensions);
  const product = dot(queries.values, a, tile.values, b, dimensions);
  return cosineDistance(product, queries.squaredNorms[query]!, tile.squaredNorms[row]!);
}
