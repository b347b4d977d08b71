import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { debug } from '../../common/debug.js';
import { FailureError } from '../../common/errors.js';
import { makeFolder } from '../../common/files.js';
import { openPreparedVectors } from '../../datasets/prepare.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { ConnectedEngine, EngineDefinition } from '../../engines/contract/engine.js';
import { rowBatch, rowSpec } from '../../engines/kit/rows.js';
import { engineOf } from '../../engines/open.js';
import type { BuildCost } from '../model/events.js';
import { type BuildContext, inPhase } from './context.js';
import { loadedColumns, loadedFields, openMetadata } from './filtering.js';
import { ForeignLoad, startForeign } from './foreign-load.js';
import type { BuildTaskContext, Job, Sharing } from './job.js';
import { noteIndexed, noteStart } from './memory.js';
import { searchTrials } from './search.js';
import { compareClocks } from './server-clock.js';
import { openShared, othersHaveEnded, requireInTime } from './shared-collection.js';

/** Bytes of vectors handed to an engine at once: memory is bounded by the batch, not by the dataset. */
const BATCH_BYTES = 8 * 2 ** 20;
/** Of every collection that a run makes. */
const COLLECTION_PREFIX = 'vecproof_';
const PROGRESS_MS = 500;
/** Further builds of an index take seeds this far apart: suites differ by small numbers. */
const SEED_STEP = 7919;

/**
 * One build from beginning to end inside its own process: create, load, index, then every search setting.
 * What it cost is sent even if it fails.
 */
export async function runTask(job: Job, task: BuildTaskContext): Promise<void> {
  const { send } = task;
  const vectors = openPreparedVectors(job.vectorsFile, job.count, job.dimensions);
  const cost: BuildCost = {};
  // The harness' own memory, which is there before the baseline is taken.
  const batch = batchOf(job);
  const metadata = openMetadata(job.filtering, job.count);
  const context: BuildContext = { ...task, job, cost, vectors, metadata };
  await noteStart(cost);
  const closers: (() => Promise<void> | void)[] = [() => vectors.close(), () => metadata?.close()];
  let failure: { error: unknown } | undefined;
  const onOpen: OnOpen = (...close) => closers.unshift(...close);
  try {
    if (job.sharing !== undefined && job.sharing.index > 1) await searchShared(context, job.sharing, onOpen);
    else await buildAndSearch(context, batch, onOpen);
  } catch (error) {
    failure = { error };
  }
  await send({ type: 'report', report: cost });
  for (const close of closers) {
    try {
      await close();
    } catch (error) {
      failure ??= { error }; // What went wrong first is what matters.
    }
  }
  if (failure !== undefined) throw failure.error;
}

/** Takes what is to be closed at the end, first to last. */
type OnOpen = (...close: (() => Promise<void>)[]) => void;

async function buildAndSearch(context: BuildContext, batch: Float32Array, onOpen: OnOpen): Promise<void> {
  const { job, cost, send } = context;
  const [engine, collection] = await create(context);
  onOpen(
    () => collection.drop(),
    () => engine.close(),
  );
  const busy = startForeign(job);
  await load(context, collection, batch);
  await index(context, collection);
  noteForeign(cost, busy);
  await noteIndexed(cost);
  await send({ type: 'report', report: cost });
  if (job.sharing !== undefined) {
    requireInTime(job.sharing);
    context.clock = await compareClocks(engine);
  }
  await searchTrials(context, collection);
  if (job.sharing !== undefined) await othersHaveEnded(job.sharing, context.signal);
}

/** What others used while the index was built. */
function noteForeign(cost: BuildCost, busy: (sum: ForeignLoad) => void): void {
  const foreign = new ForeignLoad();
  busy(foreign);
  const cores = foreign.cores();
  if (cores !== undefined) cost.foreignCores = cores;
}

/** Searches what the first of several machines has made, from the common moment on; it stays there. */
async function searchShared(context: BuildContext, sharing: Sharing, onOpen: OnOpen): Promise<void> {
  const { job, cost } = context;
  const definition = await engineOf(job.build);
  const { result: engine } = await inPhase(context, 'create', { total: 1, unit: '' }, () =>
    connect(context, definition),
  );
  onOpen(() => engine.close());
  cost.engineVersion = await engine.version();
  context.clock = await compareClocks(engine);
  const name = `${COLLECTION_PREFIX}${sharing.nameEnd}`;
  await searchTrials(
    context,
    await openShared(engine, { ...sharing, name, count: job.count }, context.signal),
  );
}

