import type { ParameterSet } from '../../common/parameters.js';
import type { Measure } from '../../harness/model/results.js';
import type { Identity } from '../identity.js';

/** One measured setting as charts and tables need it. */
export interface Point {
  id: string;
  build: string;
  series: SeriesRef;
  /** Only the parameters that vary within the series: enough to tell its settings apart. */
  setting: string;
  /** Every parameter, as it ran. */
  fullSetting: string;
  index: ParameterSet;
  search: ParameterSet;
  /** With its options, e.g. `constant-rate rate=200`. */
  workload: string;
  recall: Measure;
  measures: Readonly<Record<string, Measure>>;
  flags: readonly string[];
}

export interface SeriesRef {
  key: string;
  engine: string;
  label: string;
  /** Version, origin and instruction set, to stand beside the label; empty where nothing is known. */
  about: string;
  identity: Identity;
  /** Where trials were measured on several machines: on which of them. */
  machine?: number;
}

export interface Series extends SeriesRef {
  points: readonly Point[];
  /** Ids of the points on the Pareto front of recall against throughput, and against p95. */
  throughputFront: readonly string[];
  latencyFront: readonly string[];
  /** Area under the recall-throughput front; see `hypervolumeReference`. Undefined without a measured point. */
  hypervolume: number | undefined;
  /**
   * Completed without a recall: `void`, because the truth is not that of the data; `empty`, because no point passes the
   * filter of any query.
   */
  trials: { planned: number; completed: number; void: number; empty: number };
}

/** The contender's name with what stands beside it. */
export function fullName({ label, about }: Pick<SeriesRef, 'label' | 'about'>): string {
  return about === '' ? label : `${label} (${about})`;
}

/** The same for a tooltip, where nothing around it says whose label it is: engine, version and the rest in brackets. */
export function withEngine({ label, engine, about }: SeriesRef): string {
  return `${label} (${[engine, about].filter((text) => text !== '').join(' ')})`;
}
