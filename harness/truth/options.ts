import type { Metric } from '../../datasets/dataset.js';
import type { KernelName } from './kernel.js';
import type { QuerySelections } from './selections.js';
import type { TopLists } from './top-lists.js';

/** Rows `from` to `to` - 1. */
export interface RowRange {
  from: number;
  to: number;
}

/** What is kept of a scan that may be stopped. */
export interface Checkpoint {
  /** What was kept of a scan of the same rows and queries; undefined: nothing that can be believed. */
  read(queries: number, depth: number): { lists: TopLists; done: number } | undefined;
  /** Keeps the lists of all rows before `done`. */
  write(lists: TopLists, done: number): void;
  remove(): void;
}

export interface TruthOptions {
  metric: Metric;
  /** Neighbours wanted; the truth holds fewer if the dataset is smaller. */
  k: number;
  /** Worker threads; default: one for each core. */
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called after each tile. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  onWarning?: ((message: string) => void) | undefined;
  /** Default: the fastest that works here, see `chooseKernel`. */
  kernel?: KernelName | undefined;
  /** Which points each query may find (`compile` makes a selection of a filter); absent: all. */
  selections?: QuerySelections | undefined;
  /** Rows a tile; for tests. */
  tileRows?: number | undefined;
  /** Bytes that the process may take, as far as they depend on it; default: two tiles for each thread, whatever that is. */
  memory?: number | undefined;
  /** Only these rows, of which the list of a query may then be short (`matches`). */
  part?: RowRange | undefined;
  /** A file that says how far the scan is, from which it goes on after it was stopped; it is removed at the end. */
  checkpoint?: Checkpoint | undefined;
  /** Between two of them; for tests. */
  checkpointSeconds?: number | undefined;
}
