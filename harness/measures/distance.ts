import type { Metric } from '../../datasets/dataset.js';

/**
 * Distance of two vectors in float64, smaller is nearer:
 * `cosine` 1 - a·b/(|a||b|), `dot` -a·b, `l2` the Euclidean distance (root, not squared).
 * A zero vector under cosine has distance 1 to everything. Of bits (components of 0 and 1): `hamming` the number of those that differ,
 * `jaccard` 1 - both / either, and 1 where neither has any.
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
  if (metric === 'hamming') return squared(a, aStart, b, bStart, dimensions);
  const product = dot(a, aStart, b, bStart, dimensions);
  const [ofA, ofB] = [dot(a, aStart, a, aStart, dimensions), dot(b, bStart, b, bStart, dimensions)];
  return metric === 'jaccard'
    ? jaccardDistance(product, ofA + ofB - product)
    : cosineDistance(product, ofA, ofB);
}

export function comparesBits(metric: Metric): boolean {
  return metric === 'hamming' || metric === 'jaccard';
}

/** Of two vectors of bits, from the numbers of bits that both and that either has. */
export function jaccardDistance(both: number, either: number): number {
  return either === 0 ? 1 : 1 - both / either;
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

/** How far apart two distances may be computed whose exact values are equal. */
export interface Margin {
  /** Share of the distance. */
  relative: number;
  absolute: number;
}

/** Unit roundoff of what a sum is computed in. */
export const ROUNDOFF = { float32: 2 ** -24, float64: 2 ** -53 } as const;
/** Roundings beside the sum: differences, norms, root, quotient, `1 - x`. */
const EXTRA_ROUNDINGS = 16;
/** Of truths that do not say how they were rounded: more than nearly all embeddings have. */
const MOST_DIMENSIONS = 4096;

/**
 * The margin of ties: twice what the float64 sum of a distance can be off by, for any order of summation (Higham, Accuracy
 * and Stability of Numerical Algorithms, 2nd ed., §3.1: |fl(x·y) - x·y| <= γ_n |x|·|y|, γ_n = nu / (1 - nu), u = 2^-53; an engine's
 * own sum has 2^-24).
 * `l2` is a root of a sum of squares, so its error is a share of the distance. That of `dot` is a share of |q| |r|, however
 * small their product is, and that of `cosine` a share of 1, which its quotient is taken from. The vectors count as exact:
 * rounding that was done before they were stored is a difference. Bits are counted exactly, and equal quotients of their numbers are
 * equal in float64.
 *
 * @param norms of `dot`: the largest |q| |r| there may be
 */
export function roundingMargin(
  metric: Metric,
  dimensions: number,
  norms: number,
  unit: number = ROUNDOFF.float64,
): Margin {
  if (comparesBits(metric)) return { relative: 0, absolute: 0 };
  const share = (dimensions + EXTRA_ROUNDINGS) * unit;
  const gamma = share / (1 - share);
  if (metric === 'l2') return { relative: 2 * gamma, absolute: 0 };
  // Product and both norms each have the error of a sum.
  return { relative: 0, absolute: metric === 'cosine' ? 4 * gamma : 2 * gamma * norms };
}

/** The margin of a truth's distances; of truths of earlier versions, which do not say it, one that is wide enough. */
export function marginOf({ margin }: { margin?: Margin | undefined }, metric: Metric): Margin {
  if (margin !== undefined) return margin;
  const { relative, absolute } = roundingMargin(metric, MOST_DIMENSIONS, 1);
  return metric === 'dot' ? { relative: absolute, absolute: 0 } : { relative, absolute };
}

/** Largest distance that still counts as tied with `d`. */
export function tieLimit(d: number, { relative, absolute }: Margin): number {
  return d + relative * Math.abs(d) + absolute;
}
