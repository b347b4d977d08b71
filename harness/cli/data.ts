import { createHash } from 'node:crypto';
import { InputError } from '../../common/errors.js';
import type { Dataset, DatasetInfo, Metric, PreparedVectors, QuerySet } from '../../datasets/dataset.js';
import { openDataset } from '../../datasets/open.js';
import { type PreparedMetadata, prepareMetadata, prepareVectors } from '../../datasets/prepare.js';
import { permutation } from '../measures/random.js';
import type { Context } from './context.js';
import { checkJudgedQueries, type Judgements, judgementPlace, judgementsOf } from './judgements.js';
import { type GroupedQuery, groupQueries, neededFields, type QueriesRequest } from './run-queries.js';

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
  /** Groups and filters of the suite; absent: the set's queries as they are. */
  grouping?: QueriesRequest | undefined;
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
  /** sha256 over the measured queries' ids and vectors, and their groups and filters where they have some. */
  hash: string;
  /** In the order of `ids`; undefined where no query has a group or filter. */
  grouped: readonly GroupedQuery[] | undefined;
  /** Metadata that filters or the suite name, and the points' ids; undefined where neither is needed. */
  metadata: PreparedMetadata | undefined;
  /** What is known of relevant documents; undefined where nothing is judged. */
  judgements: Judgements | undefined;
  warnings: string[];
}

/** Opens a dataset and reads its queries; every fault of the data is found here, before anything is started. */
export async function openData(
  context: Context,
  request: DataRequest,
  onProgress?: (text: string) => void,
): Promise<Data> {
  const dataset = await openRequested(context, request);
  const { info } = dataset;
  const warnings: string[] = [];
  if (info.metricSource === 'default') {
    warnings.push(
      `the dataset does not say its metric; ${info.metric} is assumed (set dataset.metric to be sure)`,
    );
  }
  const set = chooseSet(info, request, warnings);
  const all = await dataset.queries(set);
  const chosen = chooseQueries(info, all, request, warnings);
  const vectors = await prepareVectors(dataset, {
    cacheFolder: context.cache,
    signal: context.signal,
    onProgress: (done, total) =>
      onProgress?.(`checking and converting ${info.name}: ${done} of ${total} points`),
  });
  const judged = await judgedQueries(dataset, all, chosen);
  const fields = neededFields(info, chosen.grouped ?? [], request.grouping);
  const metadata =
    fields.length === 0 && judged === undefined
      ? undefined
      : await prepareMetadata(dataset, fields, {
          cacheFolder: context.cache,
          signal: context.signal,
          onProgress: (done, total) => onProgress?.(`metadata of ${info.name}: ${done} of ${total} points`),
        });
  const judgements = judged && judgementsOf(judged, metadata!);
  return { dataset, info, vectors, set, ...chosen, metadata, judgements, warnings };
}

/** Everything that is checked before a point is read; `vecparity run --dry-run` stops after it. */
export async function checkData(context: Context, request: DataRequest): Promise<void> {
  const dataset = await openRequested(context, request);
  try {
    const set = chooseSet(dataset.info, request, []);
    chooseQueries(dataset.info, await dataset.queries(set), request, []);
  } finally {
    await dataset.close();
  }
}

function openRequested(context: Context, request: DataRequest): Promise<Dataset> {
  return openDataset(request.nameOrPath, {
    baseFolder: context.cwd,
    cacheFolder: context.cache,
    signal: context.signal,
    ...(request.metric !== null && { metric: request.metric }),
    ...(request.queriesFile !== null && { queriesFile: request.queriesFile }),
  });
}

interface Chosen {
  count: number;
  ids: readonly string[];
  queries: Float32Array;
  spare: Float32Array;
  hash: string;
  grouped: readonly GroupedQuery[] | undefined;
}

/** The measured queries, and those of the set that are left for warm-up. */
function chooseQueries(info: DatasetInfo, all: QuerySet, request: DataRequest, warnings: string[]): Chosen {
  const { grouping, seed } = request;
  if (grouping === undefined || (grouping.file === null && grouping.filters.length === 0)) {
    const { measured, rest } = choose(all.count, chooseCount(all, request, warnings), seed);
    const ids = Array.from(measured, (at) => all.ids[at]!);
    const queries = gather(all, measured);
    const hash = hashOf(ids, queries, undefined);
    return { count: ids.length, ids, queries, spare: gather(all, rest), hash, grouped: undefined };
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
  return { count: ids.length, ids, queries, spare: gather(all, order), hash, grouped };
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

/** Judgements by number of the measured query: a query's own, or the set's where it asks the set's own question. */
async function judgedQueries(dataset: Dataset, all: QuerySet, { ids, grouped }: Chosen) {
  const own = new Map<number, { judged: ReadonlyMap<string, number>; where: (document: string) => string }>();
  for (const [i, query] of (grouped ?? []).entries()) {
    if (query.judgements !== undefined)
      own.set(i, { judged: new Map(Object.entries(query.judgements)), where: () => query.where });
  }
  const qrels = await dataset.qrels(all.name);
  if (qrels === undefined) return own.size === 0 ? undefined : own;
  const file = dataset.qrelsFile?.(all.name) ?? `the judgements of ${all.name}`;
  checkJudgedQueries(qrels, all, file);
  for (const [i, id] of (grouped === undefined ? ids : grouped.map(sourceId(all))).entries()) {
    const judged = id === undefined ? undefined : qrels.get(id);
    if (judged === undefined || own.has(i)) continue;
    own.set(i, { judged, where: (document) => judgementPlace(file, id!, document) });
  }
  return own.size === 0 ? undefined : own;
}

/** A filter changes which documents can be found at all: the set's judgements are of the unfiltered question. */
function sourceId({ ids }: QuerySet) {
  return ({ source, filter }: GroupedQuery) =>
    typeof source === 'number' && filter === null ? ids[source] : undefined;
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

function chooseCount(
  queries: Pick<QuerySet, 'name' | 'count'>,
  { limit, lenient }: DataRequest,
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
