import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { debug } from '../../common/debug.js';
import { ConnectionLostError, FailureError, messageOf } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import { executionOf } from '../../engines/contract/capabilities.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { NativeFilter } from '../../engines/contract/search.js';
import { controlGroup } from '../../engines/launcher/control-group.js';
import { engineOf } from '../../engines/open.js';
import { permutation } from '../measures/random.js';
import type { PlannedTrial } from '../model/plan.js';
import type { Samples } from '../model/samples.js';
import { isSerial, workloadText } from '../model/workload.js';
import { failureText } from '../process/phase.js';
import { machineBusySeconds, ownCpuSeconds } from '../process/resources.js';
import { RecordingError } from '../process/task.js';
import { partFile, partsOnDisk, runFolder, samplesFile } from '../store/run-folder.js';
import { joinSamples, readSamples, writeSamples } from '../store/samples.js';
import { type BuildContext, inPhase } from './context.js';
import type { TrialShape } from './executors/executor.js';
import { executorOf } from './executors/registry.js';
import { findFlaws, translateFilters } from './filtering.js';
import { ForeignLoad } from './foreign-load.js';
import type { Job } from './job.js';
import { probeTrials } from './probe.js';
import { recomputeDistances } from './recompute.js';

interface Trial extends PlannedTrial {
  /** Passes that it has to have. */
  passes: number;
  /** Repetitions an earlier process has left on disk. */
  done: ReadonlySet<number>;
  /** Passes of this process. */
  parts: (Samples | undefined)[];
  /** Passes came from an earlier process, that is, from another build of the same index. */
  resumed: boolean;
  origin: number | undefined;
  effective: ParameterSet | undefined;
  /** Of the passes of this process. */
  foreign: ForeignLoad;
  failed: boolean;
}

/**
 * Measures every setting of a build. Passes are interleaved: all settings once, then all again in the opposite
 * order, so that slow drift of the machine falls on all of them. Each pass is on disk before the next begins.
 */
export async function searchTrials(context: BuildContext, collection: Collection): Promise<void> {
  const { job } = context;
  const queries = readQueries(job);
  const { capabilities } = await engineOf(job.build);
  const shape = { ...executionOf(capabilities, job.build.server?.mode), repeat: job.repeat };
  const trials = job.todo.map(({ trial, doneRepetitions }): Trial => {
    const planned = job.build.trials.find(({ id }) => id === trial)!;
    const done = new Set(doneRepetitions);
    return {
      ...planned,
      passes: passesOf(planned, shape),
      done,
      resumed: done.size > 0,
      origin: undefined,
      effective: undefined,
      foreign: new ForeignLoad(),
      failed: false,
      parts: [],
    };
  });
  const rounds = Math.max(...trials.map(({ passes }) => passes));
  for (let repetition = 0; repetition < rounds; repetition++) {
    for (const trial of repetition % 2 === 0 ? trials : trials.toReversed()) {
      if (repetition >= trial.passes) continue;
      if (!trial.failed && !trial.done.has(repetition))
        await onePass(context, collection, trial, repetition, queries);
      if (!trial.failed && repetition === trial.passes - 1) await finish(context, trial);
    }
  }
  await probeTrials(context, collection, queries);
}

/** What cannot run was refused while planning. */
function passesOf({ id, workload }: PlannedTrial, shape: TrialShape): number {
  const plan = executorOf(workload).plan(workload.options, shape);
  if (plan.state === 'ok') return plan.passes;
  throw new FailureError(plan.reason, { where: id });
}

async function onePass(
  context: BuildContext,
  collection: Collection,
  trial: Trial,
  repetition: number,
  queries: readonly Float32Array[],
): Promise<void> {
  const { job, send, signal } = context;
  try {
    const about = { trial: trial.id, total: sentQueries(job).length, unit: 'queries' };
    const { result: samples } = await inPhase(context, 'search', about, () =>
      measurePass(context, collection, trial, repetition, queries),
    );
    await inPhase(context, 'record', { ...about, total: 1, unit: '' }, async () => {
      recomputeDistances(samples, job.metric, context.vectors, queries);
      if (context.metadata !== undefined && job.filtering !== undefined)
        findFlaws(samples, job.filtering, context.metadata);
      keep(partFile(runFolder(job.runFolder), trial.id, repetition), samples);
    });
    trial.parts[repetition] = samples;
  } catch (error) {
    if (signal.aborted || error instanceof RecordingError) throw error;
    trial.failed = true;
    removeParts(job, trial);
    if (error instanceof ConnectionLostError) throw error;
    await send({ type: 'trialEnd', trial: trial.id, state: 'failed', error: failureText(error), flags: [] });
  }
}

