import type { Metadata, Point, PointValue } from '../../engines/contract/points.js';
import type { DenseValues, VectorValue } from '../../engines/contract/vectors.js';
import { isMulti, isSparse } from '../../engines/kit/vectors.js';

/**
 * A point as one text of JSON and back, without a loss and without a schema: vectors are base64 of their little-endian
 * numbers, named by their array; what JSON cannot say (integers of 64 bits, NaN, infinities, -0) is an object with one
 * key that begins with `$`, and objects that have such keys of their own are wrapped.
 */
export function encodePoint({ vectors, metadata, ...rest }: Point): string {
  const own = entriesText(rest, (value) => JSON.stringify(encodeValue(value)));
  return `{${own}${own === '' ? '' : ','}"vectors":{${entriesText(vectors, vectorText)}},"metadata":${JSON.stringify(encodeValue(metadata))}}`;
}

/** `"a":1,"b":2`: put together here, as base64 has nothing that JSON would have to look for. Undefined values are left out. */
function entriesText<V>(object: Readonly<Record<string, V>> | object, textOf: (value: V) => string): string {
  let text = '';
  for (const [key, value] of Object.entries(object as Record<string, V>))
    if (value !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${textOf(value)}`;
  return text;
}

function vectorText(value: VectorValue): string {
  const encoded = encodeVector(value);
  return Array.isArray(encoded) ? `["${encoded[0]}","${encoded[1]}"]` : JSON.stringify(encoded);
}

/** @throws Error for what is none */
export function decodePoint(text: string): Point {
  const { vectors, metadata, ...rest } = JSON.parse(text) as Record<string, unknown>;
  return {
    ...(mapped(rest, decodeValue) as Pick<Point, 'id'>),
    vectors: mapped(vectors as Record<string, EncodedVector>, decodeVector),
    metadata: decodeValue(metadata) as Metadata,
  };
}

const ARRAYS = { f32: Float32Array, u16: Uint16Array, i8: Int8Array, u8: Uint8Array, u32: Uint32Array };
type ArrayName = keyof typeof ARRAYS;
type EncodedArray = [ArrayName, string];
type EncodedVector =
  | EncodedArray
  | { indices: EncodedArray; values: EncodedArray }
  | { rows: number; values: EncodedArray };

function encodeVector(value: VectorValue): EncodedVector {
  if (isSparse(value)) return { indices: encodeArray(value.indices), values: encodeArray(value.values) };
  if (isMulti(value)) return { rows: value.rows, values: encodeArray(value.values) };
  return encodeArray(value);
}

function encodeArray(array: DenseValues | Uint32Array): EncodedArray {
  const name =
    array instanceof Float32Array
      ? 'f32'
      : (Object.keys(ARRAYS) as ArrayName[]).find((each) => array instanceof ARRAYS[each])!;
  return [name, Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64')];
}

function decodeVector(value: EncodedVector): VectorValue {
  if (Array.isArray(value)) return decodeArray(value) as DenseValues;
  const values = decodeArray(value.values);
  if ('indices' in value)
    return { indices: decodeArray(value.indices) as Uint32Array, values: values as Float32Array };
  return { rows: value.rows, values: values as DenseValues };
}

function decodeArray([name, text]: EncodedArray): DenseValues | Uint32Array {
  // Of its own, so that it begins where numbers of four bytes may.
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new ARRAYS[name](bytes.buffer);
}

type Encoded = null | boolean | number | string | Encoded[] | { [key: string]: Encoded };

function encodeValue(value: unknown): Encoded {
  if (typeof value === 'bigint') return { $int: String(value) };
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { $num: Object.is(value, -0) ? '-0' : String(value) };
  if (Array.isArray(value)) return value.map(encodeValue);
  if (typeof value !== 'object' || value === null) return value as Encoded;
  if (isPlain(value)) return value as Encoded;
  const object = mapped(value as Record<string, unknown>, encodeValue);
  return Object.keys(object).some((key) => key.startsWith('$')) ? { $object: object } : object;
}

/** JSON says it as it is. */
function isPlain(object: object): boolean {
  for (const [key, value] of Object.entries(object)) {
    const isSaid =
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      value === null ||
      (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0));
    if (!isSaid || key.startsWith('$')) return false;
  }
  return true;
}

function decodeValue(value: unknown): PointValue {
  if (Array.isArray(value)) return value.map(decodeValue) as PointValue;
  if (typeof value !== 'object' || value === null) return value as PointValue;
  const object = value as Record<string, unknown>;
  if (typeof object['$int'] === 'string') return BigInt(object['$int']) as unknown as PointValue;
  if (typeof object['$num'] === 'string') return Number(object['$num']);
  const inner = object['$object'];
  return mapped((inner ?? object) as Record<string, unknown>, decodeValue) as PointValue;
}

/** Also a key that is called `__proto__` is a key. Undefined values are left out. */
function mapped<V, R>(
  object: Readonly<Record<string, V>> | object,
  change: (value: V) => R,
): Record<string, R> {
  const entries = Object.entries(object as Record<string, V>).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, change(value)]));
}
