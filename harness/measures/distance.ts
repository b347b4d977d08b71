import type { Metric } from '../../datasets/dataset.js';

/**
 * Distance of two vectors in float64, smaller is nearer:
 * `cosine` 1 - a·b/(|a||b|), `dot` -a·b, `l2` the Euclidean distance (root, not squared).
 * A zero vector under cosine has distance 1 to everything.
 *
 * @param a vector `a[aStart .. aStart+dimensions]`
 * @param b vector `b[bStart .. bStart+dimensions]`
 */
export function distance(
  metric: Metric,
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  dimensions: number,
): number {
  if (metric === 'l2') return Math.sqrt(squared(a, aStart, b, bStart, dimensions));
  if (metric === 'dot') return -dot(a, aStart, b, bStart, dimensions);
  const norms = dot(a, aStart, a, aStart, dimensions) * dot(b, bStart, b, bStart, dimensions);
  return norms === 0 ? 1 : 1 - dot(a, aStart, b, bStart, dimensions) / Math.sqrt(norms);
}

function dot(a: Float32Array, aStart: number, b: Float32Array, bStart: number, dimensions: number): number {
  let sum = 0;
  for (let i = 0; i < dimensions; i++) sum += a[aStart + i]! * b[bStart + i]!;
  return sum;
}

function squared(
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  dimensions: number,
): number {
  let sum = 0;
  for (let i = 0; i < dimensions; i++) {
    const d = a[aStart + i]! - b[bStart + i]!;
    sum += d * d;
  }
  return sum;
}

/** Relative margin within which two distances count as tied. */
export const TIE_MARGIN = 1e-6;

/** Largest distance that still counts as tied with `d`; works for the negative distances of `dot` too. */
export function tieLimit(d: number): number {
  return d + TIE_MARGIN * Math.abs(d);
}