async function measurePass(
  context: BuildContext,
  collection: Collection,
  trial: Trial,
  repetition: number,
  queries: readonly Float32Array[],
): Promise<Samples> {
  const { job, send, signal } = context;
  debug('engine', () => `prepares ${trial.id}`);
  const search = await collection.prepare(trial.search, job.k);
  try {
    const filters = job.filtering && (await translateFilters(search, job.filtering));
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
    const busy = startForeign(job);
    const samples = await executorOf(trial.workload).run(
      {
        search,
        queries,
        order: orderOf(job, repetition),
        k: job.k,
        filters,
        ks: job.filtering?.ks,
        count: job.count,
        repetition,
        origin: trial.origin,
        signal,
        onProgress: reporter(context),
      },
      trial.workload.options,
    );
    busy(trial.foreign);
    debug(
      'workload',
      () => `${trial.id}: pass ${repetition} of ${workloadText(trial.workload)}, ${samples.length} samples`,
    );
    if (job.endpoint !== undefined) requireAnswers(samples);
    return samples;
  } finally {
    await search.close();
  }
}

/** Throws FailureError if a server answered nothing but errors: that is a failure of the server, and no measurement. */
function requireAnswers({ length, error }: Samples): void {
  if (length === 0 || error.some((text) => text === null)) return;
  throw new FailureError(`the server answered none of ${length} queries; the first: ${error[0]}`);
}

/**
 * Adds up the CPU time that everything but this process and its server used meanwhile: neighbours whose load is in the
 * figures. Measures nothing where the server's own use cannot be told from theirs.
 */
function startForeign({ endpoint, serverGroup }: Job): (sum: Trial['foreign']) => void {
  const server = serverGroup === undefined ? undefined : controlGroup(serverGroup);
  const serverCpu = () => (endpoint === undefined ? 0 : server?.cpuSeconds());
  const ours = () => ownCpuSeconds() + (serverCpu() ?? Number.NaN);
  const busy = machineBusySeconds();
  const own = ours();
  const start = performance.now();
  return (sum) => {
    const now = machineBusySeconds();
    if (busy === undefined || now === undefined) return;
    const others = now - busy - (ours() - own);
    if (Number.isNaN(others)) return;
    sum.add(Math.max(0, others), (performance.now() - start) / 1000);
  };
}

/** Numbers of the queries that are sent: all but those of groups that the engine refuses. */
function sentQueries({ filtering, queryCount }: Job): Int32Array {
  return filtering?.send ?? Int32Array.from({ length: queryCount }, (_, i) => i);
}

/** Every engine gets its queries in the same order: what is not sent is left out of it. */
function orderOf(job: Job, repetition: number): Int32Array {
  const order = permutation(job.queryCount, job.seed + repetition);
  if (job.filtering === undefined) return order;
  const sent = new Set(job.filtering.send);
  return order.filter((query) => sent.has(query));
}

/**
 * Untimed queries, taken from beyond the measured ones where the set has more; with the filters of the measured ones,
 * in turn.
 */
async function warmUp(
  query: (vector: Float32Array, filter: NativeFilter | undefined) => unknown,
  queries: readonly Float32Array[],
  filters: readonly (NativeFilter | undefined)[] | undefined,
  job: Job,
  signal: AbortSignal,
): Promise<void> {
  const spare = queries.length > job.queryCount;
  const sent = sentQueries(job);
  for (let i = 0; i < job.warmup; i++) {
    const measured = sent[i % sent.length]!;
    const at = spare ? job.queryCount + (i % (queries.length - job.queryCount)) : measured;
    try {
      await query(queries[at]!, filters?.[measured]);
    } catch {
      // Not measured here: a query that fails is recorded when its turn comes in the pass.
    }
    signal.throwIfAborted();
  }
}

/** Joins a trial's passes into its samples file and tells the supervisor. */
async function finish({ job, send }: BuildContext, trial: Trial): Promise<void> {
  const folder = runFolder(job.runFolder);
  const parts: Samples[] = [];
  for (let r = 0; r < trial.passes; r++) {
    parts.push(trial.parts[r] ?? (await readSamples(partFile(folder, trial.id, r), job.k)));
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
function keep(path: string, samples: Samples): void {
  try {
    writeSamples(path, samples);
  } catch (error) {
    throw new RecordingError(messageOf(error), { cause: error });
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

function removeParts(job: Job, { id }: Trial): void {
  const folder = runFolder(job.runFolder);
  for (const repetition of partsOnDisk(folder, id)) rmSync(partFile(folder, id, repetition));
}

function reporter({ send }: BuildContext): (done: number) => void {
  let told = performance.now();
  return (done) => {
    if (performance.now() - told < 500) return;
    told = performance.now();
    void send({ type: 'progress', done });
  };
}

/** One array per query with a buffer of its own: some clients ignore a view's byteOffset. */
function readQueries(job: Job): Float32Array[] {
  const descriptor = openSync(job.queriesFile, 'r');
  try {
    return Array.from({ length: job.queryCount + job.warmupQueryCount }, (_, i) => {
      const vector = new Float32Array(job.dimensions);
      const bytes = readSync(descriptor, vector, 0, vector.byteLength, i * vector.byteLength);
      if (bytes !== vector.byteLength) throw new Error(`${job.queriesFile} ends before query ${i}`);
      return vector;
    });
  } finally {
    closeSync(descriptor);
  }
}
