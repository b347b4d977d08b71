import { parentPort, workerData } from 'node:worker_threads';
import { readManifest } from '../store/manifests.js';
import type { RunFolder } from '../store/run-folder.js';
import { readTruth } from '../truth/files.js';
import { aboutQueries, type Measured, measureTrial, type TrialTask } from './trial-rows.js';

/** A task with its number. */
export interface NumberedTask {
  index: number;
  task: TrialTask;
}

/** `measured` is absent where it failed: whoever asked does it again and gets the error as it is. */
export interface NumberedResult {
  index: number;
  measured?: Measured;
}

/** Thread: measures one trial after the other of the folder that it was started for. */
if (parentPort !== null) {
  const port = parentPort;
  const folder = workerData as RunFolder;
  const read = async () => ({
    manifest: readManifest(folder),
    truth: await readTruth(folder.truth),
    about: aboutQueries(folder),
  });
  let context: ReturnType<typeof read> | undefined;
  port.on('message', async ({ index, task }: NumberedTask) => {
    try {
      context ??= read();
      const { manifest, truth, about } = await context;
      const measured = await measureTrial(folder, manifest, task, truth, about);
      port.postMessage({ index, measured } satisfies NumberedResult);
    } catch {
      port.postMessage({ index } satisfies NumberedResult);
    }
  });
}
