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

/**
 * Inner product in float64. Four sums side by side: one sum would wait for each addition to finish. The order is
 * part of the definition, since everything that compares distances relies on the same bits.
 */
export function dot(
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  dimensions: number,
): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = dimensions - (dimensions % 4);
  for (let i = 0; i < whole; i += 4) {
    s0 += a[aStart + i]! * b[bStart + i]!;
    s1 += a[aStart + i + 1]! * b[bStart + i + 1]!;
    s2 += a[aStart + i + 2]! * b[bStart + i + 2]!;
    s3 += a[aStart + i + 3]! * b[bStart + i + 3]!;
  }
  for (let i = whole; i < dimensions; i++) s0 += a[aStart + i]! * b[bStart + i]!;
  return s0 + s1 + (s2 + s3);
}

function squared(
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  dimensions: number,
): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = dimensions - (dimensions % 4);
  for (let i = 0; i < whole; i += 4) {
    const d0 = a[aStart + i]! - b[bStart + i]!;
    const d1 = a[aStart + i + 1]! - b[bStart + i + 1]!;
    const d2 = a[aStart + i + 2]! - b[bStart + i + 2]!;
    const d3 = a[aStart + i + 3]! - b[bStart + i + 3]!;
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (let i = whole; i < dimensions; i++) {
    const d = a[aStart + i]! - b[bStart + i]!;
    s0 += d * d;
  }
  return s0 + s1 + (s2 + s3);
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
