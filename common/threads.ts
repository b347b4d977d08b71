import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { compiledModule } from './paths.js';

/**
 * Starts a thread. One that ends while V8 compiles in the background, where the compiler waits for a collection of
 * garbage, never ends (nodejs/node#54918, seen on Node 20): threads started from now on compile by themselves.
 *
 * @param path of the module from the package's root, as `harness/truth/worker.js`
 */
export function startThread(path: string, workerData: unknown): Worker {
  setFlagsFromString('--no-concurrent-recompilation');
  return new Worker(compiledModule(path), { workerData });
}
