import { closeSync, openSync, statSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { isBitMetric, type PreparedVectors } from '../../datasets/dataset.js';
import type { Truth } from '../model/samples.js';
import { chooseKernel } from './choose.js';
import type { KernelName } from './kernel.js';
import type { Work } from './kernels.js';
import type { TruthOptions } from './options.js';
import { bad, readRows } from './rows.js';
import { requireSame, type SampleCheck, sampledQueries } from './sample-check.js';
import { type Sample, type Scanned, scanRows } from './scan-rows.js';
import { NO_SELECTION, type QuerySelections } from './selections.js';
import { measured } from './tile.js';

/** Raised when the meaning of a truth changes; part of the cache key. */
export const TRUTH_VERSION = 1;

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
  check(vectors, queries, options);
  checkSelections(options.selections, vectors.count, queries.length / vectors.dimensions);
  const { dimensions, count } = vectors;
  const { metric, onWarning } = options;
  const work = (): Work => workOf(vectors, queries, options.k);
  const asked = { kernel: options.kernel, metric, dimensions, rows: count, onWarning, work };
  const { kernel, reference } = await chooseKernel({ ...asked, queries: queries.length / dimensions });
  const sample = reference && sampleOf(queries, dimensions, reference, options.selections);
  const { lists, seconds, rows, sample: found } = await scanRows(vectors, queries, kernel, options, sample);
  const truth = { count: lists.queries, depth: lists.depth, rows: lists.rows, distances: lists.distances };
  const checked = sample && (await checkSample(vectors, { truth, kernel, sample, found }, options));
  options.checkpoint?.remove();
  return {
    ...truth,
    matches: options.part === undefined ? matchesOf(options.selections, count) : lists.sizes,
    kernel,
    ...(truth.count > 0 &&
      rows > 0 &&
      !isBitMetric(metric) && { gflops: (2 * truth.count * rows * dimensions) / seconds / 1e9 }),
    ...(checked && { checked }),
    seconds: (performance.now() - began) / 1000,
  };
}

/** The first rows, and queries for so many multiplications and additions: some milliseconds of a fast kernel. */
const TIMED = { rows: 4096, queries: 256, work: 5e8 };

/** What kernels are timed with. */
export function workOf({ file, count, dimensions }: PreparedVectors, all: Float32Array, k: number): Work {
  const rows = Math.min(count, TIMED.rows);
  const many = Math.ceil(TIMED.work / (2 * TIMED.rows * dimensions));
  const queries = Math.min(all.length / dimensions, Math.max(TIMED.queries, many));
  const descriptor = openSync(file, 'r');
  try {
    const values = readRows(descriptor, file, 0, rows, dimensions);
    return {
      tile: { first: 0, ...measured(values, rows, dimensions, bad(`${file} row`)) },
      queries: measured(all.subarray(0, queries * dimensions), queries, dimensions, bad('query')),
      depth: Math.ceil(Math.min(k, count) * (rows / count)),
    };
  } finally {
    closeSync(descriptor);
  }
}

interface SampledQueries extends Sample {
  /** Their numbers. */
  sampled: Int32Array;
}

function sampleOf(
  queries: Float32Array,
  dimensions: number,
  kernel: KernelName,
  selections: QuerySelections | undefined,
): SampledQueries {
  const sampled = sampledQueries(queries.length / dimensions, selections);
  const some = new Float32Array(sampled.length * dimensions);
  for (const [i, query] of sampled.entries())
    some.set(queries.subarray(query * dimensions, (query + 1) * dimensions), i * dimensions);
  const selectionOf = selections && Int32Array.from(sampled, (query) => selections.of[query]!);
  return { kernel, queries: some, selectionOf, sampled };
}

interface Checked {
  truth: Truth;
  kernel: KernelName;
  sample: SampledQueries;
  found: Scanned['sample'];
}

/** A sample of the queries by another kernel, in the same run. Throws FailureError if the two disagree. */
async function checkSample(
  vectors: PreparedVectors,
  { truth, kernel, sample, found }: Checked,
  options: TruthOptions,
): Promise<SampleCheck> {
  const { kernel: reference, queries, selectionOf, sampled } = sample;
  // A scan that went on after a stop has not seen all rows: the sample sees them now.
  const { lists, seconds } = found ?? (await scanSample());
  requireSame(truth, lists, sampled, [kernel, reference]);
  return { kernel: reference, queries: sampled.length, seconds };

  function scanSample(): Promise<Scanned> {
    const { selections } = options;
    return scanRows(vectors, queries, reference, {
      ...options,
      ...(selections && selectionOf && { selections: { ...selections, of: selectionOf } }),
      onProgress: undefined,
      checkpoint: undefined,
    });
  }
}

/** Throws InputError for k < 1, and for vectors that do not fit. */
export function check(
  { file, count, dimensions }: PreparedVectors,
  queries: Float32Array,
  { k, part }: TruthOptions,
): void {
  if (part !== undefined && !(part.from >= 0 && part.from < part.to && part.to <= count))
    throw new InputError(`rows must be of the ${count} that there are`, { where: 'truth', got: part });
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
