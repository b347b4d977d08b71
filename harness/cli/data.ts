import { createHash } from 'node:crypto';
import { InputError } from '../../common/errors.js';
import type { Dataset, DatasetInfo, Metric, PreparedVectors, QuerySet } from '../../datasets/dataset.js';
import { openDataset } from '../../datasets/open.js';
import { prepareVectors } from '../../datasets/prepare.js';
import type { Context } from './context.js';

export interface DataRequest {
  /** Catalog name, or an absolute path. */
  nameOrPath: string;
  metric: Metric | null;
  queriesFile: string | null;
  set: string | undefined;
  limit: number | undefined;
  /** Take what is there where `set` or `limit` do not fit: the dataset was exchanged on the command line. */
  lenient: boolean;
}

/** A dataset checked, converted, and its queries chosen. */
export interface Data {
  dataset: Dataset;
  info: DatasetInfo;
  vectors: PreparedVectors;
  set: string;
  /** Measured queries: the first `limit` of the set. */
  count: number;
  /** All queries of the set. */
  queries: QuerySet;
  /** sha256 over the measured queries' ids and vectors. */
  hash: string;
  warnings: string[];
}

/** Opens a dataset and reads its queries; every fault of the data is found here, before anything is started. */
export async function openData(
  context: Context,
  request: DataRequest,
  onProgress?: (text: string) => void,
): Promise<Data> {
  const dataset = await openDataset(request.nameOrPath, {
    baseFolder: context.cwd,
    cacheFolder: context.cache,
    signal: context.signal,
    ...(request.metric !== null && { metric: request.metric }),
    ...(request.queriesFile !== null && { queriesFile: request.queriesFile }),
  });
  const { info } = dataset;
  const warnings: string[] = [];
  if (info.metricSource === 'default') {
    warnings.push(
      `the dataset does not say its metric; ${info.metric} is assumed (set dataset.metric to be sure)`,
    );
  }
  const set = chooseSet(info, request, warnings);
  const queries = await dataset.queries(set);
  const count = chooseCount(queries, request, warnings);
  const vectors = await prepareVectors(dataset, {
    cacheFolder: context.cache,
    signal: context.signal,
    onProgress: (done, total) =>
      onProgress?.(`checking and converting ${info.name}: ${done} of ${total} points`),
  });
  return { dataset, info, vectors, set, count, queries, hash: queriesHash(queries, count), warnings };
}

function chooseSet(info: DatasetInfo, { set, lenient }: DataRequest, warnings: string[]): string {
  const names = info.querySets.map(({ name }) => name);
  const first = names[0];
  if (first === undefined) {
    throw new InputError('this dataset has no queries', {
      where: info.source,
      next: 'give a file with queries: dataset: { path: …, queries: … }',
    });
  }
  if (set === undefined || names.includes(set)) return set ?? first;
  if (lenient) {
    warnings.push(`the dataset given has no query set "${set}"; "${first}" is used`);
    return first;
  }
  throw new InputError(`the dataset has no query set "${set}"`, {
    where: info.source,
    next: `set queries.set to one of: ${names.join(', ')}`,
  });
}

function chooseCount(queries: QuerySet, { limit, lenient }: DataRequest, warnings: string[]): number {
  if (limit === undefined || limit <= queries.count) return limit ?? queries.count;
  if (lenient) {
    warnings.push(
      `the dataset given has ${queries.count} queries, fewer than the limit of ${limit}; all are used`,
    );
    return queries.count;
  }
  throw new InputError(`the query set "${queries.name}" has ${queries.count} queries`, {
    where: 'queries.limit',
    got: limit,
    next: `set queries.limit to at most ${queries.count}`,
  });
}

function queriesHash(queries: QuerySet, count: number): string {
  const hash = createHash('sha256');
  for (const id of queries.ids.slice(0, count)) hash.update(`${id.length}:${id}`);
  const { buffer, byteOffset } = queries.vectors;
  hash.update(new Uint8Array(buffer, byteOffset, count * queries.dimensions * 4));
  return hash.digest('hex');
}
