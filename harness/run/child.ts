import { Worker } from 'node:worker_threads';
import { compiledModule } from '../../common/paths.js';
import { failureText, runBuild } from './build.js';
import type { ChildMessage, Job } from './protocol.js';
import type { WatchdogData } from './watchdog.js';

/** Entry of a build's process: takes one job from the supervisor, runs it, ends. */
async function main(): Promise<void> {
  // Ctrl-C reaches the whole process group; the supervisor decides what it means here.
  process.on('SIGINT', () => undefined);
  const abort = new AbortController();
  process.once('disconnect', () => process.exit(1));
  const job = await new Promise<Job>((resolve) =>
    process.once('message', (message) => resolve(message as Job)),
  );
  process.on('message', (message) => {
    if (message === 'abort') abort.abort(new Error('the run was stopped'));
  });
  startWatchdog(job);
  let code = 0;
  try {
    await runBuild(job, send, abort.signal);
    await send({ type: 'done' });
  } catch (error) {
    code = 1;
    await send({ type: 'failed', error: failureText(error) });
  }
  process.exit(code);
}

/** Resolves when the message is handed to the system: a native call that follows cannot hold it back. */
function send(message: ChildMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });
}

function startWatchdog(job: Job): void {
  const workerData: WatchdogData = {
    supervisor: process.ppid,
    workFolder: job.workFolder,
    temporaryFolders: [job.runFolder, `${job.runFolder}/samples`, `${job.runFolder}/samples/parts`],
  };
  const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };
  new Worker(compiledModule('harness/run/watchdog.js'), { workerData, resourceLimits }).unref();
}

await main();
