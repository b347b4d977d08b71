import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { deferred } from '../../../common/deferred.js';
import { ConnectionLostError, FailureError, messageOf } from '../../../common/errors.js';
import { compiledModule } from '../../../common/paths.js';
import { COUNTERS } from '../executors/executor.js';
import { joinRecordings } from '../join-recordings.js';
import type { Recording } from '../recorder.js';
import { zeroOfClock } from './clock.js';
import type { FromGenerator, GeneratorInput, ToGenerator } from './messages.js';

/** From the word to begin until then: all threads have read it. */
const LEAD_MS = 20;
/** Within which a thread that has told its end closes its connections. */
const CLOSE_MS = 2000;

/** `origin` is of this thread's performance.now(). */
export interface ThreadedLoad extends Omit<GeneratorInput, 'part'> {
  threads: number;
  signal: AbortSignal;
  /** Called when all threads are ready, just before they begin. @returns when, as of performance.now(); nothing: at once */
  onBegin(): Promise<number | undefined> | undefined;
}

/**
 * Sends a load from several threads, each with an engine and connections of its own; they begin together.
 * Rejects with the signal's reason; with ConnectionLostError or FailureError where a thread could not open what it needs.
 *
 * @returns samples ordered by thread; `spun`: see `Pass.onSpun`, of all threads
 */
export async function runThreads(load: ThreadedLoad): Promise<{ samples: Recording; spun: number }> {
  const { threads: of, signal, onBegin, ...input } = load;
  signal.throwIfAborted();
  const zero = zeroOfClock();
  const counters = new Int32Array(new SharedArrayBuffer(COUNTERS * Int32Array.BYTES_PER_ELEMENT));
  const generators = Array.from(
    { length: of },
    (_, index) =>
      new Generator({ ...input, origin: input.origin + zero, part: { index, of, counters } }, index),
  );
  const stop = () => {
    for (const each of generators) each.tell({ type: 'abort' });
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.all(generators.map(({ ready }) => ready));
    const wanted = await onBegin();
    const at = Math.max(wanted ?? 0, performance.now() + LEAD_MS) + zero;
    for (const each of generators) each.tell({ type: 'begin', at });
    const ends = await Promise.all(generators.map(({ end }) => end));
    return {
      samples: await joinRecordings(
        ends.map(({ samples }) => samples),
        input.spool,
      ),
      spun: ends.reduce((sum, { spun }) => sum + spun, 0),
    };
  } catch (error) {
    stop();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.all(generators.map((each) => each.close()));
  }
}

/** One thread. */
class Generator {
  readonly ready: Promise<void>;
  readonly end: Promise<{ samples: Recording; spun: number }>;
  readonly #worker: Worker;
  readonly #exit: Promise<unknown>;

  constructor(workerData: GeneratorInput, index: number) {
    this.#worker = new Worker(compiledModule('harness/run/generators/thread.js'), { workerData });
    const ready = deferred<void>();
    const end = deferred<{ samples: Recording; spun: number }>();
    const exit = deferred<void>();
    const fail = (error: Error) => {
      ready.reject(error);
      end.reject(error);
    };
    this.#worker.on('message', (message: FromGenerator) => {
      if (message.type === 'ready') ready.resolve();
      else if (message.type === 'samples') end.resolve(message);
      else fail(message.lost ? new ConnectionLostError(message.error) : new FailureError(message.error));
    });
    this.#worker.on('error', (error) =>
      fail(new FailureError(`thread ${index} of the load: ${messageOf(error)}`, { cause: error })),
    );
    this.#worker.on('exit', () => {
      fail(new FailureError(`thread ${index} of the load ended without its samples`));
      exit.resolve();
    });
    this.ready = ready.promise;
    this.end = end.promise;
    this.#exit = exit.promise;
    // Whoever waits for one of them is told; the others fail with it.
    ready.promise.catch(() => undefined);
    end.promise.catch(() => undefined);
  }

  tell(message: ToGenerator): void {
    this.#worker.postMessage(message);
  }

  async close(): Promise<void> {
    const over = new AbortController();
    const late = pause(CLOSE_MS, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([this.#exit, late]);
    over.abort();
    // One that ends while V8 compiles may never say so (nodejs/node#54918): nothing waits for it.
    void this.#worker.terminate();
  }
}
