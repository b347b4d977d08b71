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
  const product = dot(a, aStart, b, bStart, dimensions);
  return cosineDistance(
    product,
    dot(a, aStart, a, aStart, dimensions),
    dot(b, bStart, b, bStart, dimensions),
  );
}

/** Cosine distance from a·b and the squared norms a·a and b·b, for callers that keep the norms. */
export function cosineDistance(product: number, squaredNormA: number, squaredNormB: number): number {
  const norms = squaredNormA * squaredNormB;
  return norms === 0 ? 1 : 1 - product / Math.sqrt(norms);
}

/** Inner product in float64, summed in the order of the components. */
export function dot(
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  dimensions: number,
): number {
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

/**
 * Absolute margin for cosine. `1 - x` cancels near 0, so there its error is absolute: about 1e-15 for the
 * float64 sums and for vectors that are float32 multiples of each other. 1e-12 is an angle of 1.4e-6 rad.
 */
export const COSINE_TIE_MARGIN = 1e-12;

/**
 * Largest distance that still counts as tied with `d`. Relative, so that it does not depend on the data's scale
 * (the scale of cosine is fixed), and right for the negative distances of `dot` too.
 */
export function tieLimit(d: number, metric: Metric): number {
  return d + TIE_MARGIN * Math.abs(d) + (metric === 'cosine' ? COSINE_TIE_MARGIN : 0);
}
