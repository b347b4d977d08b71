import { closeSync, openSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { FailureError, InputError, InterruptedError, messageOf, VecproofError } from '../../common/errors.js';
import { startThread } from '../../common/threads.js';
import type { Metric, PreparedVectors } from '../../datasets/dataset.js';
import type { Truth } from '../model/samples.js';
import { chooseKernel } from './choose.js';
import { NEXT_TILE, TILES_DONE, tileRowsFor, type WorkerJob, type WorkerMessage } from './job.js';
import type { KernelName } from './kernel.js';
import type { Work } from './kernels.js';
import { bad, readRows } from './rows.js';
import { requireSame, type SampleCheck, sampledQueries } from './sample-check.js';
import { NO_SELECTION, type QuerySelections, sharedSelections } from './selections.js';
import { measured } from './tile.js';
import { SharedBounds, TopLists } from './top-lists.js';

/** Raised when the meaning of a truth changes; part of the cache key. */
export const TRUTH_VERSION = 1;

export interface TruthOptions {
  metric: Metric;
  /** Neighbours wanted; the truth holds fewer if the dataset is smaller. */
  k: number;
  /** Worker threads; default: one for each core. */
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called after each tile. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  onWarning?: ((message: string) => void) | undefined;
  /** Default: the fastest that works here, see `chooseKernel`. */
  kernel?: KernelName | undefined;
  /** Which points each query may find (`compile` makes a selection of a filter); absent: all. */
  selections?: QuerySelections | undefined;
  /** Rows a tile; for tests. */
  tileRows?: number | undefined;
}

export interface ComputedTruth extends Truth {
  kernel: KernelName;
  seconds: number;
  /** 10⁹ multiplications and additions per second of all threads, those that filters spare included. */
  gflops?: number | undefined;
  /** What a reference kernel has computed, too; absent where the kernel is the reference. */
  checked?: SampleCheck | undefined;
}

/**
 * Exact nearest neighbours of all queries, in worker threads. Memory: the results, and per thread two tiles of 16 MB
 * and the kernel's block. All kernels give the same bits: what they keep is ordered by (float64 distance, row).
 * With selections, the exact neighbours among the points that each query may find; where fewer than `depth` pass, the
 * list is as short as that (`matches`), padded with -1 and NaN.
 * Throws InputError for k < 1 or vectors that do not fit, InterruptedError on abort, FailureError if a thread fails.
 */
export async function computeTruth(
  vectors: PreparedVectors,
  queries: Float32Array,
  options: TruthOptions,
): Promise<ComputedTruth> {
  const began = performance.now();
  check(vectors, queries, options.k);
  checkSelections(options.selections, vectors.count, queries.length / vectors.dimensions);
  const { dimensions, count } = vectors;
  const { metric, onWarning } = options;
  const work = (): Work => workOf(vectors, queries);
  const asked = { kernel: options.kernel, metric, dimensions, rows: count, onWarning, work };
  const { kernel, reference } = await chooseKernel({ ...asked, queries: queries.length / dimensions });
  const scanned = performance.now();
  const truth = await scan(vectors, queries, kernel, options);
  const seconds = (performance.now() - scanned) / 1000;
  const checked = reference && (await checkSample(vectors, queries, { truth, kernel, reference }, options));
  return {
    ...truth,
    matches: matchesOf(options.selections, count),
    kernel,
    ...(truth.count > 0 && { gflops: (2 * truth.count * count * dimensions) / seconds / 1e9 }),
    ...(checked && { checked }),
    seconds: (performance.now() - began) / 1000,
  };
}

/** What kernels are timed with: the first rows and queries, enough for a second of the slowest at most. */
const TIMED = { rows: 4096, queries: 256 };

function workOf({ file, count, dimensions }: PreparedVectors, all: Float32Array): Work {
  const rows = Math.min(count, TIMED.rows);
  const queries = Math.min(all.length / dimensions, TIMED.queries);
  const descriptor = openSync(file, 'r');
  try {
    const values = readRows(descriptor, file, 0, rows, dimensions);
    return {
      tile: { first: 0, ...measured(values, rows, dimensions, bad(`${file} row`)) },
      queries: measured(all.subarray(0, queries * dimensions), queries, dimensions, bad('query')),
    };
  } finally {
    closeSync(descriptor);
  }
}

async function scan(
  vectors: PreparedVectors,
  queries: Float32Array,
  kernel: KernelName,
  options: TruthOptions,
): Promise<Pick<Truth, 'count' | 'depth' | 'rows' | 'distances'>> {
  const depth = Math.min(options.k, vectors.count);
  const lists = new TopLists(queries.length / vectors.dimensions, depth);
  if (lists.queries > 0) await scanInThreads(jobOf(vectors, queries, depth, kernel, options), lists, options);
  const { rows, distances } = lists;
  return { count: lists.queries, depth, rows, distances };
}

/** A sample of the queries by another kernel, in the same run. Throws FailureError if the two disagree. */
async function checkSample(
  vectors: PreparedVectors,
  queries: Float32Array,
  { truth, kernel, reference }: { truth: Truth; kernel: KernelName; reference: KernelName },
  options: TruthOptions,
): Promise<SampleCheck> {
  const { dimensions } = vectors;
  const { selections } = options;
  const sampled = sampledQueries(truth.count, selections);
  const some = new Float32Array(sampled.length * dimensions);
  for (const [i, query] of sampled.entries())
    some.set(queries.subarray(query * dimensions, (query + 1) * dimensions), i * dimensions);
  const of = selections && Int32Array.from(sampled, (query) => selections.of[query]!);
  const sample = await scan(vectors, some, reference, {
    ...options,
    ...(selections && of && { selections: { ...selections, of } }),
    onProgress: undefined,
  });
  requireSame(truth, sample, sampled, [kernel, reference]);
  return { kernel: reference, queries: sampled.length };
}

function check({ file, count, dimensions }: PreparedVectors, queries: Float32Array, k: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new InputError('k must be a positive integer', { where: 'truth', got: k });
  }
  if (queries.length % dimensions !== 0) {
    throw new InputError(`queries must have the ${dimensions} dimensions of the dataset`, {
      where: 'truth',
      got: `${queries.length} numbers`,
    });
  }
  const bad = queries.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) {
    throw new InputError(`query ${Math.floor(bad / dimensions)} has a component that is not finite`, {
      where: 'truth',
      got: queries[bad],
      next: 'remove or correct the query',
    });
  }
  const bytes = statSync(file).size;
  if (bytes !== count * dimensions * 4) {
    throw new InputError(`must hold ${count} vectors of ${dimensions} dimensions in float32`, {
      where: file,
      got: `${bytes} bytes`,
      next: 'delete the file; it is made again from the dataset',
    });
  }
}

