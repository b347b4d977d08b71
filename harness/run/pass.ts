import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { debug } from '../../common/debug.js';
import { ConnectionLostError, FailureError } from '../../common/errors.js';
import type { Collection, Shared } from '../../engines/contract/collection.js';
import type { PreparedSearch } from '../../engines/contract/search.js';
import { askedOf, depthsOf } from '../model/depths.js';
import type { LoadFacts } from '../model/events.js';
import type { Samples } from '../model/samples.js';
import { changesCollection, isSerial, workloadText } from '../model/workload.js';
import { failureText } from '../process/phase.js';
import { RecordingError } from '../process/task.js';
import { partFile, runFolder } from '../store/run-folder.js';
import { type CommonStart, commonStart } from './common-start.js';
import { type BuildContext, inPhase } from './context.js';
import { threadsOf } from './executors/parts.js';
import { executorOf } from './executors/registry.js';
import { findFlaws, translateFilters } from './filtering.js';
import { isLong, withFloor } from './floor/by-pass.js';
import { calibrate } from './floor/floor.js';
import { type ForeignLoad, startForeign } from './foreign-load.js';
import { runThreads, type ThreadedLoad } from './generators/threads.js';
import type { Job } from './job.js';
import { noteSearching } from './memory.js';
import { keep, removeParts, written } from './parts.js';
import { PassUse } from './pass-use.js';
import { orderOf, sentQueries } from './queries.js';
import { recomputeDistances } from './recompute.js';
import type { Recording, SpoolPlace } from './recorder.js';
import { keepTimes } from './times.js';
import type { Trial } from './trial.js';
import { warmUp } from './warm-up.js';
import { recordWrites, type Written, writingOf } from './writes/record.js';

/** What passes need of a collection. */
export type SearchedCollection = Pick<Collection, 'prepare' | 'share' | 'points'>;

/** Measures one pass of a trial and puts it on disk; what fails only this trial is told, the rest is thrown. */
export async function onePass(
  context: BuildContext,
  collection: SearchedCollection,
  trial: Trial,
  repetition: number,
  queries: readonly Float32Array[],
): Promise<void> {
  const { job, send, signal } = context;
  try {
    // How many queries a load sends in its time shows at its end.
    const extent = isSerial(trial.workload)
      ? { total: sentQueries(job).length, unit: 'queries' }
      : { total: 1, unit: '' };
    const about = { trial: trial.id, ...extent };
    const { result: samples } = await inPhase(context, 'search', about, () =>
      measurePass(context, collection, trial, repetition, queries),
    );
    await inPhase(context, 'record', { ...about, total: 1, unit: '' }, async () => {
      if (trial.written !== undefined) await recordWrites(context, trial, samples, queries, trial.written);
      else {
        recomputeDistances(samples, job.metric, context.vectors, queries);
        if (context.metadata !== undefined && job.filtering !== undefined)
          findFlaws(samples, job.filtering, context.metadata);
      }
      const path = partFile(runFolder(job.runFolder), trial.id, repetition);
      await written(() => keepTimes(path, samples));
      keep(path, samples);
    });
  } catch (error) {
    if (signal.aborted || error instanceof RecordingError) throw error;
    trial.failed = true;
    removeParts(job, trial);
    if (error instanceof ConnectionLostError) throw error;
    await send({ type: 'trialEnd', trial: trial.id, state: 'failed', error: failureText(error), flags: [] });
  }
}

