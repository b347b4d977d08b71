import { InputError } from '../common/errors.js';
import type { QueryPart } from './assemble.js';
import type { MetadataValue, ProvidedTruth } from './dataset.js';
import { NEIGHBOR_NAMES, pickName } from './formats/names.js';
import { readNeighborFile } from './formats/neighbor-files.js';
import { checkedNeighbors } from './formats/neighbors.js';
import { readNeighborColumns } from './formats/parquet/neighbors.js';
import { readAll, type VectorSource } from './source.js';

/** Query sets with the neighbours that a column of theirs lists (`neighbors`, `closest_ids`), where they have one. */
export function withListedNeighbors(points: VectorSource, querySets: readonly QueryPart[]): QueryPart[] {
  return querySets.map((part) => {
    const names = part.source.fields.filter(({ type }) => type === 'integer[]' || type === 'string[]');
    const name = pickName(
      names.map((field) => field.name),
      NEIGHBOR_NAMES,
    );
    if (name === undefined || part.providedTruth !== undefined) return part;
    return { ...part, providedTruth: () => listedNeighbors(points, part.source, name) };
  });
}

/**
 * Neighbours that a file beside the queries holds. In Parquet (VectorDBBench's `neighbors.parquet`: `id`, `neighbors_id`) they
 * are ids, and rows of the queries with the same `id`; other formats hold row numbers.
 */
export async function neighborsInFile(
  path: string,
  points: VectorSource,
  queries: VectorSource,
): Promise<ProvidedTruth> {
  if (!/\.(parquet|pq)$/i.test(path)) return readNeighborFile(path, queries.count, points.count);
  try {
    return await neighborsById(path, points, queries);
  } catch (error) {
    // Never used as truth: what is wrong with it stops nothing.
    if (!(error instanceof InputError)) throw error;
    return { state: 'unusable', reason: `${path} ${error.what}` };
  }
}

async function neighborsById(
  path: string,
  points: VectorSource,
  queries: VectorSource,
): Promise<ProvidedTruth> {
  const { ids, lists } = await readNeighborColumns(path);
  if (lists.length === queries.count && (ids === undefined || queries.columns.id === null))
    return resolveLists(points, lists);
  const byId = new Map((ids ?? []).map((id, i) => [id, lists[i]!]));
  const { ids: asked } = await readAll(queries);
  const found = asked.map((id) => byId.get(id) ?? []);
  if (found.every((list) => list.length === 0))
    return {
      state: 'unusable',
      reason: `${path} has ${lists.length} rows, none of which has the id of a query`,
    };
  return resolveLists(points, found);
}

/** Row numbers where the points' ids are these, else ids. */
async function listedNeighbors(
  points: VectorSource,
  queries: VectorSource,
  name: string,
): Promise<ProvidedTruth> {
  const { fields } = await readAll(queries);
  return resolveLists(
    points,
    (fields[name] ?? []).map((value) => (Array.isArray(value) ? value : []) as MetadataValue[]),
  );
}

async function resolveLists(points: VectorSource, lists: readonly MetadataValue[][]): Promise<ProvidedTruth> {
  const k = lists.reduce((most, list) => Math.max(most, list.length), 0);
  const rowOf = points.columns.id === null ? undefined : await rowsOf(points, lists);
  const rows = new Int32Array(lists.length * k).fill(-1);
  for (const [query, list] of lists.entries()) {
    for (const [j, id] of list.entries()) {
      rows[query * k + j] = rowOf === undefined ? Number(id) : (rowOf.get(String(id)) ?? -1);
    }
  }
  return checkedNeighbors(rows, k, points.count, undefined);
}

async function rowsOf(points: VectorSource, lists: readonly MetadataValue[][]): Promise<Map<string, number>> {
  const wanted = new Set(lists.flat().map(String));
  const rows = new Map<string, number>();
  for await (const { ids, start } of points.read({ batchSize: 4096 })) {
    for (const [i, id] of ids.entries()) if (wanted.has(id)) rows.set(id, start + i);
  }
  return rows;
}
