import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema, FieldType } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { Description } from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import type { VectorField, VectorMetric } from '../contract/vectors.js';
import {
  ask,
  type CollectionField,
  type IndexDescription,
  type MilvusClient,
  outcome,
  requireSuccess,
} from './client.js';
import { columnName, ID, TENANT, TEXT, URI, vectorColumnName } from './fields.js';
import { METRIC_TYPES, typeOfIndex } from './index-kind.js';
import { vectorFieldOf } from './vectors.js';

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
  return { ...kept, name, own: true, key: ID, columns: new Map(columns), scalars: [], dynamic: false };
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
): Promise<{ layout: Layout; described: Omit<Description, 'count'> }> {
  const about = { collection_name: name };
  const { schema } = await ask('describe', client.describeCollection(about));
  const index_descriptions = await indexesOf(client, name);
  const kept = keptIn(schema.description);
  const layout =
    kept === undefined
      ? foreign(name, schema.fields, index_descriptions, schema.enable_dynamic_field)
      : layoutOf(name, kept);
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

function foreign(
  name: string,
  fields: readonly CollectionField[],
  indexes: readonly IndexDescription[],
  dynamic: boolean,
): Layout {
  const key = fields.find(({ is_primary_key }) => is_primary_key)!;
  const vectors = fields.flatMap((field) => {
    const found = vectorFieldOf(field.name, field.data_type, Number(field.dim ?? 0));
    const index = parametersOf(indexes.find(({ field_name }) => field_name === field.name));
    return found === undefined ? [] : [{ ...found, metric: metricOf(index['metric_type']) }];
  });
  const scalars = fields.filter(
    (field) => field !== key && !vectors.some((each) => each.name === field.name),
  );
  const first = parametersOf(indexes.find(({ field_name }) => field_name === vectors[0]?.name));
  return {
    name,
    own: false,
    ids: key.data_type === 'Int64' ? 'u64' : 'string',
    key: key.name,
    vectors,
    columns: new Map(vectors.map((each) => [each.name, each.name])),
    fields: scalars.flatMap(plainField),
    scalars,
    dynamic,
    index: indexParameters(first),
  };
}

/** The index as far as searches need to know it. */
function indexParameters(native: Description['index']): ParameterSet {
  const nlist = nested(native)['nlist'] ?? native['nlist'];
  return {
    type: typeOfIndex(String(native['index_type'])),
    ...(nlist !== undefined && { nlist: Number(nlist) }),
  };
}

/** Older servers give the settings of an index as JSON under `params`. */
function nested({ params }: Description['index']): Readonly<Record<string, string | number>> {
  return typeof params === 'string' && params.startsWith('{') ? JSON.parse(params) : {};
}

function parametersOf(index: IndexDescription | undefined): Description['index'] {
  return Object.fromEntries((index?.params ?? []).map(({ key, value }) => [key, value]));
}

function metricOf(type: string | number | boolean | undefined): VectorMetric | null {
  return (Object.keys(METRIC_TYPES) as VectorMetric[]).find((each) => METRIC_TYPES[each] === type) ?? null;
}

const TYPES: Readonly<Record<string, FieldType>> = {
  VarChar: 'string',
  Int8: 'integer',
  Int16: 'integer',
  Int32: 'integer',
  Int64: 'integer',
  Double: 'float',
  Bool: 'boolean',
};

function typeOf({ data_type, element_type }: CollectionField): FieldType | null {
  if (data_type === 'Array')
    return TYPES[element_type] === undefined ? null : (`${TYPES[element_type]}[]` as FieldType);
  return TYPES[data_type] ?? null;
}

/** Columns of a type that is here, without nulls. */
function plainField(field: CollectionField): FieldSchema[] {
  const type = typeOf(field);
  return type === null || field.nullable ? [] : [{ name: field.name, type, nullable: false }];
}

function nativeField(field: CollectionField): Description['fields'][number] {
  return { name: field.name, type: typeOf(field), native: nameOf(field), nullable: field.nullable };
}

function ownField({ name, type, nullable }: FieldSchema, columns: readonly CollectionField[]) {
  const column = columns.find((each) => each.name === columnName(name));
  return { name, type, native: column === undefined ? type : nameOf(column), nullable };
}

function nameOf({ data_type, element_type, is_partition_key }: CollectionField): string {
  const type = data_type === 'Array' ? `Array of ${element_type}` : data_type;
  return is_partition_key === true ? `${type}, partition key` : type;
}
