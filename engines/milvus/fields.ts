import { createHash } from 'node:crypto';
import { FailureError } from '../../common/errors.js';
import type { FieldSchema, FieldType, MetadataValue } from '../../datasets/dataset.js';
import type { PointId } from '../contract/ids.js';
import { DEFAULT_VECTOR } from '../contract/vectors.js';
import { integerValue } from '../kit/check.js';

export const ID = 'id';
export const TEXT = 'vp_text';
export const URI = 'vp_uri';
/** The partition key. */
export const TENANT = 'vp_tenant';
/** Beginning of all columns that are this adapter's own. */
const OWN = 'vp_';
/** Longest that the server's names are, without the beginning of a flag. */
const LONGEST = 240;
/** Words of the expression language, in which columns have no quotes, and names that are taken here or by the server. */
const TAKEN =
  /^(id|vector|vp_.*|__.*|rowid|in|not|and|or|like|is|null|isnull|isnotnull|exists|true|false|e|pi|json_contains.*|array_.*|text_match|phrase_match|random_sample|st_.*|interval|iso)$/i;

/**
 * A column for each field: its own name where the server and its expressions take it, else one made of its bytes, or of
 * their hash where these are too many. Which field a column is of is kept in the description of the collection.
 */
export function columnName(name: string): string {
  if (isPlain(name)) return name;
  const coded = `${OWN}x${Buffer.from(name).toString('hex')}`;
  return coded.length <= LONGEST ? coded : `${OWN}h${createHash('sha256').update(name).digest('hex')}`;
}

function isPlain(name: string): boolean {
  return name.length <= LONGEST && /^[a-z_]\w*$/i.test(name) && !TAKEN.test(name);
}

/** A column for each vector: its own name, unless it is that of a field. */
export function vectorColumnName(name: string, fields: readonly FieldSchema[]): string {
  if (name === DEFAULT_VECTOR) return name;
  if (isPlain(name) && !fields.some((field) => columnName(field.name) === name)) return name;
  return columnName(`${OWN}v_${name}`);
}

/** Column that says whether a point has a value: the server's columns have no null (as of version 2.3). */
export const flagOf = (name: string) => `${OWN}has_${columnName(name)}`;
export const HAS = { missing: 0, null: 1, value: 2 } as const;

/** Enumerations of schema.proto, which the client takes as numbers. */
const TYPES = { Bool: 1, Int8: 2, Int64: 5, Double: 11, VarChar: 21, Array: 22 } as const;
type ColumnType = keyof typeof TYPES;

/** Bytes of a text, elements of an array: the server's largest. */
export const MAX_TEXT = 65_535;
export const MAX_ELEMENTS = 4096;

const SCALARS: Readonly<Record<string, ColumnType>> = {
  string: 'VarChar',
  integer: 'Int64',
  float: 'Double',
  boolean: 'Bool',
  timestamp: 'Int64',
};

const elementType = (type: FieldType): ColumnType => SCALARS[type.replace('[]', '')]!;
const isArray = (type: FieldType): boolean => type.endsWith('[]');

/** What stands in the column of a point without a value. */
export function emptyValue(type: FieldType): MetadataValue {
  if (isArray(type)) return [];
  return { VarChar: '', Int64: 0, Double: 0, Bool: false }[
    elementType(type) as 'VarChar' | 'Int64' | 'Double' | 'Bool'
  ];
}

/** Column definitions for `createCollection`. */
export function columnsOf(fields: readonly FieldSchema[]): object[] {
  return fields.flatMap(({ name, type, nullable }) => {
    const element = TYPES[elementType(type)];
    const text = element === TYPES.VarChar ? { max_length: MAX_TEXT } : {};
    const array = { data_type: TYPES.Array, element_type: element, max_capacity: MAX_ELEMENTS };
    const column = { name: columnName(name), ...(isArray(type) ? array : { data_type: element }), ...text };
    return nullable ? [column, { name: flagOf(name), data_type: TYPES.Int8 }] : [column];
  });
}

/** Column of the primary key: integers as they are, all else as text. */
export function idColumn(kind: string): object {
  const integer = kind === 'u32' || kind === 'u64';
  const type = integer ? { data_type: TYPES.Int64 } : { data_type: TYPES.VarChar, max_length: MAX_TEXT };
  return { name: ID, ...type, is_primary_key: true, autoID: false };
}

