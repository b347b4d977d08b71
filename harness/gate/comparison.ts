import type { Column } from '../measures/by-query.js';
import type { TrialRow } from '../model/results.js';
import type { Gate } from './gates.js';
import type { SourceOf } from './sample.js';

/** What a trial is compared with: the same setting in each run of the baseline. */
export interface Partner {
  rows: readonly TrialRow[];
  columns: readonly Column[];
}

/** The baseline as far as the gates need it. */
export interface BaselineData {
  name: string | null;
  runs: readonly string[];
  /** Proven by equal hashes of dataset and queries. */
  paired: boolean;
  /** Undefined: the baseline has no such trial. */
  partner(row: TrialRow, measure: string): Partner | undefined;
  /** Undefined: the trial has no values by query. */
  column(row: TrialRow, measure: string): Column | undefined;
  /** Completed trials of which this run has none of the same setting, workload and group. */
  gone?: readonly TrialRow[] | undefined;
  /** Sources of this run's queries, and of the baseline's where they are others. */
  sources?: { now: SourceOf; before: SourceOf } | undefined;
}

/** A gate on one setting: its row, and those of its further builds. */
export interface Wanted {
  gate: Gate;
  row: TrialRow;
  again: readonly TrialRow[];
}
