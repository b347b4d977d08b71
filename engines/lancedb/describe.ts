import type { Description, VectorIndexFacts } from '../contract/points.js';
import type { VectorMetric } from '../contract/vectors.js';
import type { LanceTable } from './client.js';
import type { Layout } from './layout.js';

/** What the engine says of a table now. */
export async function describeTable(table: LanceTable, layout: Layout): Promise<Description> {
  const { name, ids, fields, mark, omitted } = layout;
  const found = await indexesOf(table, layout);
  const vectors = layout.vectors.map(({ column: _, ...field }) => ({
    ...field,
    metric: (found.get(field.name)?.parameters['metric'] as VectorMetric | undefined) ?? field.metric,
  }));
  const index = layout.vectors.map((each) => found.get(each.name)).find((each) => each !== undefined);
  const count = await table.countRows();
  const parts = Object.fromEntries(layout.parts.map(({ part }) => [part, true]));
  return {
    spec: { name, vectors, ...parts },
    ids,
    index:
      index === undefined
        ? { type: 'flat' }
        : { type: index.parameters['type']!, name: index.name!, unindexed: index.parameters['unindexed']! },
    fields: fields.map(({ name: field, type, native, nullable }) => ({
      name: field,
      type,
      native,
      nullable,
    })),
    count,
    mark,
    indexes: Object.fromEntries(found),
    ...(omitted.length > 0 && { omitted }),
  };
}

/** By the vector's name; of several over one vector the engine uses the first. */
async function indexesOf(table: LanceTable, { vectors }: Layout): Promise<Map<string, VectorIndexFacts>> {
  const found = new Map<string, VectorIndexFacts>();
  for (const { name, columns, indexType } of await table.listIndices()) {
    const vector = vectors.find(({ column }) => columns.includes(column));
    if (vector === undefined || found.has(vector.name)) continue;
    const stats = await table.indexStats(name);
    found.set(vector.name, {
      name,
      parameters: {
        type: indexType,
        ...(stats?.distanceType !== undefined && { metric: stats.distanceType }),
        ...(stats?.numIndices !== undefined && { parts: stats.numIndices }),
        unindexed: stats?.numUnindexedRows ?? 0,
      },
      ...(stats !== undefined && { points: stats.numIndexedRows }),
    });
  }
  return found;
}