/** Index of a column for filters; undefined: the server has none for its type. */
export function indexOf(type: FieldType): string | undefined {
  if (isArray(type) || type === 'boolean') return undefined;
  return type === 'string' ? 'Trie' : 'STL_SORT';
}

/** Parts of an insert request, one for each column. Throws FailureError for a null where none is declared. */
export function columnData(
  { name, type, nullable }: FieldSchema,
  values: readonly (MetadataValue | undefined)[],
): object[] {
  const filled = values.map((value, row) => {
    if (value !== null && value !== undefined) return value;
    if (nullable) return emptyValue(type);
    throw new FailureError(`field "${name}" has no value in row ${row} of the batch, but is not nullable`, {
      where: 'milvus',
    });
  });
  const column = {
    field_name: columnName(name),
    ...(isArray(type) ? arrays(type, filled) : scalars(elementType(type), filled)),
  };
  if (!nullable) return [column];
  const flags = values.map((value) =>
    value === undefined ? HAS.missing : value === null ? HAS.null : HAS.value,
  );
  return [column, { field_name: flagOf(name), ...scalars('Int8', flags) }];
}

const DATA: Readonly<Record<ColumnType, string>> = {
  Bool: 'bool_data',
  Int8: 'int_data',
  Int64: 'long_data',
  Double: 'double_data',
  VarChar: 'string_data',
  Array: 'array_data',
};

/** The client's protocol buffers take 64-bit integers as text. */
function fieldOf(type: ColumnType, values: readonly MetadataValue[]): object {
  return { data: DATA[type], [DATA[type]]: { data: type === 'Int64' ? values.map(String) : values } };
}

function scalars(type: ColumnType, values: readonly MetadataValue[]): object {
  return { type, scalars: fieldOf(type, values) };
}

function arrays(type: FieldType, values: readonly MetadataValue[]): object {
  const element = elementType(type);
  const data = values.map((each) => fieldOf(element, each as readonly MetadataValue[]));
  return { type: 'Array', scalars: { data: 'array_data', array_data: { data, element_type: element } } };
}

/**
 * Texts, URIs and tenants, whose columns hold texts alone: the empty one stands for none, and those that are empty or
 * begin with U+0000 get one more of it.
 */
export function partData(column: string, values: readonly (string | undefined)[]): object {
  const texts = values.map((text) => {
    if (text === undefined) return '';
    return text === '' || text.startsWith('\0') ? `\0${text}` : text;
  });
  return { field_name: column, ...scalars('VarChar', texts) };
}

/** The reverse for one value of such a column. */
export function partFrom(text: string): string | undefined {
  if (text === '') return undefined;
  return text.startsWith('\0') ? text.slice(1) : text;
}

/** The column of the primary key of some points. Row numbers go as they are, without a text of each. */
export function idData(ids: readonly (number | PointId)[], integer: boolean): object {
  if (!integer) return { field_name: ID, ...scalars('VarChar', ids) };
  const data = ids.map((id) => (typeof id === 'number' ? id : String(id)));
  return { field_name: ID, type: 'Int64', scalars: { data: DATA.Int64, [DATA.Int64]: { data } } };
}

export function partColumn(name: string): object {
  return {
    name,
    data_type: TYPES.VarChar,
    max_length: MAX_TEXT,
    ...(name === TENANT && { is_partition_key: true }),
  };
}

/** The value of a field as the server returns it, by its column and its flag's; undefined: missing. */
export function valueIn(
  { type, nullable }: FieldSchema,
  value: unknown,
  flag: unknown,
): MetadataValue | undefined {
  const has = nullable ? Number(flag) : HAS.value;
  if (has === HAS.missing) return undefined;
  return has === HAS.null ? null : decoded(type, value);
}

/** 64-bit integers come as text. */
export function decoded(type: FieldType, value: unknown): MetadataValue {
  if (Array.isArray(value)) return value.map((each) => decoded(type.replace('[]', '') as FieldType, each));
  if (type === 'integer') return integerValue(value as string);
  return type === 'timestamp' ? BigInt(value as string) : (value as MetadataValue);
}
