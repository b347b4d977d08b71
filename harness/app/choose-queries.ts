import { createHash } from 'node:crypto';
import { InputError } from '../../common/errors.js';
import type { DatasetInfo, QuerySet } from '../../datasets/dataset.js';
import { permutation } from '../measures/random.js';
import { type GroupedQuery, groupQueries, type QueriesRequest } from './run-queries.js';
import { sourcesOf } from './sources.js';

/** Which of a dataset's queries are measured. */
export interface QueryChoice {
  set: string | undefined;
  limit: number | undefined;
  /** Draws the sample that `limit` asks for; without it the first queries are taken. */
  seed: number | undefined;
  /** Take what is there where `set` or `limit` do not fit: the dataset was exchanged on the command line. */
  lenient: boolean;
  /** Groups and filters of the suite; absent: the set's queries as they are. */
  grouping?: QueriesRequest | undefined;
}

/** The queries of a run. */
export interface Chosen {
  /** Measured queries, with their ids and vectors (row-major, in order of the set). */
  count: number;
  ids: readonly string[];
  queries: Float32Array;
  /** Vectors of the set's other queries, for warm-up; in a seeded order. */
  spare: Float32Array;
  /** sha256 over the measured queries' ids and vectors, and their groups and filters where they have some. */
  hash: string;
  /** In the order of `ids`; undefined where no query has a group or filter. */
  grouped: readonly GroupedQuery[] | undefined;
  /** In the order of `ids` the number of the question asked: queries with the same vector have the same. */
  sources: Int32Array;
}

/** The measured queries, and those of the set that are left for warm-up. */
export function chooseQueries(
  info: DatasetInfo,
  all: QuerySet,
  request: QueryChoice,
  warnings: string[],
): Chosen {
  const { grouping, seed } = request;
  if (grouping === undefined || (grouping.file === null && grouping.filters.length === 0)) {
    const { measured, rest } = choose(all.count, chooseCount(all, request, warnings), seed);
    const ids = Array.from(measured, (at) => all.ids[at]!);
    const queries = gather(all, measured);
    const hash = hashOf(ids, queries, undefined);
    const sources = sourcesOf(queries, all.dimensions);
    warnOfRepeats(sources, ids.length, warnings);
    const about = { count: ids.length, ids, queries, sources };
    return { ...about, spare: gather(all, rest), hash, grouped: undefined };
  }
  const grouped = groupQueries(
    info,
    all,
    grouping,
    (count) =>
      choose(count, chooseCount({ name: grouping.file?.shown ?? all.name, count }, request, warnings), seed)
        .measured,
  );
  const ids = grouped.map(({ id }) => id);
  const queries = vectorsOf(all, grouped);
  const used = new Set(grouped.map(({ source }) => source));
  const order = choose(all.count, 0, seed).rest.filter((at) => !used.has(at));
  const hash = hashOf(ids, queries, grouped);
  const sources = sourcesOf(queries, all.dimensions);
  // A question asked under several filters is meant to come again.
  warnOfRepeats(sources, new Set(grouped.map(({ source }) => source)).size, warnings);
  return { count: ids.length, ids, queries, sources, spare: gather(all, order), hash, grouped };
}

/** Logs of real queries repeat themselves: that is no more evidence. */
function warnOfRepeats(sources: Int32Array, asked: number, warnings: string[]): void {
  const different = new Set(sources).size;
  if (different === asked) return;
  warnings.push(
    `${asked} queries have only ${different} different vectors: means, intervals and gates take those with the same vector for one query`,
  );
}

function vectorsOf({ vectors, dimensions }: QuerySet, grouped: readonly GroupedQuery[]): Float32Array {
  const out = new Float32Array(grouped.length * dimensions);
  for (const [i, { source }] of grouped.entries()) {
    const own =
      typeof source === 'number' ? vectors.subarray(source * dimensions, (source + 1) * dimensions) : source;
    out.set(own, i * dimensions);
  }
  return out;
}

function hashOf(
  ids: readonly string[],
  queries: Float32Array,
  grouped: readonly GroupedQuery[] | undefined,
): string {
  const hash = createHash('sha256');
  for (const id of ids) hash.update(`${id.length}:${id}`);
  hash.update(new Uint8Array(queries.buffer));
  for (const { group, text, k, tenant, judgements } of grouped ?? [])
    hash.update(JSON.stringify([group, text, k, tenant?.field ?? null, judgements ?? null]));
  return hash.digest('hex');
}

export function chooseSet(info: DatasetInfo, { set, lenient }: QueryChoice, warnings: string[]): string {
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

function chooseCount(
  queries: Pick<QuerySet, 'name' | 'count'>,
  { limit, lenient }: QueryChoice,
  warnings: string[],
): number {
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
function choose(of: number, count: number, seed: number | undefined) {
  const order = seed === undefined ? Int32Array.from({ length: of }, (_, i) => i) : permutation(of, seed);
  return { measured: order.slice(0, count).sort(), rest: order.slice(count) };
}

function gather({ vectors, dimensions }: QuerySet, rows: Int32Array): Float32Array {
  const out = new Float32Array(rows.length * dimensions);
  for (const [i, row] of rows.entries())
    out.set(vectors.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  return out;
}
