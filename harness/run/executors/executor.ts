import type { ParameterSet } from '../../../common/parameters.js';
import type { Metric, PreparedVectors } from '../../../datasets/dataset.js';
import type { Execution, ScoreForm } from '../../../engines/contract/capabilities.js';
import type { Points } from '../../../engines/contract/points.js';
import type { NativeFilter, PreparedSearch } from '../../../engines/contract/search.js';
import type { WorkloadKind } from '../../model/workload.js';
import type { WriteLog } from '../../model/writes.js';
import type { Recording, SpoolPlace } from '../recorder.js';
import type { WrittenMetadata } from '../writes/metadata.js';
import type { WrittenVectors } from '../writes/vectors.js';

/** What an executor has to know of a trial before anything runs. */
export interface TrialShape extends Execution {
  /** `repeat` of the suite. */
  repeat: number;
  /** What is searched. */
  collection?: {
    /** Rows of the dataset. */
    rows: number;
    /** Points can be written one by one. */
    writable: boolean;
    /** Queries have groups or filters, or fields are loaded beside the vectors. */
    filtered: boolean;
  };
}

/** What a trial runs: so many passes, each recorded by itself and interleaved with those of the other trials. */
export type TrialPlan = { state: 'ok'; passes: number } | { state: 'refused'; reason: string };

/** What is sent, and what is recorded of it. */
export interface Sending {
  search: PreparedSearch;
  /** One array per query. */
  queries: readonly Float32Array[];
  /** Indexes into `queries`, in the order they are sent. */
  order: Int32Array;
  k: number;
  /** By query, as translated for the search; absent: none has a filter. */
  filters?: readonly (NativeFilter | undefined)[] | undefined;
  /** By query, hits that count where it asks for fewer than k. */
  ks?: Int32Array | undefined;
  /** Points in the dataset: keys outside 0 .. count-1 are recorded as `UNKNOWN_KEY`. */
  count: number;
  repetition: number;
  /** Where times go of which there are too many for memory; absent: nowhere. */
  spool?: SpoolPlace | undefined;
  /** Origin of the recorded times, as of performance.now(). */
  origin: number;
  /** Raised when the run is stopped: the pass rejects with its reason. */
  signal: AbortSignal;
  onProgress?: (done: number) => void;
}

/** Which part of a load one of several threads sends: client, or arrival, number i where i mod `of` is `index`. */
export interface Part {
  index: number;
  of: number;
  /** Shared by all parts, `COUNTERS` of them. [0]: queries that clients of a closed loop have taken from `order`; [1]: after the warm-up. */
  counters: Int32Array;
}

export const COUNTERS = 2;

/** What an executor changes a collection with. */
export interface Writing {
  points: Points;
  /** Undefined where points have none. */
  metadata?: WrittenMetadata | undefined;
  /** Several writes may be on their way to the collection at a time. */
  several: boolean;
  /** Of the dataset, as they were loaded. */
  vectors: PreparedVectors;
  metric: Metric;
  /** What the engine's scores mean under it; undefined: it does not say. */
  form: ScoreForm | undefined;
  /** Told at the end what became of each write, and which vectors were written. */
  take(log: WriteLog, vectors: WrittenVectors): void;
}

/** One pass of a trial: nothing is sent yet. */
export interface Pass extends Sending {
  /** Absent: all of the load. */
  part?: Part | undefined;
  /** Called once everything is open, before the first query. @returns when to begin, as of performance.now(); absent: now */
  ready?(): Promise<number>;
  /** Told at the end: CPU time (ms) in which the sending thread did nothing but look whether the next query is due. */
  onSpun?(ms: number): void;
  /** Of the suite. */
  seed: number;
  /** Several queries can be on their way at a time. */
  concurrent: boolean;
  /** Several searches can be open at a time (`open`); otherwise clients share `search`. */
  several: boolean;
  /** Of a workload that changes the collection. */
  writing?: Writing | undefined;
  /** One more search with the same settings; it is closed with the pass. */
  open(): Promise<Pick<Sending, 'search' | 'filters'>>;
}

/**
 * A workload: how the queries of a pass are sent. Errors of queries are recorded samples and are never retried; a lost
 * connection ends the pass. Between `sent` and `answered` of a sample stands the engine's call and nothing else.
 */
export interface Executor extends WorkloadKind {
  /** Pure. What a trial with these (parsed) options runs on such an engine, or why it cannot. */
  plan(options: ParameterSet, shape: TrialShape): TrialPlan;
  /** Sends the queries; resolves with what a `Recorder` took. */
  run(pass: Pass, options: ParameterSet): Promise<Recording>;
}
