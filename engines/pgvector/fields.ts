import { FailureError } from '../../common/errors.js';
import type { FieldType, MetadataValue } from '../../datasets/dataset.js';
import { integerValue } from '../kit/check.js';

/** Column type of each portable type. Text is compared byte by byte, which is the order of code points. */
export const COLUMN_TYPES: Readonly<Record<FieldType, string>> = {
  string: 'text',
  integer: 'bigint',
  float: 'double precision',
  boolean: 'boolean',
  timestamp: 'timestamp with time zone',
  'string[]': 'text[]',
  'integer[]': 'bigint[]',
  'float[]': 'double precision[]',
  'boolean[]': 'boolean[]',
};

/** Native types (as `format_type` writes them) that a portable one fits. */
const PORTABLE: Readonly<Record<string, FieldType>> = {
  ...Object.fromEntries(Object.entries(COLUMN_TYPES).map(([type, native]) => [native, type as FieldType])),
  'character varying': 'string',
  integer: 'integer',
  smallint: 'integer',
  real: 'float',
  'character varying[]': 'string[]',
  'integer[]': 'integer[]',
  'smallint[]': 'integer[]',
};

export function portableType(native: string): FieldType | null {
  return PORTABLE[native.replace(/\(\d+\)/, '')] ?? null;
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Index method of a field: order for single values; for arrays, which rows hold an element. */
export function fieldMethod(type: FieldType): string {
  return type.endsWith('[]') ? 'gin' : 'btree';
}

/**
 * The expression that reads a column so that `valueFromText` understands it: time stamps in microseconds, and numbers
 * of 32 bits as what they are, not as their shortest decimals.
 */
export function readExpression(column: string, type: FieldType | null): string {
  if (type === 'timestamp') return `(extract(epoch FROM ${column}) * 1000000)::bigint`;
  return type === 'float' ? `${column}::double precision::text` : `${column}::text`;
}

/** A value as PostgreSQL reads it from text; whoever casts it names its column type. */
export function textOf(type: FieldType, value: Exclude<MetadataValue, null>): string {
  if (type.endsWith('[]')) {
    const element = type.slice(0, -2) as FieldType;
    return arrayText((value as readonly Exclude<MetadataValue, null>[]).map((each) => textOf(element, each)));
  }
  if (type === 'timestamp') return timestampText(value as bigint);
  return Object.is(value, -0) ? '-0' : String(value);
}

/** An array in PostgreSQL's text form; every element is quoted, and null is NULL. */
export function arrayText(values: readonly (string | null)[]): string {
  const each = (value: string) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  return `{${values.map((value) => (value === null ? 'NULL' : each(value))).join(',')}}`;
}

/** Time stamps that both PostgreSQL (from 4713 BC) and the formatting here (to the year 275760) know. */
export const FIRST_TIMESTAMP = -210_866_803_200_000_000n;
export const LAST_TIMESTAMP = 8_640_000_000_000_000_000n;

/** Microseconds since 1970 as PostgreSQL writes dates, also before the year 1. */
export function timestampText(micros: bigint): string {
  if (micros < FIRST_TIMESTAMP || micros > LAST_TIMESTAMP) {
    const next = 'PostgreSQL holds time stamps from 4713 BC to 275760';
    throw new FailureError('cannot hold a time stamp', { where: 'pgvector', got: micros, next });
  }
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((micros - fraction) / 1000n));
  const year = date.getUTCFullYear();
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${day} ${time}.${String(fraction).padStart(6, '0')}+00${year > 0 ? '' : ' BC'}`;
}

/** What `readExpression` gave; native types that no portable one fits stay text. */
export function valueFromText(type: FieldType | null, text: string | null): MetadataValue {
  if (text === null) return null;
  switch (type) {
    case 'integer':
      return integerValue(text);
    case 'float':
      return Number(text);
    case 'boolean':
      return text === 't' || text === 'true';
    case 'timestamp':
      return BigInt(text);
    case 'string[]':
    case 'integer[]':
    case 'float[]':
    case 'boolean[]':
      return elements(text).map((each) => valueFromText(type.slice(0, -2) as FieldType, each));
    default:
      return text;
  }
}

/** Elements of an array in PostgreSQL's text form. Throws RangeError for one of several dimensions. */
function elements(text: string): (string | null)[] {
  const found: (string | null)[] = [];
  if (!text.startsWith('{') || text.startsWith('{{')) {
    throw new RangeError('an array of several dimensions, or with subscripts that do not start at 1');
  }
  // Of one element: quoted with escapes, or bare up to the comma.
  for (const [, escaped, bare] of text.slice(1, -1).matchAll(/(?:"((?:[^"\\]|\\.)*)"|([^,]+))(?:,|$)/gsu)) {
    if (escaped !== undefined) found.push(escaped.replace(/\\(.)/gsu, '$1'));
    else found.push(bare === 'NULL' ? null : bare!);
  }
  return found;
}