function connect({ job, signal, restartServer }: BuildContext, definition: EngineDefinition) {
  const { threads, endpoint } = job;
  const seed = job.engineSeed + ((job.build.replica ?? 1) - 1) * SEED_STEP;
  const folder = join(job.workFolder, 'data');
  makeFolder(folder);
  const mode = job.build.server?.mode;
  debug(
    'engine',
    () => `connects ${definition.name}${mode === undefined ? '' : ` (${mode})`}, ${threads} threads`,
  );
  const restart = job.restartable === true ? restartServer : undefined;
  return definition.connect({ folder, threads, seed, endpoint, mode, restartServer: restart }, signal);
}

async function create(context: BuildContext): Promise<[ConnectedEngine, Collection]> {
  const { job, cost } = context;
  const definition = await engineOf(job.build);
  const { result, seconds } = await inPhase(context, 'create', { total: 1, unit: '' }, async () => {
    const { nameEnd } = job;
    const engine = await connect(context, definition);
    const { dimensions, metric, count } = job;
    const spec = rowSpec({
      // A random part: on a running server, nothing that is there can be meant.
      name: `${COLLECTION_PREFIX}${nameEnd ?? randomBytes(6).toString('hex')}`,
      dimensions,
      metric,
      capacity: count,
      index: job.build.index,
      fields: loadedFields(job.filtering),
    });
    return [engine, await engine.create(spec)] as [ConnectedEngine, Collection];
  });
  cost.createSeconds = seconds;
  cost.engineVersion = await result[0].version();
  return result;
}

/** What vectors are read into; touched, so that all of it is resident from now on. */
function batchOf({ count, dimensions }: Job): Float32Array {
  const size = Math.max(1, Math.min(count, Math.floor(BATCH_BYTES / (dimensions * 4))));
  return new Float32Array(size * dimensions).fill(Number.NaN);
}

async function load(context: BuildContext, collection: Collection, buffer: Float32Array): Promise<void> {
  const { job, cost, vectors, metadata, signal, send } = context;
  const { count, dimensions, filtering } = job;
  const withFields = metadata !== undefined && filtering !== undefined && filtering.load.length > 0;
  const size = buffer.length / dimensions;
  let inEngine = 0;
  let told = performance.now();
  await inPhase(context, 'load', { total: count, unit: 'points' }, async () => {
    for (let start = 0; start < count; start += size) {
      const n = Math.min(size, count - start);
      vectors.read(start, n, buffer);
      const metadataOf = withFields ? loadedColumns(metadata, filtering, start, n) : undefined;
      const batch = rowBatch(start, n, buffer.subarray(0, n * dimensions), metadataOf);
      const begin = performance.now();
      await collection.load(batch, signal);
      inEngine += performance.now() - begin;
      await nextTurn();
      signal.throwIfAborted();
      if (performance.now() - told > PROGRESS_MS) {
        told = performance.now();
        await send({ type: 'progress', done: start + n });
      }
    }
  });
  cost.loadSeconds = inEngine / 1000;
  cost.points = count;
}

async function index(context: BuildContext, collection: Collection): Promise<void> {
  const { job, cost, signal } = context;
  const { result, seconds } = await inPhase(context, 'index', { total: 1, unit: '' }, () =>
    collection.ready(signal),
  );
  debug('engine', () => `counts ${result.count} points, ${result.indexed ?? 'no'} indexed`);
  cost.indexSeconds = seconds;
  cost.indexed = result.indexed;
  cost.details = result.details;
  if (result.count !== job.count) {
    throw new FailureError(`the engine counts ${result.count} points after ${job.count} were loaded`, {
      where: `${job.build.engine}: index`,
      next: 'look for rejected points in the engine’s log; a sweep over missing rows would mean nothing',
    });
  }
  if (result.indexed !== null && result.indexed < job.count) {
    throw new FailureError(`the engine indexed ${result.indexed} of ${job.count} points`, {
      where: `${job.build.engine}: index`,
      next: 'raise the engine’s indexing settings: a sweep on an unindexed collection would mean nothing',
    });
  }
  const bytes = await collection.indexBytes();
  if (bytes !== undefined) cost.indexBytes = bytes;
}
