import type { DenseValues, SparseVector, VectorValue } from '../contract/vectors.js';
import { isSparse } from '../kit/vectors.js';
import type { VectorColumn } from './layout.js';

/**
 * A vector in binary. `vector`: dimensions (int16), 16 unused bits, big-endian float32; `halfvec` the same with 16 bits
 * each; `bit`: number of bits (int32) and the bytes; `sparsevec`: dimensions, entries, 0 (int32 each), indices from 0
 * (int32), values (float32). Throws RangeError for a sparse vector that PostgreSQL cannot hold.
 */
export function vectorBytes(column: VectorColumn, value: VectorValue): Buffer {
  if (isSparse(value)) return sparseBytes(value, column.sparse);
  const values = value as DenseValues;
  if (column.native === 'bit') return bitBytes(values as Uint8Array, column.field.dimensions);
  const buffer = Buffer.allocUnsafe(4 + values.byteLength);
  writeNumbers(buffer, 0, values as Float32Array | Uint16Array, 0, values.length);
  return buffer;
}

/** Dimensions, unused bits, and big-endian numbers of 4 or 2 bytes. @returns the position behind them */
export function writeNumbers(
  buffer: Buffer,
  at: number,
  values: Float32Array | Uint16Array,
  from: number,
  count: number,
): number {
  at = buffer.writeInt16BE(count, at);
  at = buffer.writeInt16BE(0, at);
  const size = values.BYTES_PER_ELEMENT;
  const bytes = Buffer.from(values.buffer, values.byteOffset + from * size, count * size);
  bytes.copy(buffer, at);
  // The machine's own order is little-endian on everything Node runs on in practice; the wire's is not.
  const written = buffer.subarray(at, at + count * size);
  if (size === 4) written.swap32();
  else written.swap16();
  return at + count * size;
}

function bitBytes(values: Uint8Array, dimensions: number): Buffer {
  const buffer = Buffer.allocUnsafe(4 + values.length);
  buffer.writeInt32BE(dimensions);
  buffer.set(values, 4);
  return buffer;
}

const MOST_ENTRIES = 16_000;

function sparseBytes({ indices, values }: SparseVector, dimensions: number): Buffer {
  const last = indices.at(-1);
  if (indices.length > MOST_ENTRIES)
    throw new RangeError(`a sparse vector of more than ${MOST_ENTRIES} entries`);
  if (last !== undefined && last >= dimensions)
    throw new RangeError(`index ${last} of ${dimensions} dimensions`);
  if (values.includes(0)) throw new RangeError('a sparse vector with an entry of value 0');
  const buffer = Buffer.allocUnsafe(12 + 8 * indices.length);
  let at = buffer.writeInt32BE(dimensions);
  at = buffer.writeInt32BE(indices.length, at);
  at = buffer.writeInt32BE(0, at);
  for (const index of indices) at = buffer.writeInt32BE(index, at);
  for (const value of values) at = buffer.writeFloatBE(value, at);
  return buffer;
}

const SEND = {
  vector: 'vector_send',
  halfvec: 'halfvec_send',
  bit: 'bit_send',
  sparsevec: 'sparsevec_send',
} as const;

/** The expression that reads a column as the hexadecimal digits of its binary form, which is exact. */
export function readVector(column: string, native: VectorColumn['native']): string {
  return `encode(${SEND[native]}(${column}), 'hex')`;
}

/** What `readVector` gave: the reverse of `vectorBytes`. Throws RangeError for another number of dimensions. */
export function vectorOf({ native, field }: VectorColumn, hex: string): VectorValue {
  const bytes = Buffer.from(hex, 'hex');
  if (native === 'sparsevec') return sparseOf(bytes);
  const dimensions = native === 'bit' ? bytes.readInt32BE(0) : bytes.readUInt16BE(0);
  if (dimensions !== field.dimensions)
    throw new RangeError(`${dimensions} dimensions instead of ${field.dimensions}`);
  // A copy of its own: Node gives small buffers a part of a common one, at any offset.
  const own = new Uint8Array(bytes.subarray(4));
  if (native === 'bit') return own;
  const rest = Buffer.from(own.buffer);
  if (native === 'halfvec') {
    rest.swap16();
    return new Uint16Array(own.buffer);
  }
  rest.swap32();
  return new Float32Array(own.buffer);
}

function sparseOf(bytes: Buffer): SparseVector {
  const count = bytes.readInt32BE(4);
  const values = 12 + 4 * count;
  return {
    indices: Uint32Array.from({ length: count }, (_, i) => bytes.readUInt32BE(12 + 4 * i)),
    values: Float32Array.from({ length: count }, (_, i) => bytes.readFloatBE(values + 4 * i)),
  };
}

/** Queries of a column as parameters in binary; those of numbers are float32. */
export function queryEncoder(column: VectorColumn): (query: VectorValue) => Buffer {
  const { native } = column;
  if (native === 'bit' || native === 'sparsevec') return (query) => vectorBytes(column, query);
  return (query) => vectorParameter(query as Float32Array);
}

/** A query of numbers as a parameter. */
export function vectorParameter(vector: Float32Array): Buffer {
  const buffer = Buffer.allocUnsafe(4 + 4 * vector.length);
  writeNumbers(buffer, 0, vector, 0, vector.length);
  return buffer;
}

/** Some query of a column, and the same as text. */
export function probeOf({ native, sparse, field }: VectorColumn): { value: VectorValue; text: string } {
  const { dimensions } = field;
  if (native === 'sparsevec') {
    const value = { indices: Uint32Array.of(0), values: Float32Array.of(1) };
    return { value, text: `{1:1}/${sparse}` };
  }
  if (native === 'bit') {
    const value = new Uint8Array(Math.ceil(dimensions / 8)).fill(0xff);
    const spare = 8 * value.length - dimensions;
    value[value.length - 1] = (0xff << spare) & 0xff;
    return { value, text: '1'.repeat(dimensions) };
  }
  const value = new Float32Array(dimensions).fill(1);
  return { value, text: `[${value.join(',')}]` };
}
