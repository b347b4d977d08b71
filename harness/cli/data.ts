import { createHash } from 'node:crypto';
import { InputError } from '../../common/errors.js';
import type { Dataset, DatasetInfo, Metric, PreparedVectors, QuerySet } from '../../datasets/dataset.js';
import { openDataset } from '../../datasets/open.js';
import { prepareVectors } from '../../datasets/prepare.js';
import { permutation } from '../measures/random.js';
import type { Context } from './context.js';

export interface DataRequest {
  /** Catalog name, or an absolute path. */
  nameOrPath: string;
  metric: Metric | null;
  queriesFile: string | null;
  set: string | undefined;
  limit: number | undefined;
  /** Draws the sample that `limit` asks for; without it the first queries are taken. */
  seed: number | undefined;
  /** Take what is there where `set` or `limit` do not fit: the dataset was exchanged on the command line. */
  lenient: boolean;
}

/** A dataset checked, converted, and its queries chosen. */
export interface Data {
  dataset: Dataset;
  info: DatasetInfo;
  vectors: PreparedVectors;
  set: string;
  /** Measured queries, with their ids and vectors (row-major, in order of the set). */
  count: number;
  ids: readonly string[];
  queries: Float32Array;
  /** Vectors of the set's other queries, for warm-up; in a seeded order. */
  spare: Float32Array;
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
  const all = await dataset.queries(set);
  const sample = choose(all, chooseCount(all, request, warnings), request.seed);
  const vectors = await prepareVectors(dataset, {
    cacheFolder: context.cache,
    signal: context.signal,
    onProgress: (done, total) =>
      onProgress?.(`checking and converting ${info.name}: ${done} of ${total} points`),
  });
  return { dataset, info, vectors, set, ...sample, warnings };
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

/**
 * The measured queries. Sets are often sorted by name, so the first ones would be a biased choice: with a seed a
 * random sample is drawn.
 */
function choose(all: QuerySet, count: number, seed: number | undefined) {
  const order =
    seed === undefined ? Int32Array.from({ length: all.count }, (_, i) => i) : permutation(all.count, seed);
  const measured = order.slice(0, count).sort();
  const ids = Array.from(measured, (at) => all.ids[at]!);
  const queries = gather(all, measured);
  const hash = createHash('sha256');
  for (const id of ids) hash.update(`${id.length}:${id}`);
  hash.update(new Uint8Array(queries.buffer));
  return { count, ids, queries, spare: gather(all, order.slice(count)), hash: hash.digest('hex') };
}

function gather({ vectors, dimensions }: QuerySet, rows: Int32Array): Float32Array {
  const out = new Float32Array(rows.length * dimensions);
  for (const [i, row] of rows.entries())
    out.set(vectors.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  return out;
}
