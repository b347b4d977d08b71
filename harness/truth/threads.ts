import type { Worker } from 'node:worker_threads';
import { FailureError, InterruptedError, messageOf, VecproofError } from '../../common/errors.js';
import { startThread } from '../../common/threads.js';
import { type Found, NEXT_TILE, TILES_DONE, type WorkerJob, type WorkerMessage } from './job.js';

/** Takes what a thread has found. */
export interface Merging {
  merge(found: Found): void;
}

export interface ThreadOptions {
  threads: number;
  signal: AbortSignal | undefined;
  /** Told the tiles done so far. */
  onTile: (done: number) => void;
}

/** Beyond the last tile of any dataset. */
const NO_TILE = 2 ** 30;

/** Scans the rows of a job in worker threads, which take tile after tile, and merges what they found into the lists. */
export async function scanInThreads(job: WorkerJob, lists: Merging, options: ThreadOptions): Promise<void> {
  const tiles = Math.ceil((job.to - job.from) / job.tileRows);
  const threads = Math.max(1, Math.min(options.threads, tiles));
  throwIfAborted(options.signal);
  const progress = new Int32Array(job.progress);
  progress.fill(0);
  const workers = Array.from({ length: threads }, () => startThread('harness/truth/worker.js', job));
  const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
  const onTile = (): void => options.onTile(Atomics.load(progress, TILES_DONE));
  const end = aborted(options.signal);
  try {
    await Promise.race([Promise.all(workers.map((worker) => resultOf(worker, lists, onTile))), end.promise]);
  } finally {
    end.forget();
    // No tile is left to take. A thread that was terminated while it loads native code would take the process with it.
    Atomics.store(progress, NEXT_TILE, NO_TILE);
    await Promise.all(ended);
  }
}

/** Merges the worker's lists when it is done; rejects if it fails or ends without a result. */
function resultOf(worker: Worker, lists: Merging, onTile: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void =>
      reject(new FailureError(what, { where: 'truth', cause }));
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'tile') return onTile();
      lists.merge(message);
      resolve();
    });
    worker.on('error', (error) => fail(messageOf(error), error));
    worker.on('exit', (code) => fail(`a thread ended with code ${code} before it had a result`));
  });
}

/** A promise that rejects on abort, and the way to stop listening. */
function aborted(signal: AbortSignal | undefined): { promise: Promise<never>; forget: () => void } {
  let listener = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    listener = () => {
      try {
        throwIfAborted(signal);
      } catch (error) {
        reject(error);
      }
    };
  });
  signal?.addEventListener('abort', listener, { once: true });
  return { promise, forget: () => signal?.removeEventListener('abort', listener) };
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  if (signal.reason instanceof VecproofError) throw signal.reason;
  throw new InterruptedError('stopped while computing the truth', { where: 'truth', cause: signal.reason });
}
