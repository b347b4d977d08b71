import type {
  DenseType,
  DenseValues,
  MultiVector,
  SparseVector,
  VectorField,
  VectorValue,
} from '../../engines/contract/vectors.js';
import { elementsOf } from '../../engines/contract/vectors.js';
import { brainsToFloats, floatsToBrains, floatsToHalves, halvesToFloats } from '../../engines/kit/half.js';
import { denseArray, isMulti, isSparse } from '../../engines/kit/vectors.js';

/** Vectors as cells of a part's columns, and back, bit for bit. */

/** A dense vector, or one row of a multi vector, as numbers; bits as their bytes. */
function denseCell(type: DenseType, values: DenseValues): number[] | Uint8Array {
  switch (type) {
    case 'bit':
      return values as Uint8Array;
    case 'f16':
      return Array.from(halvesToFloats(values as Uint16Array));
    case 'bf16':
      return Array.from(brainsToFloats(values as Uint16Array));
    default:
      return Array.from(values);
  }
}

function denseValues({ type, dimensions }: VectorField, cell: ArrayLike<number>): DenseValues {
  switch (type) {
    case 'f16':
      return floatsToHalves(cell);
    case 'bf16':
      return floatsToBrains(cell);
    default: {
      const values = denseArray(type, elementsOf({ type, dimensions }));
      values.set(cell);
      return values;
    }
  }
}

/** Cells of a vector's columns: two for sparse vectors, else one. */
export function vectorCells(
  { type, dimensions, kind }: VectorField,
  value: VectorValue | undefined,
): unknown[] {
  if (value === undefined) return kind === 'sparse' ? [null, null] : [null];
  if (isSparse(value)) return [Array.from(value.indices), Array.from(value.values)];
  if (!isMulti(value)) return [denseCell(type, value)];
  const size = elementsOf({ type, dimensions });
  return [
    Array.from({ length: value.rows }, (_, row) =>
      denseCell(type, value.values.subarray(row * size, (row + 1) * size)),
    ),
  ];
}

/** The reverse of `vectorCells`; undefined: the point has no such vector. */
export function vectorFrom(field: VectorField, cells: readonly unknown[]): VectorValue | undefined {
  const [first, second] = cells;
  if (first === null || first === undefined) return undefined;
  if (field.kind === 'sparse') {
    const sparse: SparseVector = {
      indices: Uint32Array.from(first as ArrayLike<number>),
      values: Float32Array.from(second as ArrayLike<number>),
    };
    return sparse;
  }
  if (field.kind === 'dense') return denseValues(field, first as ArrayLike<number>);
  const rows = first as ArrayLike<ArrayLike<number>>;
  const size = elementsOf(field);
  const multi: MultiVector = { rows: rows.length, values: denseArray(field.type, rows.length * size) };
  for (let row = 0; row < rows.length; row++) multi.values.set(denseValues(field, rows[row]!), row * size);
  return multi;
}
