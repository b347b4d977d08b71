import type { FieldSchema, FieldType, Metric } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { Description } from '../contract/points.js';
import { ask, type CollectionField, type MilvusClient } from './client.js';
import { columnName } from './fields.js';
import { METRIC_TYPES } from './index-kind.js';
import type { KeptSchema } from './records.js';

/** All that is known of a collection. */
export interface Described {
  /** Whether it was made here: others' collections are only read. */
  own: boolean;
  ids: IdKind | null;
  /** Columns of the key and of the vector. */
  id: string;
  vector: string;
  dimensions: number;
  /** Fields that can be read and filtered with their exact meaning. */
  fields: readonly FieldSchema[];
  native: Description['fields'];
  metric: Metric | null;
  index: Description['index'];
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

export async function described(client: MilvusClient, name: string): Promise<Described> {
  const { schema } = await ask('describe', client.describeCollection({ collection_name: name }));
  const { index_descriptions } = await ask('describe', client.describeIndex({ collection_name: name }));
  const key = schema.fields.find(({ is_primary_key }) => is_primary_key)!;
  const vector = schema.fields.find(({ data_type }) => data_type === 'FloatVector')!;
  const params = index_descriptions.find(({ field_name }) => field_name === vector.name)?.params ?? [];
  const index = Object.fromEntries(
    params.filter((each) => each.key !== 'params').map((each) => [each.key, each.value]),
  );
  const kept = keptSchema(schema.description);
  const others = schema.fields.filter((field) => field !== key && field !== vector);
  return {
    own: kept !== undefined,
    ids: kept?.ids ?? (key.data_type === 'Int64' ? 'u64' : 'string'),
    id: key.name,
    vector: vector.name,
    dimensions: Number(vector.dim),
    fields: kept?.fields ?? others.flatMap(plainField),
    native:
      kept === undefined ? others.map(nativeField) : kept.fields.map((field) => ownField(field, others)),
    metric:
      (Object.keys(METRIC_TYPES) as Metric[]).find((each) => METRIC_TYPES[each] === index['metric_type']) ??
      null,
    index,
  };
}

function keptSchema(description: string): KeptSchema | undefined {
  if (!description.startsWith('{"vecproof":1,')) return undefined;
  return JSON.parse(description) as KeptSchema;
}

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

function nameOf({ data_type, element_type }: CollectionField): string {
  return data_type === 'Array' ? `Array of ${element_type}` : data_type;
}
