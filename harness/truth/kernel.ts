import type { Metric } from '../../datasets/dataset.js';
import type { Selections } from './selections.js';
import type { Tile, Vectors } from './tile.js';

/**
 * `usearch` and `wasm`: float32 SIMD candidates, proven complete and recomputed in float64, by the library's exact search or by
 * our own WebAssembly; `usearch-int8`: by the library, of vectors rounded to 8 bits; `wasm-int16`: the same by 16-bit integers. `popcount`: bits, counted. `float64`: all in JavaScript.
 */
export type KernelName =
  | 'usearch'
  | 'usearch-int8'
  | 'wasm'
  | 'wasm-int16'
  | 'onnxruntime'
  | 'onnxruntime-int8'
  | 'popcount'
  | 'float64';
export const KERNELS = [
  'usearch',
  'usearch-int8',
  'wasm',
  'wasm-int16',
  'onnxruntime',
  'onnxruntime-int8',
  'popcount',
  'float64',
] as const satisfies readonly KernelName[];

/** What a scan fills: the nearest rows of each query, or all within a distance. */
export interface Lists {
  readonly queries: number;
  /** Rows that a list is expected to hold at least. */
  readonly depth: number;
  /** All rows within the bound belong, however many; else the `depth` nearest do. */
  readonly unlimited?: boolean;
  /** Distance that a row must not exceed to belong; Infinity while that is not known. */
  bound(query: number): number;
  /** Takes the row in if it belongs. A row must be offered to a query only once. */
  offer(query: number, row: number, distance: number): void;
  /** The same of `count` rows from `at` on, ascending by (distance, row); `first` is added to their numbers. */
  offerSorted(
    query: number,
    first: number,
    rows: Int32Array,
    distances: Float64Array,
    at: number,
    count: number,
  ): void;
}

export interface ScanJob {
  metric: Metric;
  queries: Vectors;
  lists: Lists;
  /** Rows of the tiles that these lists have seen already. */
  rowsSeen: number;
  /** Which rows each query may find; absent: all. */
  selections?: Selections | undefined;
}

/** Offers every row of the tile that a query may find and that could belong to its list, with its float64 distance. */
export interface ScanTile {
  (job: ScanJob, tile: Tile): void | Promise<void>;
  /**
   * Where the values of a tile may be read to, so that they need not be copied: they are then void once it was scanned. Absent: anywhere.
   */
  valuesFor?(count: number, dimensions: number): Float32Array<ArrayBuffer>;
  /** Squared norms in float64 of vectors that were read there. */
  normsOf?(count: number, dimensions: number): Float64Array;
}
