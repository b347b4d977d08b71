import type { QueryPart } from './assemble.js';
import type { MetadataValue, ProvidedTruth } from './dataset.js';
import { NEIGHBOR_NAMES, pickName } from './formats/names.js';
import { checkedNeighbors } from './formats/neighbors.js';
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

/** Row numbers where the points' ids are these, else ids. */
async function listedNeighbors(
  points: VectorSource,
  queries: VectorSource,
  name: string,
): Promise<ProvidedTruth> {
  const { fields } = await readAll(queries);
  const lists = (fields[name] ?? []).map((value) => (Array.isArray(value) ? value : []) as MetadataValue[]);
  const k = Math.max(0, ...lists.map((list) => list.length));
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
