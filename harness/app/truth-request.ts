import type { KernelName } from '../truth/kernel.js';
import type { DatasetOptions } from './dataset-options.js';
import type { Shard } from './shard.js';

export interface TruthRequest {
  /** Catalog name or path. */
  dataset: string;
  /** How it is read. */
  options: DatasetOptions;
  /** File to write; its ending says the format. */
  out: string;
  k: number;
  /** Query set; default: the first. */
  set?: string | undefined;
  /** Only the first queries. */
  limit?: number | undefined;
  kernel?: KernelName | undefined;
  /** Bytes that the process may take. */
  memory?: number | undefined;
  /** Only a part of the points; the file is then merged with the others. */
  shard?: Shard | undefined;
  /** The vectors, too, as ann-benchmarks reads them. */
  withData?: boolean | undefined;
  /** All points within this distance, in place of the k nearest. */
  radius?: number | undefined;
  /** All points at the distance of the k-th, too, however many they are. */
  ties?: boolean | undefined;
}
