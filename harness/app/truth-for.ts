import type { Metric } from '../../datasets/dataset.js';
import { medianIntrinsicDimension } from '../measures/intrinsic.js';
import type { Manifest } from '../model/manifest.js';
import type { Truth } from '../model/samples.js';
import { loadOrComputeTruth } from '../truth/cache.js';
import { tiesAtRank } from '../truth/ties.js';
import { type Context, preparation } from './context.js';
import type { Data } from './data.js';
import { unreachableJudgements } from './judgements.js';
import { compareProvided, queriesAmongPoints } from './provided.js';
import { cutToK, selectionsOf } from './selections.js';

/** Neighbours kept even where k is small: the data's intrinsic dimension is estimated from them. */
const DEPTH = 100;
/** Share of queries that are points from which on it is worth a warning; real sets have some by chance. */
const MANY = 0.5;

/** The exact neighbours of a run's queries, deep enough to see ties behind rank k, and what they say of the data. */
export async function truthFor(
  context: Context,
  data: Data,
  ks: readonly number[],
): Promise<{
  truth: Truth;
  record: Manifest['truth'];
  warnings: string[];
}> {
  const { info, vectors, queries, grouped } = data;
  const k = ks.at(-1)!;
  const warnings: string[] = [];
  const selections = grouped && selectionsOf(grouped, data.metadata);
  if (selections !== undefined && data.judgements !== undefined) {
    const unreachable = unreachableJudgements(data.judgements, grouped!, selections);
    if (unreachable !== undefined) warnings.push(unreachable);
  }
  const truth = await loadOrComputeTruth({
    cacheFolder: context.cache,
    datasetHash: info.hash,
    queriesHash: data.hash,
    vectors,
    queries,
    metric: info.metric,
    k: Math.min(Math.max(DEPTH, k + 1), info.count),
    selections,
    signal: context.signal,
    onProgress: tilesOf(context, info.count),
    onWarning: (text) => warnings.push(text),
  });
  const unmatched = grouped && withoutMatches(grouped, truth);
  if (unmatched !== undefined) warnings.push(unmatched);
  // A file's own neighbours are those of its own queries, without filters.
  const provided = grouped === undefined ? await data.dataset.providedTruth(data.set) : undefined;
  const compared = provided && compareProvided(provided, truth, { metric: info.metric, vectors, queries }, k);
  if (compared?.note != null) warnings.push(compared.note);
  const among =
    grouped === undefined ? queriesAmongPoints(truth, { metric: info.metric, vectors, queries }) : 0;
  if (among / truth.count >= MANY) {
    warnings.push(
      `${among} of ${truth.count} queries have the vector of a point: their first neighbour is that point, and recall@1 says little`,
    );
  }
  const record = {
    kernel: truth.kernel,
    ...(truth.gflops !== undefined && { gflops: truth.gflops }),
    ...(truth.checked && { checked: truth.checked }),
    depth: truth.depth,
    seconds: truth.seconds,
    fromCache: truth.fromCache,
    ties: tieShares(truth, ks, info.metric, info.count),
    intrinsicDimension: medianIntrinsicDimension(truth, info.metric) ?? null,
    providedAgreement: compared?.agreement ?? null,
    ...(compared?.note != null && { providedNote: compared.note }),
    ...(among > 0 && { queriesAmongPoints: among }),
  };
  return { truth: grouped === undefined ? truth : cutToK(truth, grouped, k), record, warnings };
}

/** Queries whose filter no point passes, by group; undefined if there is none. */
function withoutMatches(
  grouped: NonNullable<Data['grouped']>,
  { matches }: Pick<Truth, 'matches'>,
): string | undefined {
  const empty = grouped.filter((_, query) => matches?.[query] === 0);
  if (empty.length === 0) return undefined;
  const groups = [...new Set(empty.map(({ group }) => group))];
  const all = empty.length === grouped.length ? ', so that there is no recall at all' : '';
  return `no point passes the filter of ${empty.length} of ${grouped.length} queries (group ${groups.join(', ')})${all}: they are asked, right is an empty answer, and they have no recall; check type, case and range of the values (a float32 0.1 is above 0.1)`;
}

/** Progress in points compared with all queries: a tile of them says nothing to anybody. */
export function tilesOf(context: Context, count: number): (done: number, total: number) => void {
  const told = preparation(context, 'exact neighbours', 'points');
  return (done, total) => told(Math.round((done / total) * count), count);
}

function tieShares(
  truth: Truth,
  ks: readonly number[],
  metric: Metric,
  count: number,
): Record<string, number> {
  const shares = ks.map((k) => [String(k), tiesAtRank(truth, k, metric, count)] as const);
  return Object.fromEntries(
    shares.filter((pair): pair is readonly [string, number] => pair[1] !== undefined),
  );
}
