import { rmSync } from 'node:fs';
import { messageOf } from '../../common/errors.js';
import type { Samples } from '../model/samples.js';
import { isSerial } from '../model/workload.js';
import { RecordingError } from '../process/task.js';
import { partFile, partsOnDisk, runFolder, samplesFile } from '../store/run-folder.js';
import { joinSamples, readSamples, writeSamples } from '../store/samples.js';
import type { BuildContext } from './context.js';
import type { Job } from './job.js';
import type { Trial } from './trial.js';

/** Joins a trial's passes into its samples file and tells the supervisor. */
export async function finish({ job, send }: BuildContext, trial: Trial): Promise<void> {
  const folder = runFolder(job.runFolder);
  const parts: Samples[] = [];
  for (let r = 0; r < trial.passes; r++) {
    parts.push(await readSamples(partFile(folder, trial.id, r), job.k));
  }
  keep(samplesFile(folder, trial.id), joinSamples(parts));
  removeParts(job, trial);
  const spans = parts.map(spanOf);
  const foreignCores = trial.foreign.cores();
  await send({
    type: 'trialEnd',
    trial: trial.id,
    state: 'completed',
    flags: trial.resumed ? ['mixed-builds'] : [],
    ...(trial.effective && { effective: trial.effective }),
    wallSeconds: spans.reduce((sum, { wall }) => sum + wall, 0) / 1000,
    // Of several clients at a time these add up to more than the wall time.
    ...(isSerial(trial.workload) && {
      engineSeconds: spans.reduce((sum, { inside }) => sum + inside, 0) / 1000,
    }),
    ...(foreignCores !== undefined && { foreignCores }),
  });
}

/** What was measured cannot be written down: no fault of the trial, and nothing more can be measured. */
export function keep(path: string, samples: Samples): void {
  try {
    writeSamples(path, samples);
  } catch (error) {
    throw new RecordingError(messageOf(error), { cause: error });
  }
}

export function removeParts(job: Job, { id }: Trial): void {
  const folder = runFolder(job.runFolder);
  for (const repetition of partsOnDisk(folder, id)) rmSync(partFile(folder, id, repetition));
}

/** Wall time of one pass (ms, first sent to last answered) and the sum of the times from sent to answered. */
export function spanOf({ length, sent, answered }: Samples): { wall: number; inside: number } {
  let [first, last, inside] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < length; i++) {
    first = Math.min(first, sent[i]!);
    last = Math.max(last, answered[i]!);
    inside += answered[i]! - sent[i]!;
  }
  return { wall: length === 0 ? 0 : last - first, inside };
}