/** @param foreign takes what others used meanwhile */
export async function measurePass(
  context: BuildContext,
  collection: SearchedCollection,
  trial: Trial,
  repetition: number,
  queries: readonly Float32Array[],
  foreign: ForeignLoad = trial.foreign,
): Promise<Recording> {
  const { job, send, signal } = context;
  debug('engine', () => `prepares ${trial.id}`);
  const k = askedOf(trial, job.ks);
  const spare = k - depthsOf(trial, job.ks).at(-1)!;
  const opened: PreparedSearch[] = [];
  const open = async () => {
    const search = await collection.prepare(trial.search, k);
    opened.push(search);
    return { search, filters: job.filtering && (await translateFilters(search, job.filtering)) };
  };
  try {
    const { search, filters } = await open();
    const start = performance.now();
    await warmUp((vector, filter) => search.query(vector, filter), queries, filters, job, signal);
    await send({
      type: 'end',
      phase: 'warmup',
      subject: trial.id,
      seconds: (performance.now() - start) / 1000,
    });
    trial.effective = search.effective;
    trial.origin ??= performance.now();
    trial.client = search.client;
    const ks = job.filtering?.ks.map((own) => own + spare);
    const take = (given: Written) => {
      trial.written = given;
    };
    const spool = isSerial(trial.workload) ? undefined : spoolOf(job, trial);
    const part = { k, ks, repetition, spool, origin: trial.origin, signal };
    const sending = {
      ...part,
      search,
      queries,
      order: orderOf(job, repetition),
      filters,
      count: job.count,
      seed: job.seed,
      concurrent: trial.shape.execution === 'concurrent',
      several: trial.shape.preparedSearches === 'several',
    };
    const before = isSerial(trial.workload) ? undefined : await calibrate(trial.workload, sending);
    const busy = startForeign(job);
    const use = new PassUse(job);
    const threads = threadsOf(trial.workload.options, trial.shape);
    const common = job.sharing && commonStart(context, job.sharing, trial, repetition);
    const samples =
      threads > 1
        ? await inThreads(context, await collection.share!(), trial, { ...part, threads }, { use, common })
        : await executorOf(trial.workload).run(
            {
              ...sending,
              open,
              writing: changesCollection(trial.workload)
                ? await writingOf(context, collection, take)
                : undefined,
              ready: async () => {
                await common?.wait();
                const begin = use.begin();
                common?.note(begin);
                return begin;
              },
              onSpun: (ms) => use.leaveOut(ms),
              ...(isSerial(trial.workload) && { onProgress: reporter(context) }),
            },
            trial.workload.options,
          );
    busy(foreign, repetition);
    if (before !== undefined) {
      const used = use.cores();
      const after = isLong(trial.workload) ? await calibrate(trial.workload, sending, 0) : undefined;
      trial.load = withFloor(trial.load, repetition, before, after);
      if (job.endpoint === undefined) trial.processCores.set(repetition, used.client);
      else noteUse(trial, trial.load, job, used);
    }
    // While the search is open: what it needs is there.
    if (job.endpoint === undefined) await noteSearching(context.cost, samples);
    debug(
      'workload',
      () => `${trial.id}: pass ${repetition} of ${workloadText(trial.workload)}, ${samples.length} samples`,
    );
    if (job.endpoint !== undefined) requireAnswers(samples);
    return samples;
  } finally {
    await Promise.all(opened.map((search) => search.close()));
  }
}

/** Files in the build's own folder, which goes with it. */
function spoolOf({ workFolder, seed }: Job, { id }: Trial): SpoolPlace {
  return { path: join(workFolder, `${id}.${randomUUID()}`), seed };
}

async function inThreads(
  { job }: BuildContext,
  shared: Shared,
  { id, search, workload, shape }: Trial,
  part: Pick<ThreadedLoad, 'threads' | 'k' | 'ks' | 'repetition' | 'spool' | 'origin' | 'signal'>,
  { use, common }: { use: PassUse; common: CommonStart | undefined },
): Promise<Recording> {
  const { samples, spun } = await runThreads({
    ...part,
    job,
    trial: { id, search, workload },
    shape: { ...shape, repeat: job.repeat },
    shared,
    onBegin: async () => {
      await common?.wait();
      const begin = use.begin();
      common?.note(begin);
      return common && begin;
    },
  });
  use.leaveOut(spun);
  return samples;
}

/** Of the pass in which it was most. */
function noteUse(
  trial: Trial,
  load: LoadFacts,
  { build }: Job,
  { client, server }: ReturnType<PassUse['cores']>,
): void {
  trial.clientCores = Math.max(trial.clientCores ?? 0, client);
  if (server === undefined) return;
  const serverLimit = Math.min(build.server?.cpus ?? Number.POSITIVE_INFINITY, availableParallelism());
  const serverCores = Math.max(load.serverCores ?? 0, server);
  trial.load = { ...load, serverCores, serverLimit };
}

/** Throws FailureError if a server answered nothing but errors, or nothing could be sent: that is no measurement. */
function requireAnswers({ length, error }: Samples): void {
  if (length === 0 || error.some((text) => text === null)) return;
  throw new FailureError(`none of ${length} queries was answered; the first: ${error[0]}`);
}

function reporter({ send }: BuildContext): (done: number) => void {
  let told = performance.now();
  return (done) => {
    if (performance.now() - told < 500) return;
    told = performance.now();
    void send({ type: 'progress', done });
  };
}
