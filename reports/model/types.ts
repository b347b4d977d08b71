import type { BuildCost, LoggedEvent } from '../../harness/model/events.js';
import type { Manifest } from '../../harness/model/manifest.js';
import type { Measure, Results, TrialRow } from '../../harness/model/results.js';
import type { Verdicts } from '../../harness/model/verdict.js';
import type { HistoryLine } from '../../harness/store/history.js';
import type { FilterModel, RelevanceModel } from './filters.js';
import type { LoadModel } from './load.js';
import type { Point, Series, SeriesRef } from './series.js';
import type { Speed } from './speed.js';
import type { Trend } from './trend.js';
import type { WrittenTrial } from './writes.js';

/** Everything a report may read: a stored run and nothing else. */
export interface ReportInput {
  results: Results;
  manifest: Manifest;
  events: readonly LoggedEvent[];
  /** Outcome of the gates, where the run was judged. */
  verdicts?: Verdicts;
  /** Runs before this one, oldest first. */
  history?: readonly HistoryLine[];
}

/** Text with emphasis, so that each output can typeset it its own way. */
export type Rich = readonly { text: string; strong?: true; quiet?: true }[];

export type { Point, Series, SeriesRef };

export interface ChoiceRow {
  series: SeriesRef;
  /** The chosen setting, or why there is none. */
  choice: Chosen | { state: 'unreached'; reason: string };
}

export interface Chosen {
  state: 'chosen';
  point: Point;
  /** Its figures, times from passes that did not choose it. */
  figures: Readonly<Record<string, Measure>>;
  /** A setting that is faster by what was measured, which is doubtful. */
  passedOver: Point | undefined;
}

/** Rows whose times compare with each other, in order; those of another group are ranked by themselves. */
export interface ChoiceGroup {
  /** Undefined where the run knows one machine. */
  machine: number | undefined;
  /** Their times are doubtful, and others of the same machine are not. */
  doubtful: boolean;
  rows: readonly ChoiceRow[];
}

export interface Choice {
  /** `90`, `95`, `99`, `best`: used in ids and anchors. */
  key: string;
  /** Undefined: each series' setting with the highest recall. */
  target: number | undefined;
  label: string;
  /** The answer at this target, one sentence. */
  answer: Rich;
  /** Those of all groups, then those without a setting. */
  rows: readonly ChoiceRow[];
  groups: readonly ChoiceGroup[];
  /** By measure name: the series with the best value of each machine, and those whose interval overlaps it. */
  best: Readonly<Record<string, { keys: readonly string[]; close: readonly string[] }>>;
  /** Some figures are of passes that chose them: there was one pass. */
  flattered: boolean;
}

/** What choices are made from. */
export interface ChoiceContext {
  series: readonly Series[];
  recallName: string;
  k: number;
  dataset: string;
  /** By number, from 1; undefined where the run knows one machine. */
  machines: Results['machines'];
  speed: Speed;
}

/** What one build cost, once per build. */
export interface BuildModel {
  id: string;
  series: SeriesRef;
  setting: string;
  fullSetting: string;
  measures: Readonly<Record<string, Measure>>;
  details: BuildCost['details'];
  /** Of its trials: doubts about its cost. */
  flags: readonly string[];
  /** The most accurate setting of the build that keeps the floor of throughput. */
  atFloor: Point | undefined;
}

export interface Problem {
  trial: TrialRow;
  setting: string;
}

/** Problems with the same cause, so that one dead build does not fill a page. */
export interface ProblemGroup {
  state: TrialRow['state'];
  series: SeriesRef;
  build: string;
  message: string;
  /** Last lines that the build's process wrote. */
  log: readonly string[];
  trials: readonly Problem[];
}

/** Explains a sign that stands beside doubtful figures. */
export interface LegendEntry {
  sign: string;
  text: string;
}

export interface FlagModel {
  name: string;
  meaning: string;
  trials: readonly { id: string; label: string }[];
}

export interface Fact {
  term: string;
  value: string;
  /** Set in a monospaced face: hashes, commands, versions. */
  code?: true;
}

export interface FactGroup {
  title: string;
  facts: readonly Fact[];
}

export interface ReportModel {
  results: Results;
  manifest: Manifest;
  title: string;
  /** Depth of the recall used for choice, fronts and charts, and its measure's name. */
  k: number;
  recallName: string;
  counts: {
    planned: number;
    completed: number;
    failed: number;
    skipped: number;
    aborted: number;
    missing: number;
  };
  /** Sentences that must stand beside the answer. */
  cautions: readonly string[];
  /** Signs that stand beside figures of this run. */
  legend: readonly LegendEntry[];
  choices: readonly Choice[];
  /** By which contenders of equal recall are ranked. */
  speed: Speed;
  /** Key of the choice shown first. */
  defaultChoice: string;
  series: readonly Series[];
  points: readonly Point[];
  hypervolumeReference: { recall: number; value: number };
  /** Throughput (queries/s) that settings must keep to count in the cost charts; undefined without data. */
  floor: number | undefined;
  builds: readonly BuildModel[];
  problems: readonly ProblemGroup[];
  flags: readonly FlagModel[];
  warnings: readonly string[];
  verdicts: Verdicts | undefined;
  /** Undefined where every workload was serial. */
  load: LoadModel | undefined;
  /** Undefined where no points were written while they were searched. */
  writes: readonly WrittenTrial[] | undefined;
  /** Undefined where no query had a filter. */
  filters: FilterModel | undefined;
  /** Undefined where no query was judged. */
  relevance: RelevanceModel | undefined;
  /** Undefined for a suite's first run, and where the history was not asked for. */
  trend: Trend | undefined;
  tieNote: string | undefined;
  facts: readonly FactGroup[];
  protocol: readonly string[];
}
