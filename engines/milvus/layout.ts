import type { FieldSchema } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { Description, ReadAs } from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import type { VectorField } from '../contract/vectors.js';
import {
  ask,
  type CollectionField,
  type IndexDescription,
  type MilvusClient,
  outcome,
  requireSuccess,
} from './client.js';
import { factsOf, partitionsOf } from './facts-of.js';
import { columnName, ID, TENANT, TEXT, URI, vectorColumnName } from './fields.js';
import { foreignLayout, nameOf, nativeField, parametersOf } from './foreign.js';

/** What a collection is, from its description where it was created here, else from the server. */
export interface Layout extends Pick<CollectionSpec, 'name' | 'text' | 'uri' | 'tenant' | 'index'> {
  /** Created here: others' collections are only read. */
  own: boolean;
  ids: IdKind;
  /** Column of the key. */
  key: string;
  vectors: readonly VectorField[];
  /** Column of each vector, by its name. */
  columns: ReadonlyMap<string, string>;
  /** Fields that can be filtered with their exact meaning. */
  fields: readonly FieldSchema[];
  /** Columns that hold the metadata of collections of others. */
  scalars: readonly CollectionField[];
  /** Keys beyond the columns are kept under `$meta`. */
  dynamic: boolean;
  /** How a collection of others is read. */
  as: ReadAs;
}

/** What a collection was created with and the server does not keep: in the collection's description, as JSON. */
type Kept = Pick<
  CollectionSpec,
  'ids' | 'vectors' | 'fields' | 'text' | 'uri' | 'tenant' | 'index' | 'madeBy'
>;
const VERSION = 1;

export function descriptionOf(spec: CollectionSpec): string {
  const { ids, vectors, fields, text, uri, tenant, index, madeBy } = spec;
  const kept: Kept = { ids, vectors, fields, text, uri, tenant, index, madeBy };
  return JSON.stringify({ vecproof: VERSION, ...kept });
}

function keptIn(description: string): Kept | undefined {
  return description.startsWith(`{"vecproof":${VERSION},`) ? (JSON.parse(description) as Kept) : undefined;
}

export function layoutOf(name: string, kept: Kept): Layout {
  const columns = kept.vectors.map((each) => [each.name, vectorColumnName(each.name, kept.fields)] as const);
  return {
    ...kept,
    name,
    own: true,
    key: ID,
    columns: new Map(columns),
    scalars: [],
    dynamic: false,
    as: {},
  };
}

/** Columns of text, URI and tenant that a collection has. */
export function partsOf({ text, uri, tenant }: Pick<Layout, 'text' | 'uri' | 'tenant'>) {
  const all = { text: TEXT, uri: URI, tenant: TENANT } as const;
  const has = { text, uri, tenant };
  return (Object.keys(all) as (keyof typeof all)[])
    .filter((part) => has[part] === true)
    .map((part) => ({ part, column: all[part] }));
}

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
