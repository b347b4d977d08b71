import { powerOfTwoScale } from './error-bound.js';
import type { ScanJob } from './kernel.js';
import type { Tile, Vectors } from './tile.js';
import type { Arena, ScanModule } from './wasm-memory.js';

/** Rows that a mean is taken of. */
const SOME = 1024;

/**
 * What is taken from all vectors under l2, in whose scores small distances far from the origin would else be lost. Distances stay what they
 * are whatever it is; a mean makes norms small.
 */
export class Centre {
  readonly mean: Float64Array;
  /** Its address. */
  readonly at: number;
  /** A power of two that brings all norms to at most 1. */
  readonly scale: number;

  /** @param tileAt address of the tile's vectors */
  constructor(module: ScanModule, arena: Arena, { queries }: ScanJob, tile: Tile, tileAt: number) {
    this.mean = meanOf(tile, SOME);
    this.at = arena.take(this.mean.byteLength);
    new Float64Array(module.memory.buffer, this.at, this.mean.length).set(this.mean);
    let largest = module.farthest(tileAt, tile.dimensions, tile.count, this.at);
    for (let query = 0; query < queries.count; query++)
      largest = Math.max(largest, this.squareOf(queries, query));
    this.scale = powerOfTwoScale(Math.sqrt(largest));
  }

  /** Squared distance of a vector from it: four sums side by side, as one would wait for each addition to finish. */
  squareOf({ values, dimensions }: Vectors, vector: number): number {
    const { mean } = this;
    const at = vector * dimensions;
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    const whole = dimensions - (dimensions % 4);
    for (let d = 0; d < whole; d += 4) {
      const d0 = values[at + d]! - mean[d]!;
      const d1 = values[at + d + 1]! - mean[d + 1]!;
      const d2 = values[at + d + 2]! - mean[d + 2]!;
      const d3 = values[at + d + 3]! - mean[d + 3]!;
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    for (let d = whole; d < dimensions; d++) s0 += (values[at + d]! - mean[d]!) ** 2;
    return s0 + s1 + (s2 + s3);
  }
}

/**
 * Mean of at most `most` vectors, spread over all: what is taken from both sides of a distance, which stays what it is.
 * @returns as many components as the vectors have
 */
export function meanOf({ values, count, dimensions }: Vectors, most: number): Float64Array {
  const sums = new Float64Array(dimensions);
  const some = Math.min(count, most);
  for (let i = 0; i < some; i++) {
    const at = Math.floor((i * count) / some) * dimensions;
    for (let d = 0; d < dimensions; d++) sums[d]! += values[at + d]!;
  }
  return sums.map((sum) => sum / some);
}
