import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../common/errors.js';
import { makeFolder } from '../../common/files.js';
import { askedOf } from '../model/depths.js';
import type { Samples } from '../model/samples.js';
import { isSerial } from '../model/workload.js';
import { RecordingError } from '../process/task.js';
import {
  partFile,
  partsOnDisk,
  REPLACED_FOLDER,
  type RunFolder,
  replacedFile,
  runFolder,
  samplesFile,
} from '../store/run-folder.js';
import { joinSamples, readSamples, writeSamples } from '../store/samples.js';
import type { BuildContext } from './context.js';
import { threadsOf } from './executors/parts.js';
import type { Job } from './job.js';
import { joinTimes, moveTimes, removeTimes } from './times.js';
import type { Trial } from './trial.js';

/** Joins a trial's passes into its samples file and tells the supervisor. */
export async function finish({ job, send }: BuildContext, trial: Trial): Promise<void> {
  const folder = runFolder(job.runFolder);
  const parts: Samples[] = [];
  for (let r = 0; r < trial.passes; r++) {
    parts.push(await readSamples(partFile(folder, trial.id, r), askedOf(trial, job.ks)));
  }
  const path = samplesFile(folder, trial.id);
  // Of an earlier build, whose passes these take the place of.
  if (existsSync(path)) {
    const samples = await readSamples(path, askedOf(trial, job.ks));
    moveTimes(path, keepReplaced(folder, `${trial.id}.build`, samples));
  }
  await written(() =>
    joinTimes(
      parts.map((samples, r) => ({ path: partFile(folder, trial.id, r), samples })),
      path,
    ),
  );
  keep(path, joinSamples(parts));
  removeParts(job, trial);
  trial.spans = parts.map(spanOf);
  const threads = threadsOf(trial.workload.options, trial.shape);
  await send({
    type: 'trialEnd',
    trial: trial.id,
    state: 'completed',
    flags: trial.resumed ? ['mixed-builds'] : [],
    passes: trial.passes,
    ...(trial.effective && { effective: trial.effective }),
    ...(trial.clientCores !== undefined && { clientCores: trial.clientCores }),
    ...(trial.processCores.size > 0 && { processCores: meanOf([...trial.processCores.values()]) }),
    ...(trial.client !== undefined && { client: trial.client }),
    ...(trial.load && { load: trial.load }),
    ...(trial.shared && { shared: trial.shared }),
    ...(threads > 1 && { clientThreads: threads }),
    ...passFigures(trial),
  });
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** What the passes of a trial say beside their samples. */
export function passFigures({ workload, spans, foreign }: Trial) {
  const foreignCores = foreign.cores();
  return {
    wallSeconds: spans.reduce((sum, { wall }) => sum + wall, 0) / 1000,
    // Of several clients at a time these add up to more than the wall time.
    ...(isSerial(workload) && { engineSeconds: spans.reduce((sum, { inside }) => sum + inside, 0) / 1000 }),
    ...(foreignCores !== undefined && { foreignCores }),
  };
}

/** Observations that others have taken the place of stay on disk, numbered. Returns where. */
export function keepReplaced(folder: RunFolder, name: string, samples: Samples): string {
  makeFolder(join(folder.samples, REPLACED_FOLDER));
  let i = 1;
  while (existsSync(replacedFile(folder, `${name}.${i}`))) i++;
  const path = replacedFile(folder, `${name}.${i}`);
  keep(path, samples);
  return path;
}

/** As `writeSamples`; throws RecordingError. */
export function keep(path: string, samples: Samples): void {
  try {
    writeSamples(path, samples);
  } catch (error) {
    throw new RecordingError(messageOf(error), { cause: error });
  }
}

/** What was measured cannot be written down: no fault of the trial, and nothing more can be measured. */
export async function written<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw new RecordingError(messageOf(error), { cause: error });
  }
}

export function removeParts(job: Job, { id }: Trial): void {
  const folder = runFolder(job.runFolder);
  for (const repetition of partsOnDisk(folder, id)) {
    removeTimes(partFile(folder, id, repetition));
    rmSync(partFile(folder, id, repetition));
  }
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
