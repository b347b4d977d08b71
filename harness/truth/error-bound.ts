import type { Metric } from '../../datasets/dataset.js';
import type { ScanJob } from './kernel.js';
import { largestComponent, type Tile } from './tile.js';

/**
 * What the float32 kernel is given and how far its answers can be off. The bounds hold for every order of summation
 * and with or without fused multiply-add (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §3.1:
 * |fl(x·y) - x·y| <= γ_n |x|·|y| with γ_n = nu / (1 - nu)), so they do not depend on the CPU the kernel was
 * compiled for. They are wide (2e-5 at 384 dimensions); what they cost is a few more float64 distances.
 *
 * cosine: both sides normalised, kernel `ip` = 1 - a·b. dot: queries normalised (that does not change their order),
 * rows divided by a power of two so that no norm exceeds 1, kernel `ip`. l2: both sides divided by a power of two so
 * that no component exceeds 1, kernel `l2sq`.
 */
export type KernelMetric = 'ip' | 'l2sq';

export function kernelMetric(metric: Metric): KernelMetric {
  return metric === 'l2' ? 'l2sq' : 'ip';
}

const UNIT_ROUNDOFF = 2 ** -24;
/** Roundings beside the sum: input, normalisation, difference and square, `1 - x`, the result, float64. */
const EXTRA_ROUNDINGS = 16;
/** What underflow, also with subnormals flushed to zero, can take from one component's share of the sum. */
const UNDERFLOW = 2 ** -120;

/** γ of the formula above for a sum over `dimensions` products. */
function gamma(dimensions: number): number {
  const roundings = (dimensions + EXTRA_ROUNDINGS) * UNIT_ROUNDOFF;
  return roundings < 1 ? roundings / (1 - roundings) : Number.POSITIVE_INFINITY;
}

/**
 * Largest value that the kernel can give a row whose float64 distance is at most `bound`. A row above it is proven
 * not to be nearer than `bound`.
 *
 * @param scale what a distance is multiplied with to be in the kernel's units: 1 for cosine, row scale divided by
 *   the query's norm for dot, the common scale of rows and queries for l2
 */
export function kernelLimit(metric: Metric, bound: number, scale: number, dimensions: number): number {
  if (bound === Number.POSITIVE_INFINITY) return bound;
  const error = gamma(dimensions);
  const lost = dimensions * UNDERFLOW;
  if (metric === 'cosine') return bound + 2 * error + lost;
  if (metric === 'dot') return 1 + bound * scale + 2 * error + lost;
  return (bound * scale) ** 2 * (1 + 2 * error) + lost;
}

/**
 * Of scores that are larger for nearer rows (the inner product, or minus the squared distance) in the kernel's units: where
 * `kept` is the k-th best of a scan, a row that scores less than kept · (1 + relative) - absolute is none of the k nearest.
 * Both scores can be off, so that the bounds of `kernelLimit` count twice.
 */
export function candidateSlack(metric: Metric, dimensions: number): { relative: number; absolute: number } {
  const error = 2 * gamma(dimensions);
  const lost = dimensions * UNDERFLOW;
  if (metric !== 'l2') return { relative: 0, absolute: 2 * (error + lost) };
  if (error >= 1) return { relative: Number.POSITIVE_INFINITY, absolute: 0 };
  const relative = (1 + error) / (1 - error) - 1;
  return { relative, absolute: (2 + relative) * lost };
}

/**
 * How far a score q·x - |x|²/2 can be off, computed by a sum of products in float32 and -|x|²/2 rounded to it, of vectors whose norms are
 * at most 1: γ (|q||x| + |x|²/2), and what underflow takes.
 */
export function halfSquareError(dimensions: number): number {
  return 1.5 * gamma(dimensions) + dimensions * UNDERFLOW;
}

/**
 * What a tile's rows (and, under l2, the queries) are multiplied with; exact but for underflow. Not for cosine, where each is divided by
 * its norm.
 */
export function rowScale({ metric, queries }: ScanJob, tile: Tile): number {
  if (metric === 'l2') return powerOfTwoScale(Math.max(largestComponent(tile), largestComponent(queries)));
  return powerOfTwoScale(largestNorm(tile));
}

export function largestNorm({ squaredNorms }: Pick<Tile, 'squaredNorms'>): number {
  return Math.sqrt(squaredNorms.reduce((a, b) => Math.max(a, b), 0));
}

/** The power of two that brings `largest` to at most 1; multiplying float32 with it is exact but for underflow. */
export function powerOfTwoScale(largest: number): number {
  return largest === 0 ? 1 : 2 ** -Math.ceil(Math.log2(largest));
}
