import type { Metric } from '../../datasets/dataset.js';

/**
 * Number types of dense vectors, and the array that carries them: `f32` Float32Array; `f16` and `bf16` Uint16Array of
 * their bits; `int8` Int8Array; `bit` Uint8Array, eight dimensions a byte, the first one in the highest bit.
 */
export type DenseType = 'f32' | 'f16' | 'bf16' | 'int8' | 'bit';
export type DenseValues = Float32Array | Uint16Array | Int8Array | Uint8Array;

/** Bit vectors are compared by `hamming` and `jaccard`, all others by the metrics of numbers. */
export type VectorMetric = Metric;

/** Name of the vector where a collection has but one and the engine gives it none. */
export const DEFAULT_VECTOR = 'vector';

/** One named vector of a collection. */
export interface VectorField {
  name: string;
  /** `dense`: `dimensions` numbers; `sparse`: pairs of index and value; `multi`: any number of dense rows. */
  kind: 'dense' | 'sparse' | 'multi';
  /** Number type of dense vectors and of the rows of multi vectors; sparse values are f32. */
  type: DenseType;
  /** Of a dense vector or of each row; 0 for sparse vectors. */
  dimensions: number;
  /** Null: the engine does not say. */
  metric: VectorMetric | null;
}

/** Indexes ascending, each once; an empty one has no entries, which is not the same as no vector. */
export interface SparseVector {
  indices: Uint32Array;
  values: Float32Array;
}

/** Row-major, `rows * dimensions`; an empty one has no rows, which is not the same as no vector. */
export interface MultiVector {
  rows: number;
  values: DenseValues;
}

export type VectorValue = DenseValues | SparseVector | MultiVector;

/** A point's vectors by name. A name that is missing: the point has no such vector. */
export type NamedVectors = Readonly<Record<string, VectorValue>>;

/**
 * One named vector of each point of a batch. Dense: row-major, `count * dimensions` (for bit, bytes of each row);
 * `present[i] === 0`: point i has none, and its row holds anything. Sparse and multi: one value a point, undefined
 * where it has none.
 */
export type VectorColumn =
  | { kind: 'dense'; values: DenseValues; present?: Uint8Array | undefined }
  | { kind: 'sparse'; values: readonly (SparseVector | undefined)[] }
  | { kind: 'multi'; values: readonly (MultiVector | undefined)[] };

/** Array elements of one dense vector: bits are packed. */
export function elementsOf({ type, dimensions }: Pick<VectorField, 'type' | 'dimensions'>): number {
  return type === 'bit' ? Math.ceil(dimensions / 8) : dimensions;
}
