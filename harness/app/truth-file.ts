import { resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import type { DatasetInfo } from '../../datasets/dataset.js';
import { loadOrComputeTruth } from '../truth/cache.js';
import { TRUTH_FORMATS, writeTruth } from '../truth/files.js';
import type { KernelName } from '../truth/kernel.js';
import type { SampleCheck } from '../truth/sample-check.js';
import { tiesAtRank, tiesWithin } from '../truth/ties.js';
import { type Context, warn } from './context.js';
import { openData } from './data.js';
import type { DatasetOptions } from './dataset-options.js';
import { locate } from './places.js';
import { compareProvided } from './provided.js';
import { tilesOf } from './truth-for.js';

export interface TruthRequest {
  /** Catalog name or path. */
  dataset: string;
  /** How it is read. */
  options: DatasetOptions;
  /** File to write; its ending says the format. */
  out: string;
  k: number;
  /** Query set; default: the first. */
  set?: string | undefined;
  /** Only the first queries. */
  limit?: number | undefined;
  kernel?: KernelName | undefined;
}

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
  const path = resolve(context.cwd, request.out);
  if (!TRUTH_FORMATS.some((ending) => path.endsWith(ending))) {
    throw new InputError('unknown file format', {
      where: '--out',
      got: request.out,
      next: `end the name with ${TRUTH_FORMATS.join(' or ')}`,
    });
  }
  const data = await openData(context, {
    nameOrPath: locate(request.dataset, context.cwd),
    ...request.options,
    set: request.set,
    limit: request.limit,
    seed: undefined,
    lenient: false,
  });
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
    const truth = await loadOrComputeTruth({
      cacheFolder: context.cache,
      datasetHash: info.hash,
      queriesHash: data.hash,
      vectors,
      queries,
      metric: info.metric,
      k: request.k,
      kernel: request.kernel,
      signal: context.signal,
      onProgress: tilesOf(context, info.count),
      onWarning: (text) => warn(context, text),
    });
    await writeTruth(path, truth, { metric: info.metric });
    const provided = await data.dataset.providedTruth(data.set);
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
      ties: tiesWithin(truth, depth, info.metric),
      tiesAtCut: request.k < 2 ? undefined : tiesAtRank(truth, request.k - 1, info.metric, info.count),
      agreement: compared?.agreement ?? undefined,
    };
  } finally {
    await data.close();
  }
}
