import { decodeFloat16 } from '../float16.js';
import { narrowRows } from './narrow.js';

/** Number types of binary files, in numpy's letters: float, signed, unsigned and boolean, with their bytes. */
export type NumberType = 'f2' | 'f4' | 'f8' | 'i1' | 'i2' | 'i4' | 'i8' | 'u1' | 'u2' | 'u4' | 'u8' | 'b1';

export const NUMBER_TYPES: readonly NumberType[] = [
  'f2',
  'f4',
  'f8',
  'i1',
  'i2',
  'i4',
  'i8',
  'u1',
  'u2',
  'u4',
  'u8',
  'b1',
];

const WORDS = { f: 'float', i: 'int', u: 'uint', b: 'bool' } as const;

/** `float16`, `int8`, `bool` … */
export function typeName(type: NumberType): string {
  const kind = WORDS[type[0] as keyof typeof WORDS];
  return kind === 'bool' ? kind : `${kind}${Number(type[1]) * 8}`;
}

const ARROW_WORDS: readonly [RegExp, NumberType][] = [
  [/double|float64/i, 'f8'],
  [/half|float16/i, 'f2'],
  [/float(32)?\b/i, 'f4'],
  [/\buint64/i, 'u8'],
  [/\buint32/i, 'u4'],
  [/\bint64/i, 'i8'],
  [/\bint32/i, 'i4'],
];

/** The number type of a list's type in Arrow's words (`list<double>`), if it is one that matters. */
export function componentInWords(words: string): NumberType | undefined {
  return ARROW_WORDS.find(([pattern]) => pattern.test(words))?.[1];
}

export function bytesOf(type: NumberType): number {
  return Number(type[1]);
}

type Plain = { new (buffer: ArrayBuffer): ArrayLike<number> | ArrayLike<bigint>; BYTES_PER_ELEMENT: number };

const ARRAYS: Readonly<Record<Exclude<NumberType, 'f2'>, Plain>> = {
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  b1: Uint8Array,
};

/** Numbers of a binary file as a typed array over (swapped) bytes; halves become float32, which holds them exactly. */
export function decodeNumbers(
  bytes: Uint8Array<ArrayBuffer>,
  type: NumberType,
  littleEndian = true,
): ArrayLike<number> {
  if (type === 'f2') {
    const halves = new Float32Array(bytes.length / 2);
    decodeFloat16(bytes, halves.length, halves, 0, littleEndian);
    return halves;
  }
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  const own = whole ? bytes : bytes.slice();
  const size = bytesOf(type);
  if (!littleEndian && size > 1) swap(own, size);
  const values = new ARRAYS[type](own.buffer);
  return type === 'i8' || type === 'u8'
    ? Float64Array.from(values as ArrayLike<bigint>, Number)
    : (values as ArrayLike<number>);
}

function swap(bytes: Uint8Array<ArrayBuffer>, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) buffer.swap16();
  else if (size === 4) buffer.swap32();
  else buffer.swap64();
}

/** Rows of numbers as float32; float64 that float32 cannot hold is refused with its place. */
export function setRows(
  values: ArrayLike<number>,
  into: Float32Array,
  at: number,
  dimensions: number,
  place: (row: number) => string,
): void {
  if (values instanceof Float64Array) narrowRows(values, into, at, dimensions, place);
  else into.set(values, at);
}
