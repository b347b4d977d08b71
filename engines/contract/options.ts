import type { Metric } from '../../datasets/dataset.js';

/** Index and search parameters after parsing; names are the field's own (`m`, `efConstruction`, `nlist`, …). */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

/** One fault of the options: path inside the engine's suite entry, e.g. `['index', 'm']`. */
export interface OptionIssue {
  path: readonly (string | number)[];
  message: string;
  got?: unknown;
}

export interface OptionsInput {
  index: Readonly<Record<string, unknown>>;
  search: Readonly<Record<string, unknown>>;
}

export type ParsedOptions =
  | {
      state: 'ok';
      /** Complete: defaults filled in, so that what ran is what is recorded. */
      index: Parameters;
      search: Parameters;
      /** Short name of the contender without the engine, e.g. `hnsw`, `ivf-pq`, `hnsw-f16`. */
      variant: string;
    }
  | { state: 'invalid'; issues: readonly OptionIssue[] };

/** What an index is asked to hold and answer: known once suite and dataset are. */
export interface DataShape {
  metric: Metric;
  dimensions: number;
  count: number;
  /** Hits that each search asks for. */
  k: number;
}
