import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { startThread } from '../../common/threads.js';
import type { Manifest } from '../model/manifest.js';
import type { Truth } from '../model/samples.js';
import { type RunFolder, samplesFile } from '../store/run-folder.js';
import type { NumberedResult, NumberedTask } from './measure-thread.js';
import { type AboutQueries, type Measured, measureTrial, type TrialTask } from './trial-rows.js';

/** Bytes of samples for which one more thread pays: it needs a quarter of a second to begin. */
const BYTES_A_THREAD = 4 * 2 ** 20;
/** Each holds the truth and a trial's samples. */
const MOST_THREADS = 8;

/**
 * What the samples of trials say, in the order of the tasks; side by side in threads where they are many.
 * @throws as `measureTrial`
 */
export async function measureTrials(
  folder: RunFolder,
  tasks: readonly TrialTask[],
  { manifest, truth, about }: { manifest: Manifest; truth: Truth; about: AboutQueries },
  threads = threadsFor(folder, tasks),
): Promise<Measured[]> {
  const found = new Array<Measured | undefined>(tasks.length);
  if (threads > 1) await measureInThreads(folder, tasks, threads, found);
  const measured: Measured[] = [];
  for (const [i, task] of tasks.entries()) {
    measured.push(found[i] ?? (await measureTrial(folder, manifest, task, truth, about)));
  }
  return measured;
}

function threadsFor(folder: RunFolder, tasks: readonly TrialTask[]): number {
  const files = tasks.map(({ trial }) => samplesFile(folder, trial)).filter(existsSync);
  const bytes = files.reduce((sum, path) => sum + statSync(path).size, 0);
  return Math.min(MOST_THREADS, availableParallelism(), Math.floor(bytes / BYTES_A_THREAD));
}

/** Fills in what threads could measure. */
async function measureInThreads(
  folder: RunFolder,
  tasks: readonly TrialTask[],
  threads: number,
  found: (Measured | undefined)[],
): Promise<void> {
  const queue = tasks.map((task, index): NumberedTask => ({ index, task })).values();
  const workers = Array.from({ length: threads }, () =>
    startThread('harness/derive/measure-thread.js', folder),
  );
  try {
    await Promise.all(workers.map((worker) => serve(worker, queue, found)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Gives a thread one task after the other until there is none left. One that breaks leaves its tasks to the caller. */
function serve(
  worker: Worker,
  queue: IterableIterator<NumberedTask>,
  found: (Measured | undefined)[],
): Promise<void> {
  return new Promise((resolve) => {
    const next = () => {
      const { value, done } = queue.next();
      if (done === true) resolve();
      else worker.postMessage(value);
    };
    worker.on('message', ({ index, measured }: NumberedResult) => {
      found[index] = measured;
      next();
    });
    worker.once('error', () => resolve());
    worker.once('exit', () => resolve());
    next();
  });
}
