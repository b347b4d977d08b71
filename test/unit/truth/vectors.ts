import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metric, PreparedVectors } from '../../../datasets/dataset.js';
import { distance } from '../../../harness/measures/distance.js';
import { Random } from '../../../harness/measures/random.js';
import type { Truth } from '../../../harness/model/samples.js';

/** The definition: all distances, sorted by (distance, row). Shares nothing with the code under test but `distance`. */
export function bruteForce(
  base: Float32Array,
  queries: Float32Array,
  dimensions: number,
  metric: Metric,
  k: number,
): Truth {
  const count = base.length / dimensions;
  const depth = Math.min(k, count);
  const rows: number[] = [];
  const distances: number[] = [];
  for (let q = 0; q < queries.length / dimensions; q++) {
    const all = Array.from({ length: count }, (_, row) => ({
      row,
      d: distance(metric, queries, q * dimensions, base, row * dimensions, dimensions),
    }));
    all.sort((a, b) => a.d - b.d || a.row - b.row);
    rows.push(...all.slice(0, depth).map(({ row }) => row));
    distances.push(...all.slice(0, depth).map(({ d }) => d));
  }
  return {
    count: queries.length / dimensions,
    depth,
    rows: Int32Array.from(rows),
    distances: Float64Array.from(distances),
  };
}

/** Uniform in -1 .. 1. */
export function randomVectors(count: number, dimensions: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count * dimensions }, () => random.uint32() / 2 ** 31 - 1);
}

/** A temporary folder and vectors prepared in it. */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'vecproof-truth-'));

  prepared(values: Float32Array, dimensions: number, name = 'vectors.f32'): PreparedVectors {
    const file = join(this.folder, name);
    writeFileSync(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    const unused = (): never => {
      throw new Error('the truth reads the file itself');
    };
    return { file, count: values.length / dimensions, dimensions, read: unused, close: () => undefined };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
