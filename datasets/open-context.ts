import type { Metric } from './dataset.js';
import type { Closer } from './formats/format.js';

export interface OpenOptions {
  /** Relative paths start here. */
  baseFolder: string;
  /** Declared by the suite: wins over what the dataset says. */
  metric?: Metric | undefined;
  /** Queries of a single-file dataset that has none; relative to `baseFolder`. */
  queriesFile?: string | undefined;
  cacheFolder: string;
  signal?: AbortSignal | undefined;
}

/** Options on their way down, with what was opened so far. */
export interface OpenContext extends OpenOptions {
  opened: Closer[];
}
