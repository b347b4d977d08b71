import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import type { Truth } from '../store/types.js';
import { TRUTH_VERSION } from '../truth/compute.js';
import { readTruth, writeTruth } from '../truth/files.js';
import type { Context } from './context.js';
import type { Data } from './data.js';
import { type FilteredTruth, plainFilteredTruth } from './filtered-truth.js';
import type { GroupedQuery } from './run-queries.js';

export interface GroupedTruth extends FilteredTruth {
  fromCache: boolean;
}

/**
 * Exact neighbours of queries with filters, `k` deep where so many points pass; from the cache, under dataset, queries
 * and filters, or computed and put there. A damaged file is reported and computed again.
 */
export async function groupedTruth(
  context: Context,
  { info, hash, vectors, metadata, queries }: Data,
  grouped: readonly GroupedQuery[],
  k: number,
  onWarning: (text: string) => void,
): Promise<GroupedTruth> {
  const folder = join(context.cache, 'truth');
  const parts = {
    version: TRUTH_VERSION,
    filtered: 1,
    dataset: info.hash,
    queries: hash,
    metric: info.metric,
    k,
  };
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const [path, counts] = [join(folder, `${key}.parquet`), join(folder, `${key}.matches.json`)];
  const stored = await load(path, counts, grouped.length, onWarning);
  if (stored !== undefined) return stored;
  const truth = plainFilteredTruth(vectors, metadata, queries, {
    ...distinctFilters(grouped),
    metric: info.metric,
    k,
  });
  try {
    mkdirSync(folder, { recursive: true });
    await writeTruth(path, truth, info);
    writeFileAtomic(counts, JSON.stringify([...truth.matches]));
  } catch (error) {
    onWarning(`truth: not kept in the cache: ${messageOf(error)}`);
  }
  return { ...truth, fromCache: false };
}

async function load(
  path: string,
  counts: string,
  count: number,
  onWarning: (text: string) => void,
): Promise<GroupedTruth | undefined> {
  if (!existsSync(path) || !existsSync(counts)) return undefined;
  try {
    const stored = await readTruth(path);
    const matches = Int32Array.from(JSON.parse(readFileSync(counts, 'utf8')) as number[]);
    const { kernel, seconds } = stored;
    if (stored.count !== count || matches.length !== count || kernel === undefined || seconds === undefined)
      throw new Error(`${path}: holds another truth than its name says`);
    return { ...stored, kernel, seconds, matches, fromCache: true };
  } catch (error) {
    onWarning(`truth: the cached file is damaged and is computed again: ${messageOf(error)}`);
    return undefined;
  }
}

/** Each filter once, by its text. */
function distinctFilters(grouped: readonly GroupedQuery[]) {
  const numbers = new Map<string, number>();
  const filters: NonNullable<GroupedQuery['filter']>[] = [];
  const filterOf = Int32Array.from(grouped, ({ filter, text }) => {
    if (filter === null || text === null) return -1;
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, filters.length);
    return filters.push(filter) - 1;
  });
  return { filters, filterOf };
}

/** A truth as queries see it that ask for fewer hits than others: what lies beyond their k does not count. */
export function cutToK(truth: Truth, grouped: readonly GroupedQuery[], maxK: number): Truth {
  if (grouped.every(({ k }) => k >= maxK)) return truth;
  const rows = truth.rows.slice();
  const distances = truth.distances.slice();
  for (const [q, { k }] of grouped.entries()) {
    if (k >= maxK) continue;
    rows.fill(-1, q * truth.depth + k, (q + 1) * truth.depth);
    distances.fill(Number.NaN, q * truth.depth + k, (q + 1) * truth.depth);
  }
  return { count: truth.count, depth: truth.depth, rows, distances };
}
