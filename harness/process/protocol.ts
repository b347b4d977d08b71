import type { ParameterSet } from '../../common/parameters.js';
import type { Metric } from '../../datasets/dataset.js';
import type { ContainerHandle, ControlGroupPaths, Endpoint } from '../../engines/contract/server.js';
import type { BuildCost } from '../model/events.js';
import type { PlannedBuild, TrialState } from '../model/plan.js';
import type { JobFiltering } from '../run/filtering.js';

/**
 * `record`: distances are recomputed and a pass is written, between the measured passes. `probe`: after all of them, an
 * exhaustive search explains the answers of trials that are compared with others.
 */
export type Phase = 'create' | 'load' | 'index' | 'search' | 'record' | 'probe';

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
  /** Groups and filters of the measured queries; absent where they have none. */
  filtering?: JobFiltering | undefined;
  k: number;
  repeat: number;
  warmup: number;
  /** Of the order of the queries. */
  seed: number;
  /** The engine's own. */
  engineSeed: number;
  /** Deadline of the search phase. */
  searchSeconds: number;
  probes: readonly { trial: string; ks: readonly number[] }[];
  threads: number;
  runFolder: string;
  /** Where the server of the build is; its credentials are in memory only. */
  endpoint?: Endpoint | undefined;
  /** Where the kernel counts what it uses, if it runs on this machine. */
  serverGroup?: ControlGroupPaths | undefined;
  /** The supervisor can restart it. */
  restartable?: boolean | undefined;
  /** What the watchdog removes if the supervisor is killed. */
  container?: ContainerHandle | undefined;
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
      effective?: ParameterSet;
    }
  | { type: 'warning'; message: string }
  /** Asks the supervisor, which owns the server; it answers with a `ServerReply`. */
  | { type: 'restartServer'; how: 'stop' | 'kill' }
  | { type: 'cost'; cost: BuildCost }
  /**
   * The build cannot go on; what it cost so far comes in `cost` before. `lost`: the connection to the server broke,
   * which says nothing about trials that were not begun.
   */
  | { type: 'failed'; error: string; lost: boolean }
  /** Observations cannot be kept (a full disk, say): the whole run has to end. */
  | { type: 'unrecordable'; error: string }
  | { type: 'done' };

/** What the supervisor tells the child, beside the job and `abort`. */
export type ServerReply = { type: 'server'; endpoint: Endpoint } | { type: 'server'; error: string };
