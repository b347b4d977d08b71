import { createHash } from 'node:crypto';
import type { Dataset } from '../../../datasets/dataset.js';
import { type OpenOptions, openDataset as openWith } from '../../../datasets/open.js';
import { prepareVectors } from '../../../datasets/prepare.js';
import { type CachedTruth, loadOrComputeTruth } from '../../truth/cache.js';
import type { KernelName } from '../../truth/kernel.js';
import { preparation } from '../context.js';
import { locate } from '../places.js';
import { tilesOf } from '../truth-for.js';
import { type Surroundings, within } from './surroundings.js';

export interface OpenDatasetOptions
  extends Surroundings,
    Omit<OpenOptions, 'baseFolder' | 'cacheFolder' | 'signal'> {}

/**
 * Opens a dataset by its name in the catalog or by its path (docs/datasets.md). Whoever opens it closes it.
 * @throws InputError for data that cannot be used as it is
 */
export function openDataset(nameOrPath: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const { home: _home, env: _env, onEvent: _onEvent, cwd: _cwd, signal: _signal, ...how } = options;
  return within(options, ({ cwd, cache, signal }) =>
    openWith(locate(nameOrPath, cwd), { ...how, baseFolder: cwd, cacheFolder: cache, signal }),
  );
}

export interface ExactNeighboursOptions extends Surroundings {
  /** Neighbours of each query; fewer if the dataset is smaller. */
  k: number;
  /** Name of a query set (default: the first), or query vectors one after the other. */
  queries?: string | Float32Array | undefined;
  /** How candidates are found; both kernels give the same bits. */
  kernel?: KernelName | undefined;
  onWarning?: ((message: string) => void) | undefined;
}

/**
 * The exact nearest neighbours of queries, ascending by (float64 distance, row), from the cache where they are known.
 * Rows are numbers of the dataset's points in its own order; distances are those of docs/measures.md.
 * @throws InputError for queries that do not fit the dataset
 */
export function exactNeighbours(dataset: Dataset, options: ExactNeighboursOptions): Promise<CachedTruth> {
  return within(options, async (context) => {
    const { info } = dataset;
    const { cache: cacheFolder, signal } = context;
    const given = options.queries;
    const queries =
      given instanceof Float32Array
        ? given
        : (await dataset.queries(given ?? info.querySets[0]?.name ?? '')).vectors;
    const onProgress = preparation(context, `checking and converting ${info.name}`, 'points');
    const vectors = await prepareVectors(dataset, { cacheFolder, signal, onProgress });
    try {
      return await loadOrComputeTruth({
        cacheFolder,
        datasetHash: info.hash,
        queriesHash: createHash('sha256')
          .update(new Uint8Array(queries.buffer, queries.byteOffset, queries.byteLength))
          .digest('hex'),
        vectors,
        queries,
        metric: info.metric,
        k: options.k,
        kernel: options.kernel,
        signal,
        onProgress: tilesOf(context, info.count),
        onWarning: options.onWarning,
      });
    } finally {
      vectors.close();
    }
  });
}
