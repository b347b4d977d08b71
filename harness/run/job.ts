import type { ParameterSet } from '../../common/parameters.js';
import type { Metric } from '../../datasets/dataset.js';
import type { ControlGroupPaths, Endpoint } from '../../engines/contract/server.js';
import type { BuildCost, LoadFacts, SharedPasses } from '../model/events.js';
import type { PlannedBuild, TrialState } from '../model/plan.js';
import type { LoadShare, Slot } from '../model/shared-load.js';
import type { ProcessMessage } from '../process/protocol.js';
import type { Task, TaskContext, TaskEnd } from '../process/task.js';
import type { JobFiltering } from './filtering.js';

/**
 * `warmup`: the untimed part of `search`. `record`: distances are recomputed and a pass is written, between the measured
 * passes. `probe`: after all of them, an exhaustive search explains the answers of trials that are compared with others.
 */
export type BuildPhase = 'create' | 'load' | 'index' | 'warmup' | 'search' | 'record' | 'probe';

/** One machine's part of loads that several send together. */
export interface Sharing extends LoadShare {
  /** Of the name of the collection, which the first one makes. */
  nameEnd: string;
  /** By trial and pass. */
  slots: ReadonlyMap<string, readonly Slot[]>;
}

/** Everything a process needs to run one build. */
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
  /** Depths of the suite, for trials that do not say theirs. */
  ks: readonly number[];
  repeat: number;
  warmup: number;
  /** Further passes for a trial in place of those that other load disturbed, at most. */
  remeasure: { busy: number };
  /** Of the order of the queries. */
  seed: number;
  /** The engine's own. */
  engineSeed: number;
  /** Deadline of the search phase. */
  searchSeconds: number;
  probes: readonly { trial: string; ks: readonly number[] }[];
  /** They ask by a scan of all points where the collection has one (`prepareExact`), whatever its index. */
  scans?: true | undefined;
  threads: number;
  runFolder: string;
  /** Where the server of the build is; its credentials are in memory only. */
  endpoint?: Endpoint | undefined;
  /** By which the supervisor finds again what the build makes on a server that it did not start. */
  nameEnd?: string | undefined;
  /** Of loads that several machines send together. */
  sharing?: Sharing | undefined;
  /** Where the kernel counts what it uses, if it runs on this machine. */
  serverGroup?: ControlGroupPaths | undefined;
  /** The supervisor can restart it. */
  restartable?: boolean | undefined;
  /** Which of several builds it is that are held side by side, and whose passes are interleaved; absent: it is alone. */
  held?: number | undefined;
  /** Empty folder for the engine's files. */
  workFolder: string;
}

/** What a build tells beside what every task does. */
interface TrialEnd {
  type: 'trialEnd';
  trial: string;
  state: TrialState;
  error?: string;
  flags: string[];
  /** That were measured. */
  passes?: number;
  wallSeconds?: number;
  engineSeconds?: number;
  foreignCores?: number;
  clientCores?: number;
  processCores?: number;
  client?: string;
  load?: LoadFacts;
  shared?: SharedPasses;
  clientThreads?: number;
  effective?: ParameterSet;
}

/** A disturbed pass of a trial that has ended was measured once more. */
interface PassAgain {
  type: 'passAgain';
  trial: string;
  pass: number;
  /** `replaced`: it took the place of the disturbed one; `disturbed`: so was it. */
  outcome: 'replaced' | 'disturbed';
  /** Of the trial's passes, as in `trialEnd`. */
  wallSeconds: number;
  engineSeconds?: number;
  foreignCores?: number;
}

/** A build as a task: `subject` of a phase is a trial, what it reports is its cost. */
export interface BuildTypes {
  input: Job;
  phase: BuildPhase;
  deadline: 'create' | 'load' | 'index' | 'search';
  message: TrialEnd | PassAgain;
  report: BuildCost;
}

export const buildTask: Task<BuildTypes> = {
  name: 'build',
  module: 'harness/run/build.js',
  first: 'create',
  phases: {
    create: 'create',
    load: 'load',
    index: 'index',
    warmup: null,
    search: 'search',
    record: 'search',
    probe: 'search',
  },
};

export type BuildMessage = ProcessMessage<BuildTypes>;
export type BuildEnd = TaskEnd<BuildTypes>;
export type BuildTaskContext = TaskContext<BuildTypes>;
