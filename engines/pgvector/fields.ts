import { FailureError } from '../../common/errors.js';
import type { FieldType, MetadataValue } from '../../datasets/dataset.js';
import type { PointValue } from '../contract/points.js';
import { integerValue } from '../kit/check.js';
import { fromJson } from '../kit/long-json.js';

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
  'real[]': 'float[]',
};

/**
 * How a column's values are read: as a field of a portable type, as PostgreSQL's own text of them, as a list of such
 * texts, or as what the JSON says (one, or a list).
 */
export type Carried =
  | { as: 'field'; type: FieldType }
  | { as: 'text' | 'texts' | 'json' | 'jsons'; type: null };

/** A type by `pg_type`: `kind` is its typtype. */
interface PgType {
  kind: string;
  schema: string;
  name: string;
}

/** Types whose text does not say what they are, or depends on the server's language. */
const NOT_AS_TEXT: ReadonlySet<string> = new Set(['bytea', 'money']);
/** Of extensions that come with PostgreSQL. */
const TEXTS: ReadonlySet<string> = new Set(['citext', 'hstore', 'ltree', 'isbn', 'isbn13']);

/** @param base as `format_type` writes it, without length. Undefined: its values are not read. */
export function carried(base: string, type: PgType, element: PgType | undefined): Carried | undefined {
  const field = PORTABLE[base];
  if (field !== undefined) return { as: 'field', type: field };
  const single = singly(element ?? type);
  // The one type whose arrays have another sign between their elements.
  if (element?.name === 'box') return undefined;
  if (single === undefined || element === undefined) return single && { as: single, type: null };
  return { as: single === 'json' ? 'jsons' : 'texts', type: null };
}

function singly({ kind, schema, name }: PgType): 'json' | 'text' | undefined {
  if (schema === 'pg_catalog' && (name === 'json' || name === 'jsonb')) return 'json';
  // Enumerations and ranges.
  if (kind === 'e' || kind === 'r' || kind === 'm') return 'text';
  if (kind !== 'b') return undefined;
  return (schema === 'pg_catalog' && !NOT_AS_TEXT.has(name)) || TEXTS.has(name) ? 'text' : undefined;
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
  if (type === 'timestamp')
    return `CASE WHEN isfinite(${column}) THEN (extract(epoch FROM ${column}) * 1000000)::bigint::text ELSE ${column}::text END`;
  if (type === 'float[]') return `${column}::double precision[]::text`;
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

/** What `readExpression` gave. Throws RangeError for a value that a point cannot hold. */
export function carriedValue({ as, type }: Carried, text: string): PointValue {
  switch (as) {
    case 'json':
      return exactJson(text);
    case 'jsons':
      return elements(text).map((each) => (each === null ? null : exactJson(each))) as MetadataValue;
    case 'texts':
      return elements(text);
    default:
      return valueFromText(type, text);
  }
}

/** Throws RangeError for a number that a double does not hold with all its digits. */
function exactJson(text: string): PointValue {
  for (const [number] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g)) {
    // A double has 15 digits for certain, and integers of any length are kept.
    if (number.startsWith('"') || /^-?\d+$/.test(number)) continue;
    if (number.length <= 16 && !/e/i.test(number)) continue;
    if (decimalOf(number) !== decimalOf(String(Number(number))))
      throw new RangeError(`the number ${number} has more digits than a double`);
  }
  return fromJson(text) as PointValue;
}

/** Digits without the zeros at both ends, and the power of ten of the last one. */
function decimalOf(number: string): string {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  return `${sign}${short}e${Number(exponent) - fraction.length + digits.length - short.length}`;
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
