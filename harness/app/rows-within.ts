import { InputError } from '../../common/errors.js';
import type { DatasetInfo } from '../../datasets/dataset.js';
import { marginOf, tieLimit } from '../measures/distance.js';
import type { Truth } from '../model/samples.js';
import type { KernelName } from '../truth/kernel.js';
import { writeWithin } from '../truth/range-files.js';
import type { SampleCheck } from '../truth/sample-check.js';
import { computeWithin } from '../truth/within.js';
import { type Context, warn } from './context.js';
import type { Data } from './data.js';
import { tilesOf } from './truth-for.js';
import { openRequested, type TruthRequest, truthPath } from './truth-request.js';

type Asked = Pick<TruthRequest, 'k' | 'kernel' | 'memory'>;

/** Writes all rows that are not farther than each query's k-th, ties included; returns how many they are. */
export async function rowsWithin(
  request: Asked,
  { data, truth }: { data: Data; truth: Truth },
  path: string,
  context: Context,
): Promise<number> {
  const { info, vectors, queries } = data;
  const margin = marginOf(truth, info.metric);
  const last = truth.depth - 1;
  const radii = Float64Array.from({ length: truth.count }, (_, query) =>
    tieLimit(truth.distances[query * truth.depth + last]!, margin),
  );
  const found = await computeWithin(vectors, queries, radii, optionsOf(request, info, context));
  await writeWithin(path, found, { metric: info.metric, within: { rank: request.k } });
  return found.rows.length;
}

function optionsOf({ kernel, memory }: Asked, { metric, count }: DatasetInfo, context: Context) {
  return {
    metric,
    kernel,
    memory,
    signal: context.signal,
    onProgress: tilesOf(context, count),
    onWarning: (text: string) => warn(context, text),
  };
}

export interface WrittenRange {
  path: string;
  info: DatasetInfo;
  set: string;
  queries: number;
  rows: number;
  /** Queries that have none, and the most that one has. */
  empty: number;
  most: number;
  kernel: KernelName;
  seconds: number;
  checked: SampleCheck | undefined;
}

/**
 * Writes all points within a distance of each query.
 * @throws InputError for an unknown ending, or a distance that none can have
 */
export async function rangeToFile(
  request: TruthRequest & { radius: number },
  context: Context,
): Promise<WrittenRange> {
  const path = truthPath(request.out, context);
  if (request.shard !== undefined || request.withData === true || request.ties === true)
    throw new InputError('goes with neither --shard, --with-data nor --ties', { where: '--radius' });
  const data = await openRequested(request, context);
  try {
    for (const warning of data.warnings) warn(context, warning);
    const { info, vectors, queries, count } = data;
    const radii = new Float64Array(count).fill(request.radius);
    const found = await computeWithin(vectors, queries, radii, optionsOf(request, info, context));
    await writeWithin(path, found, { metric: info.metric, within: { radius: request.radius } });
    const { sizes, kernel, seconds, checked } = found;
    return {
      path,
      info,
      set: data.set,
      queries: count,
      rows: found.rows.length,
      empty: sizes.filter((size) => size === 0).length,
      most: sizes.reduce((most, size) => Math.max(most, size), 0),
      kernel,
      seconds,
      checked,
    };
  } finally {
    await data.close();
  }
}
