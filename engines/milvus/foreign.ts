import { FailureError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema, FieldType } from '../../datasets/dataset.js';
import type { Description, ReadAs } from '../contract/points.js';
import type { VectorMetric } from '../contract/vectors.js';
import type { CollectionField, IndexDescription } from './client.js';
import { METRIC_TYPES, typeOfIndex } from './index-kind.js';
import type { Layout } from './layout.js';
import { vectorFieldOf } from './vectors.js';

/** Types of columns whose values are read as they are; so are arrays of them. */
const READ = ['Bool', 'Int8', 'Int16', 'Int32', 'Int64', 'Float', 'Double', 'VarChar', 'String', 'JSON'];
/** The partition that a point is in, as its tenant: no column has it. */
export const PARTITION = '$partition';

/** The columns of a collection that others made. Throws FailureError for what no point can hold. */
export function foreignLayout(
  name: string,
  {
    fields,
    enable_dynamic_field: dynamic,
  }: { fields: readonly CollectionField[]; enable_dynamic_field: boolean },
  indexes: readonly IndexDescription[],
  as: ReadAs,
): Layout {
  const { omit = [] } = as;
  const held = fields.filter((field) => field.is_primary_key || !omit.includes(field.name));
  requireKnown(name, fields, dynamic, as);
  const key = held.find(({ is_primary_key }) => is_primary_key)!;
  const vectors = held.flatMap((field) => {
    const found = vectorFieldOf(field.name, field.data_type, Number(field.dim ?? 0));
    const index = parametersOf(indexes.find(({ field_name }) => field_name === field.name));
    return found === undefined ? [] : [{ ...found, metric: metricOf(index['metric_type']) }];
  });
  const scalars = held.filter((field) => field !== key && !vectors.some((each) => each.name === field.name));
  requireRead(name, scalars);
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
    as,
    index: indexParameters(first),
  };
}

/** Throws FailureError for a name that no column has, where there can be no others. */
function requireKnown(
  name: string,
  fields: readonly CollectionField[],
  dynamic: boolean,
  { text, uri, tenant, omit = [] }: ReadAs,
): void {
  const known = fields.map((field) => field.name);
  const named = [text, uri, tenant, ...omit].filter(
    (each) => each !== undefined && each !== PARTITION,
  ) as string[];
  const missing = dynamic ? undefined : named.find((each) => !known.includes(each));
  if (missing === undefined) return;
  throw new FailureError(suggest(`collection "${name}" has no field "${missing}"`, missing, known), {
    where: 'milvus',
  });
}

function requireRead(name: string, scalars: readonly CollectionField[]): void {
  const lost = scalars.filter(({ data_type, element_type }) =>
    data_type === 'Array' ? !READ.includes(element_type) : !READ.includes(data_type),
  );
  if (lost.length === 0) return;
  const words = lost.map((field) => `"${field.name}" of type ${nameOf(field)}`);
  throw new FailureError(`collection "${name}" has fields that no point can hold: ${words.join(', ')}`, {
    where: 'milvus',
    next: `leave them out with ?omit=${lost.map((field) => encodeURIComponent(field.name)).join(',')}`,
  });
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

export function parametersOf(index: IndexDescription | undefined): Description['index'] {
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

export function nativeField(field: CollectionField): Description['fields'][number] {
  return { name: field.name, type: typeOf(field), native: nameOf(field), nullable: field.nullable };
}

export function nameOf({ data_type, element_type, is_partition_key }: CollectionField): string {
  const type = data_type === 'Array' ? `Array of ${element_type}` : data_type;
  return is_partition_key === true ? `${type}, partition key` : type;
}
