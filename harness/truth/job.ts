import type { Metric } from '../../datasets/dataset.js';
import type { KernelName } from './kernel.js';
import type { FlatLists } from './range-lists.js';
import type { SharedSelections } from './selections.js';

/** What a worker thread is told; the shared buffers are the same for all of them. */
export interface WorkerJob {
  kernel: KernelName;
  metric: Metric;
  file: string;
  /** Rows `from` to `to` - 1 are scanned. */
  from: number;
  to: number;
  dimensions: number;
  depth: number;
  tileRows: number;
  /** Float32, `queries * dimensions`. */
  queries: SharedArrayBuffer;
  /** As `SharedBounds` has them. */
  bounds: SharedArrayBuffer;
  /** Float64, by query: all rows within are wanted, whatever `depth` and `bounds` say; absent: the nearest are. */
  radii?: SharedArrayBuffer | undefined;
  /** Two int32: the next tile to take, and the tiles done. */
  progress: SharedArrayBuffer;
  /** Absent: every query may find every row. */
  selections: SharedSelections | undefined;
  /** What a second kernel compares with the same rows. */
  sample?: SampleJob | undefined;
}

/** Some of the queries, for another kernel; shared as those of the job are. */
export interface SampleJob {
  kernel: KernelName;
  queries: SharedArrayBuffer;
  bounds: SharedArrayBuffer;
  /** Int32, by query of the sample its selection. */
  selectionOf: SharedArrayBuffer | undefined;
}

export const NEXT_TILE = 0;
export const TILES_DONE = 1;

/** What a worker sends back: after every tile, and at its end. A failure is thrown. */
export type WorkerMessage = { type: 'tile' } | ({ type: 'done' } & Found);

/** What a thread has found, and of the sample with how long that took. */
export interface Found extends FlatLists {
  sample?: (FlatLists & { seconds: number }) | undefined;
}

/** A tile is read and scaled once and then meets all queries; larger ones cost memory, smaller ones sorting. */
const TILE_BYTES = 16 * 2 ** 20;
/** What selects costs more by tile where products cost little. */
const FAST_TILE_BYTES = 3 * TILE_BYTES;

/** Rows a tile: as many as fit, but so that every thread gets the same share of a small dataset. */
export function tileRowsFor(count: number, dimensions: number, threads: number, kernel?: KernelName): number {
  const bytes = kernel?.startsWith('onnxruntime') === true ? FAST_TILE_BYTES : TILE_BYTES;
  const largest = Math.min(65_536, Math.max(64, Math.floor(bytes / (4 * dimensions))));
  const tiles = Math.ceil(count / largest);
  const even = tiles < 2 ? 1 : Math.ceil(tiles / threads) * threads;
  return Math.ceil(count / even);
}
