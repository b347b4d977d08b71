import type { Fault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Metric } from '../../datasets/dataset.js';

export interface OptionsInput {
  index: Readonly<Record<string, unknown>>;
  search: Readonly<Record<string, unknown>>;
}

export type ParsedOptions =
  | {
      state: 'ok';
      /** Complete: defaults filled in, so that what ran is what is recorded. */
      index: ParameterSet;
      search: ParameterSet;
      /** Short name of the contender without the engine, e.g. `hnsw`, `ivf-pq`, `hnsw-f16`. */
      variant: string;
    }
  | { state: 'invalid'; issues: readonly Fault[] };

/** What an index is asked to hold and answer: known once suite and dataset are. */
export interface DataShape {
  metric: Metric;
  dimensions: number;
  count: number;
  /** Hits that each search asks for. */
  k: number;
}
