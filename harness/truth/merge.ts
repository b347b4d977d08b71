import { InputError } from '../../common/errors.js';
import type { Truth } from '../model/samples.js';
import type { StoredTruth, TruthPart } from './files.js';
import type { KernelName } from './kernel.js';
import { TopLists } from './top-lists.js';

/** A part with the file that it is in. */
export interface FoundPart {
  path: string;
  truth: StoredTruth;
}

export type MergedTruth = Truth & Pick<StoredTruth, 'metric' | 'kernel' | 'seconds' | 'checked'>;

/**
 * The truth of all rows out of parts that hold each of them once.
 * @throws InputError naming the file that does not belong, or the rows that are missing or there twice
 */
export function mergeParts(given: readonly FoundPart[]): MergedTruth {
  const parts = given
    .map((each) => ({ ...each, part: partOf(each) }))
    .toSorted((a, b) => a.part.from - b.part.from);
  const [first] = parts;
  if (first === undefined) throw new InputError('there is no part to merge', { where: 'merge' });
  for (const each of parts) requireAlike(first, each);
  requireComplete(parts);
  const { count, depth, metric, margin } = first.truth;
  const lists = new TopLists(count, depth);
  for (const { truth } of parts) {
    const { rows, distances, matches } = truth;
    // One by one: nobody has looked whether a file has them in order.
    for (let query = 0; query < count; query++)
      for (let i = query * depth; i < query * depth + (matches?.[query] ?? depth); i++)
        lists.offer(query, rows[i]!, distances[i]!);
  }
  const seconds = parts.reduce((sum, { truth }) => sum + (truth.seconds ?? Number.NaN), 0);
  return {
    ...{ count, depth, metric, margin },
    rows: lists.rows,
    distances: lists.distances,
    kernel: same(parts.map(({ truth }) => truth.kernel)),
    ...(Number.isFinite(seconds) && { seconds }),
    checked: checkedOf(parts.map(({ truth }) => truth)),
  } as MergedTruth;
}

function partOf({ path, truth }: FoundPart): TruthPart {
  if (truth.part !== undefined) return truth.part;
  throw new InputError('is a whole truth, not a part of one', {
    where: path,
    next: 'merge files that were made with truth --shard i/n',
  });
}

type Part = FoundPart & { part: TruthPart };

function requireAlike(a: Part, b: Part): void {
  const facts = ({ truth, part }: Part): Record<string, unknown> => ({
    dataset: part.datasetHash,
    queries: part.queriesHash,
    points: part.points,
    metric: truth.metric,
    k: truth.depth,
    'number of queries': truth.count,
  });
  const [own, other] = [facts(a), facts(b)];
  for (const [name, value] of Object.entries(own)) {
    if (other[name] === value) continue;
    throw new InputError(`its ${name} is not that of ${a.path}`, {
      where: b.path,
      got: other[name],
      next: 'merge parts of one dataset, one query set, one metric and one k',
    });
  }
}

function requireComplete(parts: readonly Part[]): void {
  let next = 0;
  for (const { path, part } of parts) {
    if (part.from > next) throw missing(next, part.from);
    if (part.from < next)
      throw new InputError(`rows ${part.from} to ${Math.min(part.to, next) - 1} are in another part, too`, {
        where: path,
        next: 'give each part once, all of one split',
      });
    next = part.to;
  }
  const { points } = parts[0]!.part;
  if (next < points) throw missing(next, points);
}

function missing(from: number, to: number): InputError {
  return new InputError(`rows ${from} to ${to - 1} are in none of the parts`, {
    where: 'merge',
    next: 'give all parts of the split',
  });
}

/** Undefined where they differ. */
function same(kernels: readonly (KernelName | undefined)[]): KernelName | undefined {
  return kernels.every((each) => each === kernels[0]) ? kernels[0] : undefined;
}

/** Only what every part was checked with. */
function checkedOf(truths: readonly StoredTruth[]): StoredTruth['checked'] {
  const all = truths.map(({ checked }) => checked);
  const [first] = all;
  if (first === undefined || all.some((each) => each?.kernel !== first.kernel)) return undefined;
  return { kernel: first.kernel, queries: Math.min(...all.map((each) => each!.queries)) };
}
