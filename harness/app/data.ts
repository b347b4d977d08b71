import type { Dataset, DatasetInfo, PreparedVectors, QuerySet } from '../../datasets/dataset.js';
import { openDataset } from '../../datasets/open.js';
import { type PreparedMetadata, prepareMetadata, prepareVectors } from '../../datasets/prepare.js';
import { type Chosen, chooseQueries, chooseSet, type QueryChoice } from './choose-queries.js';
import { type Context, notice, preparation, warn } from './context.js';
import { columnLines, type DatasetOptions, openOptions } from './dataset-options.js';
import {
  checkJudgedQueries,
  type Judged,
  type Judgements,
  judgementPlace,
  judgementsOf,
  type RelevanceOptions,
} from './judgements.js';
import { type GroupedQuery, neededFields } from './run-queries.js';

export interface DataRequest extends QueryChoice, DatasetOptions {
  /** Catalog name, or an absolute path. */
  nameOrPath: string;
  /** Name in manifest, rows and reports instead of the dataset's own. */
  name?: string | undefined;
  /** How judgements are used; absent: as trec_eval does by default. */
  relevance?: RelevanceOptions | undefined;
}

const TREC_EVAL: RelevanceOptions = { level: 1, excludeSelf: false, missing: 'ideal' };

/** A dataset checked, converted, and its queries chosen. */
export interface Data extends Chosen {
  dataset: Dataset;
  info: DatasetInfo;
  vectors: PreparedVectors;
  set: string;
  /** Metadata that filters or the suite name, and the points' ids; undefined where neither is needed. */
  metadata: PreparedMetadata | undefined;
  /** What is known of relevant documents; undefined where nothing is judged. */
  judgements: Judgements | undefined;
  warnings: string[];
  /** Closes the dataset and its converted files; a second call does nothing. */
  close(): Promise<void>;
}

/** Opens a dataset and reads its queries; every fault of the data is found here, before anything is started. */
export async function openData(context: Context, request: DataRequest): Promise<Data> {
  const open: { close(): Promise<void> | void }[] = [];
  const close = async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  };
  try {
    return { ...(await readData(context, request, (each) => open.push(each))), close };
  } catch (error) {
    // What went wrong first is what matters.
    await close().catch(() => undefined);
    throw error;
  }
}

/** @param opened takes what has to be closed in the end */
async function readData(
  context: Context,
  request: DataRequest,
  opened: (closable: { close(): Promise<void> | void }) => void,
): Promise<Omit<Data, 'close'>> {
  const { cache: cacheFolder, signal } = context;
  const dataset = await openRequested(context, request);
  opened(dataset);
  const { info } = dataset;
  const warnings: string[] = [...(info.warnings ?? [])];
  if (info.metricSource === 'default') {
    warnings.push(
      `the dataset does not say its metric; ${info.metric} is assumed (set dataset.metric to be sure)`,
    );
  }
  const set = chooseSet(info, request, warnings);
  for (const line of columnLines(info, set)) notice(context, line);
  const all = await dataset.queries(set);
  const chosen = chooseQueries(info, all, request, warnings);
  const converting = preparation(context, `checking and converting ${info.name}`, 'points');
  const vectors = await prepareVectors(dataset, {
    cacheFolder,
    signal,
    onChanged: (message) => warn(context, message),
    onProgress: converting,
  });
  opened(vectors);
  const relevance = request.relevance ?? TREC_EVAL;
  const judged = await judgedQueries(dataset, all, chosen, relevance);
  const fields = neededFields(info, chosen.grouped ?? [], request.grouping);
  const reading = preparation(context, `metadata of ${info.name}`, 'points');
  const metadata =
    fields.length === 0 && judged === undefined
      ? undefined
      : await prepareMetadata(dataset, fields, {
          cacheFolder,
          signal,
          onChanged: (message) => warn(context, message),
          onProgress: reading,
        });
  if (metadata !== undefined) opened(metadata);
  const found = judged && judgementsOf(judged.queries, metadata!, relevance, info.columns?.id);
  const judgements = found?.judgements;
  warnings.push(...(judged?.warnings ?? []), ...(found?.warnings ?? []));
  return { dataset, info, vectors, set, ...chosen, metadata, judgements, warnings };
}

/** Everything that is checked before a point is read; `vecproof run --dry-run` stops after it. */
export async function checkDataRequest(context: Context, request: DataRequest): Promise<void> {
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
    onMissing: context.onMissing,
    onChanged: (message) => warn(context, message),
    ...openOptions(request),
  });
}

/** Judgements by number of the measured query: a query's own, or the set's where it asks the set's own question. */
async function judgedQueries(
  dataset: Dataset,
  all: QuerySet,
  { ids, grouped }: Chosen,
  relevance: RelevanceOptions,
) {
  const own = new Map<number, Judged>();
  const self = dataset.info.columns?.id === 'row number' ? () => undefined : sourceIds(all, ids, grouped);
  for (const [i, query] of (grouped ?? []).entries()) {
    if (query.judgements !== undefined)
      own.set(i, {
        judged: new Map(Object.entries(query.judgements)),
        self: self(i),
        where: () => query.where,
      });
  }
  const qrels = await dataset.qrels(all.name);
  if (qrels === undefined) return own.size === 0 ? undefined : { queries: own, warnings: [] };
  const file = dataset.qrelsFile?.(all.name) ?? `the judgements of ${all.name}`;
  const warnings = checkJudgedQueries(qrels, all, file, relevance);
  for (const [i, id] of (grouped === undefined ? ids : grouped.map(sourceId(all))).entries()) {
    const judged = id === undefined ? undefined : qrels.get(id);
    if (judged === undefined || own.has(i)) continue;
    own.set(i, { judged, self: self(i), where: (document) => judgementPlace(file, id!, document) });
  }
  return own.size === 0 ? undefined : { queries: own, warnings };
}

/** A filter changes which documents can be found at all: the set's judgements are of the unfiltered question. */
function sourceId({ ids }: QuerySet) {
  return ({ source, filter }: GroupedQuery) =>
    typeof source === 'number' && filter === null ? ids[source] : undefined;
}

/** By number of a measured query: the id of the query of the set that it comes from, filter or not. */
function sourceIds(all: QuerySet, ids: readonly string[], grouped: Chosen['grouped']) {
  return (i: number): string | undefined => {
    const source = grouped === undefined ? undefined : grouped[i]!.source;
    if (grouped === undefined) return ids[i];
    return typeof source === 'number' ? all.ids[source] : undefined;
  };
}
