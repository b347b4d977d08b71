import { join } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { deferred } from '../../../common/deferred.js';
import { ConnectionLostError } from '../../../common/errors.js';
import { makeFolder } from '../../../common/files.js';
import type { ConnectedEngine } from '../../../engines/contract/engine.js';
import type { PreparedSearch } from '../../../engines/contract/search.js';
import { engineOf } from '../../../engines/open.js';
import { failureText } from '../../process/phase.js';
import type { Pass } from '../executors/executor.js';
import { executorOf } from '../executors/registry.js';
import { translateFilters } from '../filtering.js';
import { orderOf, readQueries } from '../queries.js';
import { partOfSpool, type Recording } from '../recorder.js';
import { zeroOfClock } from './clock.js';
import type { FromGenerator, GeneratorInput, ToGenerator } from './messages.js';

/** Entry of a thread that sends a part of a load over connections of its own. */
async function main(input: GeneratorInput, port: MessagePort): Promise<void> {
  const abort = new AbortController();
  const begin = deferred<number>();
  // Who waits for it after the abort is told; where nobody does, nothing is lost.
  begin.promise.catch(() => undefined);
  port.on('message', (message: ToGenerator) => {
    if (message.type === 'begin') return begin.resolve(message.at);
    const reason = new Error('the run was stopped');
    abort.abort(reason);
    begin.reject(reason);
  });
  const tell = (message: FromGenerator, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  let engine: ConnectedEngine | undefined;
  const opened: PreparedSearch[] = [];
  try {
    engine = await connect(input, abort.signal);
    const { job, trial, shape, shared, repetition, k } = input;
    const collection = await engine.attach!(shared);
    const open = async () => {
      const search = await collection.prepare(trial.search, k);
      opened.push(search);
      return { search, filters: job.filtering && (await translateFilters(search, job.filtering)) };
    };
    const zero = zeroOfClock();
    let spun = 0;
    const pass: Pass = {
      ...(await open()),
      queries: readQueries(job),
      order: orderOf(job, repetition),
      k,
      ks: input.ks,
      count: job.count,
      repetition,
      seed: job.seed,
      spool: input.spool && partOfSpool(input.spool, input.part),
      part: input.part,
      concurrent: shape.execution === 'concurrent',
      several: shape.preparedSearches === 'several',
      open,
      origin: input.origin - zero,
      signal: abort.signal,
      ready: async () => {
        tell({ type: 'ready' });
        return (await begin.promise) - zero;
      },
      onSpun: (ms) => {
        spun += ms;
      },
    };
    const samples = await executorOf(trial.workload).run(pass, trial.workload.options);
    tell({ type: 'samples', samples, spun }, buffersOf(samples));
  } catch (error) {
    tell({ type: 'failed', error: failureText(error), lost: error instanceof ConnectionLostError });
  } finally {
    // What a server does not answer any more holds nobody up: the thread is ended by who started it.
    await Promise.allSettled(opened.map((search) => search.close()));
    await engine?.close().catch(() => undefined);
    port.close();
  }
}

async function connect({ job, part, shared }: GeneratorInput, signal: AbortSignal): Promise<ConnectedEngine> {
  const { build, threads, engineSeed: seed } = job;
  const definition = await engineOf(build);
  const folder = join(job.workFolder, 'data', `thread${part.index}`);
  makeFolder(folder);
  const endpoint = shared.endpoint ?? job.endpoint;
  return definition.connect({ folder, threads, seed, endpoint, mode: build.server?.mode }, signal);
}

function buffersOf(samples: Recording): ArrayBuffer[] {
  const arrays = Object.values(samples).filter((each) => ArrayBuffer.isView(each));
  return [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))];
}

await main(workerData as GeneratorInput, parentPort!);
