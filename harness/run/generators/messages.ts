import type { Shared } from '../../../engines/contract/collection.js';
import type { PlannedTrial } from '../../model/plan.js';
import type { Part, TrialShape } from '../executors/executor.js';
import type { Job } from '../job.js';
import type { Recording, SpoolPlace } from '../recorder.js';

/** What a thread that sends a part of a load is given. Times are of the machine's monotonic clock, in ms. */
export interface GeneratorInput {
  job: Job;
  trial: Pick<PlannedTrial, 'id' | 'search' | 'workload'>;
  shape: TrialShape;
  shared: Shared;
  part: Part;
  repetition: number;
  /** Hits that each query asks for, and those of queries with fewer. */
  k: number;
  ks: Int32Array | undefined;
  /** Of the whole load; each thread has a file of its own beside it. */
  spool: SpoolPlace | undefined;
  /** Of the recorded times. */
  origin: number;
}

/** `begin`: all threads have opened what they need; `at` on the monotonic clock. */
export type ToGenerator = { type: 'begin'; at: number } | { type: 'abort' };

export type FromGenerator =
  | { type: 'ready' }
  | { type: 'samples'; samples: Recording; spun: number }
  /** `lost`: its connection broke before anything was sent. */
  | { type: 'failed'; error: string; lost: boolean };
