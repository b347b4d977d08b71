import { FailureError } from '../../common/errors.js';
import type { FieldType, MetadataValue } from '../../datasets/dataset.js';
import { integerValue } from '../kit/check.js';
import type { ArrowClient, ArrowColumn, ArrowData } from './client.js';

/** Arrow type of each portable type, as Arrow writes it. */
export const COLUMN_TYPES: Readonly<Record<FieldType, string>> = {
  string: 'Utf8',
  integer: 'Int64',
  float: 'Float64',
  boolean: 'Bool',
  timestamp: 'Timestamp<MICROSECOND, UTC>',
  'string[]': 'List<Utf8>',
  'integer[]': 'List<Int64>',
  'float[]': 'List<Float64>',
  'boolean[]': 'List<Bool>',
};

/** Types of tables that others made which a portable one holds exactly. */
const ALSO: Readonly<Record<string, FieldType>> = {
  LargeUtf8: 'string',
  Int8: 'integer',
  Int16: 'integer',
  Int32: 'integer',
  Uint8: 'integer',
  Uint16: 'integer',
  Uint32: 'integer',
  Float32: 'float',
};

/** Null for types that no portable one fits. */
export function portableType(native: string): FieldType | null {
  const found = Object.entries(COLUMN_TYPES).find(([, each]) => each === native);
  return found === undefined ? (ALSO[native] ?? null) : (found[0] as FieldType);
}

/** Whether a column takes every value of its portable type. */
export function isWritable(native: string): boolean {
  return Object.values(COLUMN_TYPES).includes(native);
}

export function isFloat32(native: string): boolean {
  return native === 'Float32';
}

export function arrowType(arrow: ArrowClient, type: FieldType): object {
  if (type.endsWith('[]')) {
    const element = arrowType(arrow, type.slice(0, -2) as FieldType);
    return new arrow.List(new arrow.Field('item', element, true));
  }
  switch (type) {
    case 'integer':
      return new arrow.Int64();
    case 'float':
      return new arrow.Float64();
    case 'boolean':
      return new arrow.Bool();
    case 'timestamp':
      return new arrow.TimestampMicrosecond('UTC');
    default:
      return new arrow.Utf8();
  }
}

/**
 * Column of a field: a name must hold no dot, a backtick cannot be quoted, and what begins with an underscore, or has
 * the name of another column, could be taken for one of the engine's or ours.
 */
export function columnName(field: string, reserved: ReadonlySet<string>): string {
  if (field === '') return '%';
  const plain = field.replace(/[%.`]/g, coded);
  return plain.startsWith('_') || reserved.has(plain) ? `${coded(plain[0]!)}${plain.slice(1)}` : plain;
}

const coded = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/** The field of a column; the reverse of `columnName`. */
export function fieldName(column: string): string {
  if (column === '%') return '';
  return column.replace(/%([0-9A-F]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

export function quoted(column: string): string {
  return `\`${column}\``;
}

/** A column's values in Arrow. */
export function arrowColumn(
  arrow: ArrowClient,
  type: FieldType,
  values: readonly (MetadataValue | undefined)[],
): object {
  const native = arrowType(arrow, type);
  if (type !== 'timestamp') {
    return arrow.vectorFromArray(
      values.map((value) => (value === undefined || value === null ? null : arrowValue(type, value))),
      native,
    );
  }
  // Arrow's own builder for time stamps takes milliseconds only: the same bytes as whole numbers.
  const numbers = arrow.vectorFromArray(
    values.map((value) => value ?? null),
    new arrow.Int64(),
  );
  const chunks = numbers.data.map(({ length, nullCount, nullBitmap, values: data }: ArrowData) =>
    arrow.makeData({ type: native, length, nullCount, nullBitmap, data }),
  );
  return arrow.makeVector(chunks);
}

function arrowValue(type: FieldType, value: Exclude<MetadataValue, null>): unknown {
  if (type.endsWith('[]')) {
    const element = type.slice(0, -2) as FieldType;
    return (value as readonly Exclude<MetadataValue, null>[]).map((each) => arrowValue(element, each));
  }
  return type === 'integer' ? BigInt(value as number | bigint) : value;
}

/** All values of a column that was read. */
export function columnValues(column: ArrowColumn, type: FieldType | null): MetadataValue[] {
  if (type !== 'timestamp') {
    return Array.from({ length: column.length }, (_, row) => fromArrow(type, column.get(row)));
  }
  const found: MetadataValue[] = [];
  for (const chunk of column.data) {
    for (let row = 0; row < chunk.length; row++) {
      found.push(chunk.getValid(row) ? (chunk.values as BigInt64Array)[row]! : null);
    }
  }
  return found;
}

function fromArrow(type: FieldType | null, value: unknown): MetadataValue {
  if (value === null || value === undefined) return null;
  if (type === null) return String(value);
  if (type.endsWith('[]')) {
    const element = type.slice(0, -2) as FieldType;
    return Array.from(value as Iterable<unknown>, (each) => fromArrow(element, each));
  }
  return type === 'integer' ? integerValue(value as bigint | number) : (value as MetadataValue);
}

/** A value in the engine's SQL, which has no parameters: text is quoted, everything else is written by its type. */
export function literal(type: FieldType, value: MetadataValue): string {
  switch (type) {
    case 'string':
      if (/\p{Surrogate}/u.test(value as string)) {
        throw new FailureError('half of a surrogate pair has no UTF-8', { where: 'lancedb', got: value });
      }
      return `'${(value as string).replaceAll("'", "''")}'`;
    case 'integer':
      // The least number of 64 bits is not read as a literal.
      return `cast('${BigInt(value as number | bigint)}' as bigint)`;
    case 'float':
      return `cast('${Object.is(value, -0) ? '-0' : Number(value)}' as double)`;
    case 'boolean':
      return value === true ? 'true' : 'false';
    case 'timestamp':
      return `to_timestamp_micros(cast('${BigInt(value as bigint)}' as bigint))`;
    default:
      return `[${(value as readonly MetadataValue[]).map((each) => literal(type.slice(0, -2) as FieldType, each)).join(', ')}]`;
  }
}
