import type { CatalogEntry } from './catalog.js';
import type { InvalidKind, Metric } from './dataset.js';
import type { Closer } from './formats/format.js';
import type { ColumnChoice } from './formats/names.js';
import type { OnChanged } from './kept.js';

export interface OpenOptions {
  /** Relative paths start here. */
  baseFolder: string;
  /** Declared by the suite: wins over what the dataset says. */
  metric?: Metric | undefined;
  /** Queries of a single-file dataset that has none; relative to `baseFolder`. */
  queriesFile?: string | undefined;
  /** Neighbours of the first query set, in a file of their own; relative to `baseFolder`. */
  neighborsFile?: string | undefined;
  /** Further files of the points, after the one that the path names: rows of all, in this order. */
  moreFiles?: readonly string[] | undefined;
  /** Judgements of the first query set; relative to `baseFolder`. */
  qrelsFile?: string | undefined;
  /** Which columns are id, vector and text, where the rules (docs/datasets.md) would take others. */
  columns?: ColumnChoice | undefined;
  /** Vectors to leave out instead of refusing the dataset. */
  skipInvalid?: readonly InvalidKind[] | undefined;
  /** A dataset without queries is fine: it is only looked at, or converted. */
  queriesOptional?: boolean | undefined;
  cacheFolder: string;
  /** Downloads a dataset of the catalog that is not here; without it that is an error which says how. */
  onMissing?: ((entry: CatalogEntry) => Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
  /** Told where what is kept in the cache is not as it was written. */
  onChanged?: OnChanged;
}

/** Options on their way down, with what was opened so far. */
export interface OpenContext extends OpenOptions {
  opened: Closer[];
}
