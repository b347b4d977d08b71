import type { Metric } from '../../datasets/dataset.js';
import type { KernelName } from './kernel.js';

/** What a worker thread is told; the shared buffers are the same for all of them. */
export interface WorkerJob {
  kernel: KernelName;
  metric: Metric;
  file: string;
  count: number;
  dimensions: number;
  depth: number;
  tileRows: number;
  /** Float32, `queries * dimensions`. */
  queries: SharedArrayBuffer;
  /** Two int32: the next tile to take, and the tiles done. */
  progress: SharedArrayBuffer;
}

export const NEXT_TILE = 0;
export const TILES_DONE = 1;

/** What a worker sends back: after every tile, and at its end. A failure is thrown. */
export type WorkerMessage =
  | { type: 'tile' }
  | { type: 'done'; rows: Int32Array; distances: Float64Array; sizes: Int32Array };

/** Rows a tile: 12 MB of vectors, read and scaled once, against all queries. */
export function tileRowsFor(dimensions: number): number {
  return Math.min(65_536, Math.max(64, Math.floor((12 * 2 ** 20) / (4 * dimensions))));
}
