import { FailureError } from '../../common/errors.js';
import type { LoadBatch } from '../contract/spec.js';
import {
  type DenseType,
  type DenseValues,
  elementsOf,
  type SparseVector,
  type VectorColumn,
  type VectorField,
  type VectorValue,
} from '../contract/vectors.js';
import { delimited, integer } from './protobuf.js';

/** Of schema.proto: numbers and names of the data types, and the field of `VectorField` that carries the values. */
const KINDS = {
  f32: { type: 101, name: 'FloatVector', tag: 2 },
  f16: { type: 102, name: 'Float16Vector', tag: 4 },
  bf16: { type: 103, name: 'BFloat16Vector', tag: 5 },
  int8: { type: 105, name: 'Int8Vector', tag: 7 },
  bit: { type: 100, name: 'BinaryVector', tag: 3 },
  sparse: { type: 104, name: 'SparseFloatVector', tag: 6 },
} as const;
type Kind = keyof typeof KINDS;

const kindOf = ({ kind, type }: VectorField): Kind => (kind === 'sparse' ? 'sparse' : type);

/** Number of the column's data type. */
export const dataTypeOf = (field: VectorField): number => KINDS[kindOf(field)].type;

/** The field of a column of vectors as the server names its type; undefined: it is none that is known here. */
export function vectorFieldOf(name: string, dataType: string, dimensions: number): VectorField | undefined {
  const found = (Object.keys(KINDS) as Kind[]).find((each) => KINDS[each].name === dataType);
  if (found === undefined) return undefined;
  if (found === 'sparse') return { name, kind: 'sparse', type: 'f32', dimensions: 0, metric: null };
  return { name, kind: 'dense', type: found, dimensions, metric: null };
}

/** The vectors of a field that a batch brings. Throws FailureError for others: absent is not zero. */
export function vectorColumn(field: VectorField, { vectors, count }: LoadBatch): VectorColumn {
  const column = vectors[field.name];
  const refuse = (why: string): never => {
    throw new FailureError(`vector "${field.name}" ${why}`, { where: 'milvus' });
  };
  if (column === undefined) return refuse('is not in the batch');
  if (column.kind !== field.kind) return refuse(`is not ${field.kind}`);
  if (column.kind === 'dense') {
    if (!(column.values instanceof ARRAYS[field.type])) return refuse(`is not of type ${field.type}`);
    if (column.present?.includes(0) === true) return refuse('is missing in a point');
    return column;
  }
  if (column.kind === 'multi') return refuse('is multi');
  for (let row = 0; row < count; row++) {
    const value = column.values[row];
    if (value === undefined) return refuse('is missing in a point');
    const why = whyNotSparse(value);
    if (why !== undefined) refuse(why);
  }
  return column;
}

const ARRAYS = { f32: Float32Array, f16: Uint16Array, bf16: Uint16Array, int8: Int8Array, bit: Uint8Array };

/** What the server holds of no sparse vector; undefined: nothing of it. */
export function whyNotSparse({ indices, values }: SparseVector): string | undefined {
  if (indices.length === 0) return 'is sparse and empty, which Milvus cannot hold';
  if (values.some((value) => value < 0 || Object.is(value, -0)))
    return 'is sparse and has a negative value, which Milvus cannot hold';
  return indices.at(-1) === 0xffffffff ? 'has the index 2^32 - 1, which Milvus cannot hold' : undefined;
}

/**
 * `fields_data` (5) of an insert holding a `FieldData` for rows `from` to `to`: type (1), field_name (2), vectors (4)
 * with dim (1) and the values, little-endian.
 */
export function vectorMessage(
  name: string,
  field: VectorField,
  column: VectorColumn,
  from: number,
  to: number,
): Buffer {
  const { type, tag } = KINDS[kindOf(field)];
  const dimensions = field.kind === 'sparse' ? sparseDimensions(column, from, to) : field.dimensions;
  const values = delimited(tag, ...valuesOf(field, column, from, to));
  const vector = delimited(4, integer(1, dimensions), values);
  return delimited(5, integer(1, type), delimited(2, Buffer.from(name)), vector);
}

function valuesOf(field: VectorField, column: VectorColumn, from: number, to: number): Buffer[] {
  if (column.kind !== 'dense') {
    // Of a SparseFloatArray: contents (1), each pairs of uint32 and float32, and dim (2).
    const rows = column.values.slice(from, to) as readonly SparseVector[];
    return [
      ...rows.map((row) => delimited(1, sparseBytes(row))),
      integer(2, sparseDimensions(column, from, to)),
    ];
  }
  const width = elementsOf(field);
  const bytes = bytesOf(column.values.subarray(from * width, to * width));
  // Float32 are the packed data (1) of a FloatArray, all others the bytes themselves.
  return [field.type === 'f32' ? delimited(1, bytes) : bytes];
}

function bytesOf({ buffer, byteOffset, byteLength }: DenseValues | Uint32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function sparseBytes({ indices, values }: SparseVector): Buffer {
  const bytes = Buffer.alloc(indices.length * 8);
  for (const [i, index] of indices.entries()) {
    bytes.writeUInt32LE(index, i * 8);
    bytes.writeFloatLE(values[i]!, i * 8 + 4);
  }
  return bytes;
}

function sparseDimensions(column: VectorColumn, from: number, to: number): number {
  const rows = column.values.slice(from, to) as readonly SparseVector[];
  return rows.reduce((most, { indices }) => Math.max(most, (indices.at(-1) ?? 0) + 1), 0);
}

/** Vectors of an answer as the client's messages have them. */
export interface NativeVectors {
  float_vector?: { data: number[] } | null;
  float16_vector?: Uint8Array;
  bfloat16_vector?: Uint8Array;
  int8_vector?: Uint8Array;
  binary_vector?: Uint8Array;
  sparse_float_vector?: { contents: Uint8Array[] } | null;
}

/** The vector of each row. */
export function vectorsFrom(field: VectorField, native: NativeVectors, count: number): VectorValue[] {
  if (field.kind === 'sparse') return native.sparse_float_vector!.contents.map(sparseFrom);
  const width = elementsOf(field);
  const values = valuesFrom(field.type, native);
  return Array.from({ length: count }, (_, row) => values.slice(row * width, (row + 1) * width));
}

function valuesFrom(type: DenseType, native: NativeVectors): DenseValues {
  switch (type) {
    case 'f32':
      return Float32Array.from(native.float_vector!.data);
    case 'f16':
      return new Uint16Array(copyOf(native.float16_vector!));
    case 'bf16':
      return new Uint16Array(copyOf(native.bfloat16_vector!));
    case 'int8':
      return new Int8Array(copyOf(native.int8_vector!));
    case 'bit':
      return new Uint8Array(copyOf(native.binary_vector!));
  }
}

/** A buffer of its own, which begins where the numbers do. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

function sparseFrom(bytes: Uint8Array): SparseVector {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.byteLength / 8;
  return {
    indices: Uint32Array.from({ length }, (_, i) => view.getUint32(i * 8, true)),
    values: Float32Array.from({ length }, (_, i) => view.getFloat32(i * 8 + 4, true)),
  };
}
