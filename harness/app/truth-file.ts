import { resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import type { DatasetInfo, PreparedVectors } from '../../datasets/dataset.js';
import type { TruthData } from '../truth/ann-benchmarks.js';
import { loadOrComputeTruth, partOf } from '../truth/cache.js';
import { readTruthOrPart, writeTruth } from '../truth/files.js';
import type { KernelName } from '../truth/kernel.js';
import { mergeParts } from '../truth/merge.js';
import type { RowRange } from '../truth/options.js';
import type { SampleCheck } from '../truth/sample-check.js';
import { tiesAtRank, tiesWithin } from '../truth/ties.js';
import { type Context, warn } from './context.js';
import { compareProvided } from './provided.js';
import { rowsWithin } from './rows-within.js';
import type { Shard } from './shard.js';
import { tilesOf } from './truth-for.js';
import { openRequested, type TruthRequest, truthPath } from './truth-request.js';

/** What was written, and what it says of the data; a share is undefined where there is no such figure. */
export interface WrittenTruth {
  path: string;
  info: DatasetInfo;
  set: string;
  queries: number;
  depth: number;
  kernel: KernelName;
  seconds: number;
  /** 10⁹ multiplications and additions per second; undefined in caches of earlier versions. */
  gflops: number | undefined;
  /** What a reference kernel has computed, too. */
  checked: SampleCheck | undefined;
  fromCache: boolean;
  /** Rows that were compared; undefined: all. */
  part: RowRange | undefined;
  /** Rows that were written where lists have all ties. */
  within: number | undefined;
  /** Share of queries with a tie between neighbouring ranks. */
  ties: number | undefined;
  /** Share of queries that tie at ranks k - 1 and k. */
  tiesAtCut: number | undefined;
  /** Share of the dataset's own neighbours that agree, ties included. */
  agreement: number | undefined;
}

/**
 * Computes the exact neighbours of a dataset's queries and writes them to a file.
 * @throws InputError for an unknown ending, or a k that the dataset cannot fill
 */
export async function truthToFile(request: TruthRequest, context: Context): Promise<WrittenTruth> {
  const path = truthPath(request.out, context);
  requireFormat(request);
  const data = await openRequested(request, context);
  try {
    const { info, vectors, queries } = data;
    for (const warning of data.warnings) warn(context, warning);
    if (request.k > info.count) {
      throw new InputError(`k is larger than the dataset, which has ${info.count} points`, {
        where: '--k',
        got: request.k,
        next: `use at most ${info.count}`,
      });
    }
    const source = { datasetHash: info.hash, queriesHash: data.hash, vectors, queries };
    const part = request.shard && rowsOf(request.shard, info.count);
    const truth = await loadOrComputeTruth({
      cacheFolder: context.cache,
      ...source,
      part,
      memory: request.memory,
      metric: info.metric,
      k: request.k,
      kernel: request.kernel,
      signal: context.signal,
      onProgress: tilesOf(context, info.count),
      onWarning: (text) => warn(context, text),
    });
    const asked = { ...request, radius: undefined };
    const within =
      request.ties === true ? await rowsWithin(asked, { data, truth }, path, context) : undefined;
    if (within === undefined) {
      const contents = request.withData === true ? contentsOf(vectors, queries) : undefined;
      const written = { ...truth, part: partOf({ ...source, part }) };
      await writeTruth(path, written, { metric: info.metric, data: contents });
    }
    const provided = part === undefined ? await data.dataset.providedTruth(data.set) : undefined;
    const compared = provided && compareProvided(provided, truth, { ...info, vectors, queries }, request.k);
    if (compared?.note != null) warn(context, compared.note);
    const { depth, kernel, seconds, gflops, checked, fromCache } = truth;
    return {
      path,
      info,
      set: data.set,
      queries: data.count,
      depth,
      kernel,
      seconds,
      gflops,
      checked,
      fromCache,
      part,
      within,
      ties: part === undefined ? tiesWithin(truth, depth, info.metric) : undefined,
      tiesAtCut:
        request.k < 2 || part !== undefined
          ? undefined
          : tiesAtRank(truth, request.k - 1, info.metric, info.count),
      agreement: compared?.agreement ?? undefined,
    };
  } finally {
    await data.close();
  }
}

/** Most bytes of vectors that the HDF5 library, which keeps a file in memory until it is whole, is given. */
const MOST_DATA = 1.5e9;

function requireFormat({ out, shard, withData, ties }: TruthRequest): void {
  if (ties === true && (shard !== undefined || withData === true))
    throw new InputError('lists of any length are written of a whole truth, without its vectors', {
      where: '--ties',
      next: 'leave --shard and --with-data out',
    });
  if (shard !== undefined && !out.endsWith('.parquet'))
    throw new InputError('a part of a truth is written as .parquet', {
      where: '--out',
      got: out,
      next: 'end the name with .parquet, and merge the parts: vecproof merge <parts> --truth <file>',
    });
  if (withData === true && (shard !== undefined || !/\.(hdf5|h5)$/.test(out)))
    throw new InputError('vectors are written into a whole truth in HDF5 only', {
      where: '--with-data',
      got: out,
      next: 'end the name with .hdf5, and leave --shard out',
    });
}

/** The i-th of n parts of equal size. */
function rowsOf({ index, of }: Shard, count: number): RowRange {
  const from = Math.floor((count * (index - 1)) / of);
  const to = Math.floor((count * index) / of);
  if (from < to) return { from, to };
  throw new InputError(`there are ${count} points, so shard ${index} of ${of} is empty`, {
    where: '--shard',
    got: `${index}/${of}`,
    next: `use at most ${count} shards`,
  });
}

function contentsOf(vectors: PreparedVectors, queries: Float32Array): TruthData {
  const { count, dimensions } = vectors;
  const bytes = (count * dimensions + queries.length) * 4;
  if (bytes > MOST_DATA)
    throw new InputError('these vectors are too many for one HDF5 file that is made in memory', {
      where: '--with-data',
      got: `${(bytes / 1e9).toFixed(1)} GB`,
      next: `leave --with-data out; up to ${MOST_DATA / 1e9} GB are written`,
    });
  const train = new Float32Array(count * dimensions);
  vectors.read(0, count, train);
  return { dimensions, train, test: queries };
}

/** Merges parts into a file; returns its path. */
export async function mergeTruths(
  paths: readonly string[],
  out: string,
  context: Context,
): Promise<{ path: string; queries: number; depth: number }> {
  const path = truthPath(out, context, '--truth');
  const parts = [];
  for (const each of paths) {
    const found = resolve(context.cwd, each);
    parts.push({ path: each, truth: await readTruthOrPart(found) });
  }
  const truth = mergeParts(parts);
  await writeTruth(path, truth, truth);
  return { path, queries: truth.count, depth: truth.depth };
}
