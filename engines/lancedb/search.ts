import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Hits, PreparedSearch } from '../contract/search.js';
import { requireDimensions, unlessAborted } from '../kit/load.js';
import type { LanceQuery, LanceTable } from './client.js';
import { sqlFilter } from './filter.js';
import type { IndexSpec } from './index-kind.js';
import { fieldColumns, type Layout } from './layout.js';

const DISTANCE = '_distance';
const NO_HITS: Hits = { keys: new Uint32Array(0), scores: new Float32Array(0) };

/**
 * Builds the query function of a setting and makes sure that the engine answers it from the index.
 * @param exact it is to compare every point instead
 */
export async function prepareSearch(
  table: LanceTable,
  indexed: boolean,
  spec: IndexSpec,
  layout: Layout,
  search: ParameterSet,
  k: number,
  exact = false,
): Promise<PreparedSearch> {
  const { idColumn } = layout;
  const request = requestOf(table, spec, idColumn, { search, k, exact });
  const columns = fieldColumns(layout);
  await requirePlan(request(new Float32Array(spec.dimensions).fill(1)), indexed);
  let open = true;
  return {
    effective: effective(spec.index, search),
    query: async (vector, filter, signal) => {
      signal?.throwIfAborted();
      if (!open) throw new FailureError('the search was closed', { where: 'lancedb' });
      requireDimensions('lancedb', vector, spec.dimensions);
      const answer = request(vector, filter as TranslatedFilter | undefined).toArrow();
      const result = await unlessAborted(answer, signal);
      const keys = result.getChild(idColumn);
      const scores = result.getChild(DISTANCE);
      return keys === null || scores === null
        ? NO_HITS
        : { keys: keys.toArray(), scores: scores.toArray() as ArrayLike<number> };
    },
    translate: async (filter): Promise<TranslatedFilter> => {
      const translated = { where: sqlFilter(filter, columns) };
      await requirePlan(request(new Float32Array(spec.dimensions).fill(1), translated), indexed);
      return translated;
    },
    close: async () => {
      open = false;
    },
  };
}

interface TranslatedFilter {
  where: string;
}

/** The client's builder has to be filled for each query; numbers and names are settled here once. */
function requestOf(
  table: LanceTable,
  spec: IndexSpec,
  idColumn: string,
  { search, k, exact }: { search: ParameterSet; k: number; exact: boolean },
) {
  // Left out, the engine computes the distance all the same and prints a warning for every query.
  const columns = [idColumn, DISTANCE];
  const { ef, refineFactor } = search;
  // Of an index that others have made the number of lists is not known.
  const nprobe = search['nprobe'] ?? spec.index['nlist'];
  return (vector: Float32Array, filter?: TranslatedFilter): LanceQuery => {
    let query = table.vectorSearch(vector).column(spec.column).distanceType(spec.metric);
    query = query.select(columns).limit(k);
    if (exact) query = query.bypassVectorIndex();
    if (nprobe !== undefined) query = query.nprobes(nprobe as number);
    if (ef !== undefined) query = query.ef(ef as number);
    if (refineFactor !== undefined) query = query.refineFactor(refineFactor as number);
    if (filter !== undefined) query = query.where(filter.where);
    if (filter !== undefined && search['postfilter'] === true) query = query.postfilter();
    return query;
  };
}

/** The engine falls back to a scan without an error, for instance when distance types differ. */
async function requirePlan(query: LanceQuery, indexed: boolean): Promise<void> {
  const plan = await query.explainPlan(true);
  const usesIndex = plan.includes('ANNSubIndex');
  if (usesIndex === indexed) return;
  const what = indexed
    ? 'the search would scan all points instead of using the index'
    : 'the search uses an index';
  throw new FailureError(what, { where: 'lancedb', got: plan });
}

function effective(index: ParameterSet, search: ParameterSet): ParameterSet {
  const { nprobe } = search;
  return nprobe === undefined || index['nlist'] === undefined
    ? search
    : { ...search, nprobe: Math.min(Number(nprobe), Number(index['nlist'])) };
}
