import { FailureError, shorten } from '../../common/errors.js';
import type { PointId } from '../contract/ids.js';
import type { LoadBatch } from '../contract/spec.js';
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
import { floatsToHalves, halvesToFloats } from '../kit/half.js';
import { isMulti, isSparse } from '../kit/vectors.js';
import type { NativeQuery } from './client.js';
import { hasNegativeZero, type Json } from './json.js';
import type { Layout } from './layout.js';

type Vectors = Pick<Layout, 'vectors' | 'unnamed'>;

/** A point's vectors as the server takes them; `{}`: it has none. */
export function nativeVectors({ vectors, unnamed }: Vectors, given: NamedVectors): Json {
  const pairs = vectors.flatMap(({ name }) => {
    const value = given[name];
    return value === undefined ? [] : ([[name, nativeVector(value)]] as const);
  });
  return unnamed && pairs.length > 0 ? pairs[0]![1] : Object.fromEntries(pairs);
}

function nativeVector(value: VectorValue): Json {
  if (isSparse(value)) return { indices: Array.from(value.indices), values: value.values };
  if (!isMulti(value)) return floatsOf(value);
  const floats = floatsOf(value.values);
  const width = floats.length / value.rows;
  return Array.from({ length: value.rows }, (_, row) => floats.subarray(row * width, (row + 1) * width));
}

function floatsOf(values: DenseValues): Float32Array {
  return values instanceof Uint16Array ? halvesToFloats(values) : (values as Float32Array);
}

/** Queries as the client takes them, by the kind of their vector. */
export const QUERIES: Readonly<Record<VectorField['kind'], (query: VectorValue) => NativeQuery>> = {
  dense: (query) => Array.from(query as Float32Array),
  sparse: (query) => {
    const { indices, values } = query as SparseVector;
    return { indices: Array.from(indices), values: Array.from(values) };
  },
  multi: (query) => {
    const { rows, values } = query as MultiVector;
    const floats = floatsOf(values);
    const width = floats.length / rows;
    return Array.from({ length: rows }, (_, row) =>
      Array.from(floats.subarray(row * width, (row + 1) * width)),
    );
  },
};

/** The server's answer as it was written; null, which stands for what is no number, is NaN. */
export function vectorsFrom({ vectors, unnamed }: Vectors, native: unknown): NamedVectors {
  if (native === null || native === undefined) return {};
  const named = (unnamed && Array.isArray(native) ? { [vectors[0]!.name]: native } : native) as Record<
    string,
    unknown
  >;
  const pairs = vectors.flatMap((field) =>
    Object.hasOwn(named, field.name) ? [[field.name, vectorFrom(field, named[field.name])]] : [],
  );
  return Object.fromEntries(pairs) as NamedVectors;
}

function vectorFrom({ kind, type }: VectorField, native: unknown): VectorValue {
  if (kind === 'sparse') {
    const { indices, values } = native as { indices: number[]; values: unknown[] };
    return { indices: Uint32Array.from(indices), values: Float32Array.from(values, numberOf) };
  }
  if (kind === 'dense') return typed(type, native as unknown[]);
  const rows = native as unknown[][];
  return { rows: rows.length, values: typed(type, rows.flat()) };
}

const numberOf = (value: unknown) => (value === null ? Number.NaN : Number(value));

function typed(type: DenseType, native: unknown[]): DenseValues {
  const floats = Float32Array.from(native, numberOf);
  return type === 'f16' ? floatsToHalves(floats) : floats;
}

/** Throws FailureError for a multi vector without rows, which the server has not. */
export function requireRows(id: PointId, vectors: NamedVectors): void {
  for (const [name, value] of Object.entries(vectors)) {
    if (!isMulti(value) || value.rows > 0) continue;
    throw new FailureError(`vector "${name}" of id ${shorten(id)} has no rows, which Qdrant cannot hold`, {
      where: 'qdrant',
      next: 'leave the vector out',
    });
  }
}

/**
 * The vectors of rows of a batch by column, as the official client takes them; undefined where it cannot say what they
 * are: a point lacks one, one is not dense, or a zero has a sign.
 */
export function vectorColumns(
  { vectors, unnamed }: Vectors,
  batch: LoadBatch,
  from: number,
  to: number,
): number[][] | Record<string, number[][]> | undefined {
  const columns: [string, number[][]][] = [];
  for (const field of vectors) {
    const column = batch.vectors[field.name];
    if (column?.kind !== 'dense' || (column.present?.indexOf(0) ?? -1) >= 0) return undefined;
    const { dimensions } = field;
    const values = floatsOf(column.values.subarray(from * dimensions, to * dimensions));
    if (hasNegativeZero(values)) return undefined;
    const rows = Array.from({ length: to - from }, (_, row) =>
      // JSON writes a Float32Array as an object.
      Array.from(values.subarray(row * dimensions, (row + 1) * dimensions)),
    );
    columns.push([field.name, rows]);
  }
  return unnamed ? columns[0]![1] : Object.fromEntries(columns);
}

/** The vectors of one point of a batch. Throws FailureError for one that the batch does not bring. */
export function vectorsAt(fields: readonly VectorField[], { vectors }: LoadBatch, row: number): NamedVectors {
  const pairs = fields.flatMap((field) => {
    const column = vectors[field.name];
    if (column === undefined)
      throw new FailureError(`the batch has no vector "${field.name}"`, { where: 'qdrant' });
    const width = elementsOf(field);
    const value =
      column.kind !== 'dense'
        ? column.values[row]
        : column.present?.[row] === 0
          ? undefined
          : column.values.subarray(row * width, (row + 1) * width);
    return value === undefined ? [] : [[field.name, value] as const];
  });
  return Object.fromEntries(pairs);
}
