import { messageOf } from '../../../common/errors.js';
import type { Collection } from '../../../engines/contract/collection.js';
import { engineOf } from '../../../engines/open.js';
import { askedOf } from '../../model/depths.js';
import type { PlannedTrial } from '../../model/plan.js';
import type { Samples } from '../../model/samples.js';
import type { WriteLog } from '../../model/writes.js';
import { RecordingError } from '../../process/task.js';
import { runFolder } from '../../store/run-folder.js';
import { writeWrites } from '../../store/writes.js';
import { readTruth } from '../../truth/files.js';
import type { BuildContext } from '../context.js';
import type { Writing } from '../executors/executor.js';
import { findFlaws } from '../filtering.js';
import { findCandidates } from './candidates.js';
import { writtenDistances } from './distances.js';
import { heldMetadata, WrittenMetadata } from './metadata.js';
import type { WrittenVectors } from './vectors.js';

/** What a pass that changed its collection tells beside its samples. */
export interface Written {
  log: WriteLog;
  vectors: WrittenVectors;
  metadata: WrittenMetadata | undefined;
}

/** @param take told at the end of the pass */
export async function writingOf(
  { job, vectors, metadata: prepared }: BuildContext,
  { points }: Pick<Collection, 'points'>,
  take: (written: Written) => void,
): Promise<Writing | undefined> {
  if (points === undefined) return undefined;
  const { capabilities } = await engineOf(job.build);
  const { filtering } = job;
  const metadata = prepared && filtering && new WrittenMetadata(prepared, filtering);
  return {
    points,
    metadata,
    several: capabilities.points?.writers === 'several',
    vectors,
    metric: job.metric,
    form: capabilities.scores[job.metric],
    take: (log, written) => take({ log, vectors: written, metadata }),
  };
}

/** Distances of the answers, and on disk the writes and what the nearest points could be; outside the timed region. */
export async function recordWrites(
  context: BuildContext,
  trial: PlannedTrial,
  samples: Samples,
  queries: readonly Float32Array[],
  { log, vectors, metadata }: Written,
): Promise<void> {
  const { job } = context;
  const folder = runFolder(job.runFolder);
  const truth = await readTruth(folder.truth);
  writtenDistances(samples, queries, log, vectors, job.metric);
  if (context.metadata !== undefined && job.filtering !== undefined)
    findFlaws(samples, job.filtering, context.metadata, heldMetadata(samples, log, vectors));
  const written = { vectors, metadata };
  const candidates = await findCandidates(context, queries, truth, log, written, askedOf(trial, job.ks));
  try {
    writeWrites(folder, trial.id, log, candidates);
  } catch (error) {
    throw new RecordingError(messageOf(error), { cause: error });
  }
}
