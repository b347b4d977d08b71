import type { Metric } from '../../datasets/dataset.js';
import type { BuildCost, Parameters, PlannedBuild, TrialState } from '../store/schema.js';

/** `record`: distances are recomputed and a pass is written, between the measured passes. */
export type Phase = 'create' | 'load' | 'index' | 'search' | 'record';

/** Everything a child process needs to run one build. */
export interface Job {
  build: PlannedBuild;
  /** Trials still to finish, with the repetitions that are already on disk. */
  todo: readonly { trial: string; doneRepetitions: readonly number[] }[];
  metric: Metric;
  dimensions: number;
  /** Points in the dataset. */
  count: number;
  /** Flat float32 files: the dataset's rows; the measured queries followed by those for warm-up. */
  vectorsFile: string;
  queriesFile: string;
  queryCount: number;
  warmupQueryCount: number;
  k: number;
  repeat: number;
  warmup: number;
  seed: number;
  threads: number;
  runFolder: string;
  /** Empty folder for the engine's files. */
  workFolder: string;
}

/** What the child tells the supervisor. A phase's `begin` is flushed before the phase starts. */
export type ChildMessage =
  | { type: 'begin'; phase: Phase; trial?: string; total: number; unit: string }
  | { type: 'progress'; done: number }
  | { type: 'end'; phase: Phase | 'warmup'; trial?: string; seconds: number }
  | {
      type: 'trialEnd';
      trial: string;
      state: TrialState;
      error?: string;
      flags: string[];
      wallSeconds?: number;
      engineSeconds?: number;
      foreignCores?: number;
      effective?: Parameters;
    }
  | { type: 'warning'; message: string }
  | { type: 'cost'; cost: BuildCost }
  /** The build cannot go on; what it cost so far comes in `cost` before. */
  | { type: 'failed'; error: string }
  /** Observations cannot be kept (a full disk, say): the whole run has to end. */
  | { type: 'unrecordable'; error: string }
  | { type: 'done' };
