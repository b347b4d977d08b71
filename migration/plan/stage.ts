import type { DerivedRun } from '../../harness/derive/run.js';
import type { Surroundings } from '../connections/reach.js';
import type { Decision, StageName } from './events.js';
import type { ParsedPlan } from './parse.js';

/** What a stage works with. */
export interface Work {
  parsed: ParsedPlan;
  /** Of the migration. */
  folder: string;
  /** A file of it. */
  path(...names: string[]): string;
  surroundings: Surroundings;
  /** When its last result was found not to be believed, or somebody wanted another one; undefined: never. */
  doubtedAt: string | undefined;
  /** Reasons of the decisions that were taken, by their hash. */
  accepted: ReadonlyMap<string, { reason: string; by: string }>;
  /** Notes that somebody has answered for something in a file instead of the command line. */
  accept(decision: Decision, reason: string): void;
  onProgress(done: number, total: number): void;
  onNotice(message: string): void;
  /** A run was measured and judged: its report is written into its folder, where somebody can. */
  onRun(run: DerivedRun): void;
}

export type StageResult =
  | {
      /** `blocked`: nothing was done, somebody has to decide first. */
      state: 'done' | 'blocked';
      /** Files below the folder. */
      evidence: readonly string[];
      /** Of the result, so that stages that depend on it run again only if it differs; absent: of its files. */
      digest?: string;
      /** Taken before the stage counts as done (or, `blocked`, before it begins). */
      decisions: readonly Decision[];
    }
  | {
      /** It ran to its end and found something that stops the migration: exit code 1. */
      state: 'failed';
      evidence: readonly string[];
      problem: string;
      /** Nothing is wrong: more traffic or time has to pass. It is looked at again by the next run. */
      waits?: true;
    };

/** One figure of a stage, for people. */
export interface Figure {
  term: string;
  value: string | number;
  /** Small print. */
  detail?: string | undefined;
}

/**
 * A stage of a migration. It is a row: what it depends on, what has to hold before and behind it, what it does, and what
 * it leaves behind. Each can be killed at any moment and started again.
 */
export interface Stage {
  name: StageName;
  title: string;
  /** Completes "it …". */
  does: string;
  /** Conditions in words. */
  entry: string;
  exit: string;
  /** Stages on whose results its own depends: it runs again if one of these differs. */
  reads: readonly StageName[];
  /** Those that it reads as well where the plan has a cutover. */
  readsInCutover?: readonly StageName[];
  /** There only where the plan has a cutover. */
  ofCutover?: true;
  /** Everything else that it depends on. */
  inputs(parsed: ParsedPlan): unknown;
  /** Thresholds: once there was a result, another value has to be accepted. */
  locked?(parsed: ParsedPlan): unknown;
  /** Files and folders that it makes below the folder; put aside when it begins anew with other inputs. */
  output: readonly string[];
  /** It puts aside what it made itself. */
  keepsOutput?: boolean;
  /** A file of it that people may change: the stage looks at it again then. */
  editable?: string;
  run(work: Work): Promise<StageResult>;
  /** Writes accepted decisions to where they are needed. */
  settle?(work: Work): Promise<StageResult>;
  /** Whether files that stand for others (a manifest for its parts) are backed by these: `undefined`, or why not. */
  check?(work: Work): Promise<string | undefined>;
  /** Its figures, its tables and what it has found in a sentence, from its files. */
  report(work: Work): Report;
}

/** What a stage has found, for people. */
export interface Report {
  /** "2,000 points are exported" */
  says: string;
  figures: readonly Figure[];
  tables?: readonly Table[];
  /** Pages below the migration's folder that say more. */
  links?: readonly Link[];
}

export interface Link {
  words: string;
  /** Path below the folder. */
  file: string;
}

export interface Table {
  title: string;
  /** Shown open; others unfold. */
  open?: boolean;
  columns: readonly string[];
  rows: readonly (readonly (string | number)[])[];
}

export function readsOf(
  { reads, readsInCutover = [] }: Pick<Stage, 'reads' | 'readsInCutover'>,
  { plan }: ParsedPlan,
): readonly StageName[] {
  return plan.cutover === undefined ? reads : [...reads, ...readsInCutover];
}