function checkSelections(selections: QuerySelections | undefined, rows: number, queries: number): void {
  if (selections === undefined) return;
  const { of, list } = selections;
  const fits = of.length === queries && of.every((i) => i >= -1 && i < list.length);
  if (!fits || list.some(({ length }) => length !== rows)) {
    throw new InputError(`selections must be of the ${queries} queries and of the ${rows} points`, {
      where: 'truth',
      got: `${of.length} queries, ${list.map(({ length }) => length)} points`,
    });
  }
}

/** By query the points that it may find. */
function matchesOf(selections: QuerySelections | undefined, rows: number): Int32Array | undefined {
  if (selections === undefined) return undefined;
  const counts = selections.list.map((selection) => selection.count());
  return selections.of.map((i) => (i === NO_SELECTION ? rows : counts[i]!));
}

function jobOf(
  { file, count, dimensions }: PreparedVectors,
  queries: Float32Array,
  depth: number,
  kernel: KernelName,
  {
    metric,
    selections,
    threads = availableParallelism(),
    tileRows = tileRowsFor(count, dimensions, threads, kernel),
  }: TruthOptions,
): WorkerJob {
  const shared = new SharedArrayBuffer(queries.byteLength);
  new Float32Array(shared).set(queries);
  const progress = new SharedArrayBuffer(8);
  const allowed = selections && sharedSelections(selections, count);
  return {
    kernel,
    metric,
    file,
    count,
    dimensions,
    depth,
    tileRows,
    queries: shared,
    bounds: SharedBounds.create(queries.length / dimensions),
    progress,
    selections: allowed,
  };
}

/** Beyond the last tile of any dataset. */
const NO_TILE = 2 ** 30;

async function scanInThreads(job: WorkerJob, lists: TopLists, options: TruthOptions): Promise<void> {
  const tiles = Math.ceil(job.count / job.tileRows);
  const threads = Math.max(1, Math.min(options.threads ?? availableParallelism(), tiles));
  throwIfAborted(options.signal);
  const progress = new Int32Array(job.progress);
  progress[NEXT_TILE] = 0;
  const workers = Array.from({ length: threads }, () => startThread('harness/truth/worker.js', job));
  const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
  const onTile = (): void => options.onProgress?.(Atomics.load(progress, TILES_DONE), tiles);
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
function resultOf(worker: Worker, lists: TopLists, onTile: () => void): Promise<void> {
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

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  if (signal.reason instanceof VecproofError) throw signal.reason;
  throw new InterruptedError('stopped while computing the truth', { where: 'truth', cause: signal.reason });
}
