import type { FieldSchema } from '../../datasets/dataset.js';
import type { Description, ReadAs } from '../contract/points.js';
import {
  ask,
  type CollectionField,
  type IndexDescription,
  type MilvusClient,
  outcome,
  requireSuccess,
} from './client.js';
import { factsOf, partitionsOf } from './facts-of.js';
import { columnName } from './fields.js';
import { foreignLayout, nameOf, nativeField, parametersOf } from './foreign.js';
import { keptIn, type Layout, layoutOf } from './layout.js';

/** The layout of a collection that is there, and what the server says of its columns and index. */
export async function readLayout(
  client: MilvusClient,
  name: string,
  as: ReadAs = {},
): Promise<{ layout: Layout; described: Omit<Description, 'count'> }> {
  const about = { collection_name: name };
  const answer = await ask('describe', client.describeCollection(about));
  const { schema } = answer;
  const index_descriptions = await indexesOf(client, name);
  const kept = keptIn(schema.description);
  const layout =
    kept === undefined ? foreignLayout(name, schema, index_descriptions, as) : layoutOf(name, kept);
  const { vectors, ids, columns, own, text, uri, tenant } = layout;
  const first = index_descriptions.find(({ field_name }) => field_name === [...columns.values()][0]);
  return {
    layout,
    described: {
      spec: { name, vectors, text: text === true, uri: uri === true, tenant: tenant === true },
      ids,
      index: parametersOf(first),
      fields: own
        ? layout.fields.map((field) => ownField(field, schema.fields))
        : layout.scalars.map(nativeField),
      mark: kept === undefined ? null : { by: kept.madeBy ?? null },
      ...factsOf(answer, layout, index_descriptions),
      partitions: await partitionsOf(client, name),
    },
  };
}

/** Code of a collection that has no index yet. */
const INDEX_NOT_FOUND = 700;

async function indexesOf(client: MilvusClient, collection_name: string): Promise<IndexDescription[]> {
  const answer = await outcome('describe', client.describeIndex({ collection_name }));
  if (answer.status.code === INDEX_NOT_FOUND) return [];
  requireSuccess('describe', answer.status);
  return answer.index_descriptions;
}

function ownField({ name, type, nullable }: FieldSchema, columns: readonly CollectionField[]) {
  const column = columns.find((each) => each.name === columnName(name));
  return { name, type, native: column === undefined ? type : nameOf(column), nullable };
}
