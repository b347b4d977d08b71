import { FailureError, shorten } from '../../common/errors.js';
import type { IdColumn, PointId } from '../contract/ids.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import {
  type DenseType,
  type DenseValues,
  elementsOf,
  type MultiVector,
  type NamedVectors,
  type SparseVector,
  type VectorField,
  type VectorValue,
} from '../contract/vectors.js';
import { requireDimensions } from './load.js';

/** The vector that the index is about and that a search uses unless it names another. */
export function firstVector({ vectors }: Pick<CollectionSpec, 'vectors'>): VectorField {
  const [first] = vectors;
  if (first === undefined) throw new Error('a collection has at least one vector');
  return first;
}

/** A vector of a collection by name; the first if none is named. Throws FailureError with the names there are. */
export function vectorNamed({ vectors }: Pick<CollectionSpec, 'vectors'>, name?: string): VectorField {
  if (name === undefined) return firstVector({ vectors });
  const found = vectors.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new FailureError(`the collection has no vector "${name}"`, {
    next: `use ${vectors.map((each) => each.name).join(', ')}`,
  });
}

/**
 * The float32 values of a dense vector that every point of the batch has, row-major.
 * Throws FailureError if the batch brings something else: absent is not zero.
 */
export function denseOf(engine: string, batch: LoadBatch, { name }: VectorField): Float32Array {
  const column = batch.vectors[name];
  if (column === undefined) throw new FailureError(`the batch has no vector "${name}"`, { where: engine });
  if (column.kind !== 'dense' || !(column.values instanceof Float32Array))
    throw new FailureError(`vector "${name}" is not dense float32`, { where: engine });
  const absent = column.present?.indexOf(0) ?? -1;
  if (absent < 0) return column.values;
  throw new FailureError(`point ${shorten(idAt(batch.ids, absent))} has no vector "${name}"`, {
    where: engine,
  });
}

/** Ids that are row numbers, as engines with integer keys take them. Throws FailureError for others. */
export function rowNumbers(engine: string, { ids }: LoadBatch): Uint32Array {
  if (ids instanceof Uint32Array) return ids;
  throw new FailureError('takes row numbers as ids, not ids of their own', { where: engine });
}

/** The id of a point of a batch as `Point.id` has it. */
export function idAt(ids: IdColumn, at: number): PointId {
  const id = ids[at]!;
  return typeof id === 'number' ? BigInt(id) : id;
}

const ARRAYS = {
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  int8: Int8Array,
  bit: Uint8Array,
} as const satisfies Record<DenseType, unknown>;

/** Zeros of a number type's array. */
export function denseArray(type: DenseType, length: number): DenseValues {
  return new ARRAYS[type](length);
}

export function isSparse(value: VectorValue): value is SparseVector {
  return 'indices' in value;
}

export function isMulti(value: VectorValue): value is MultiVector {
  return 'rows' in value;
}

/** A point's vector of that name; undefined: it has none. */
export function vectorIn(vectors: NamedVectors, name: string): VectorValue | undefined {
  return Object.hasOwn(vectors, name) ? vectors[name] : undefined;
}

/**
 * Whether queries fit a field, settled once: one of floats costs the comparison of two lengths.
 * The function throws FailureError for a query of another length or kind.
 */
export function queryCheck(engine: string, field: VectorField): (query: VectorValue) => void {
  const { dimensions } = field;
  if (isOfFloats(field)) return (query) => requireDimensions(engine, query as Float32Array, dimensions);
  return (query) => {
    const why = whyNotVectorValue(field, query);
    if (why === undefined) return;
    throw new FailureError(`the query of vector "${field.name}" ${why}`, { where: engine });
  };
}

/** Dense numbers that a Float32Array is compared with. */
export function isOfFloats({ kind, type }: VectorField): boolean {
  return kind === 'dense' && type !== 'bit' && type !== 'int8';
}

/** What is wrong with a vector of such a field, as the rest of a sentence; undefined: nothing. */
export function whyNotVectorValue(field: VectorField, value: VectorValue): string | undefined {
  if (field.kind === 'sparse') return isSparse(value) ? whyNotSparse(value) : 'is not sparse';
  if (isSparse(value)) return 'is sparse';
  if (isMulti(value) !== (field.kind === 'multi'))
    return field.kind === 'multi' ? 'is one vector, not several' : 'holds several vectors';
  const values = isMulti(value) ? value.values : value;
  const rows = isMulti(value) ? value.rows : 1;
  if (!(values instanceof ARRAYS[field.type])) return `is not of type ${field.type}`;
  if (values.length !== rows * elementsOf(field)) {
    const size = field.type === 'bit' ? values.length * 8 : values.length / Math.max(1, rows);
    return `has ${size} dimensions, the collection ${field.dimensions}`;
  }
  return whyNotFinite(field.type, values);
}

function whyNotFinite(type: DenseType, values: DenseValues): string | undefined {
  if (type === 'f32') {
    // One sum tells that all are, which is nearly always so; a call for each number costs ten times as much.
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i]! * 0;
    if (sum === 0) return undefined;
    const at = (values as Float32Array).findIndex((value) => !Number.isFinite(value));
    return at < 0 ? undefined : `holds ${values[at]} at ${at}`;
  }
  // All bits of the exponent set: infinity or NaN.
  const exponent = type === 'f16' ? 0x7c00 : type === 'bf16' ? 0x7f80 : undefined;
  if (exponent === undefined) return undefined;
  const at = (values as Uint16Array).findIndex((bits) => (bits & exponent) === exponent);
  return at < 0 ? undefined : `holds a number that is not finite at ${at}`;
}

function whyNotSparse({ indices, values }: SparseVector): string | undefined {
  if (indices.length !== values.length) return 'has not as many values as indices';
  const wrong = indices.findIndex((index, i) => i > 0 && index <= indices[i - 1]!);
  if (wrong >= 0) return 'has indices that are not ascending';
  const at = values.findIndex((value) => !Number.isFinite(value));
  return at < 0 ? undefined : `holds ${values[at]} at index ${indices[at]}`;
}
