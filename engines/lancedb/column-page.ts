import { FailureError, shorten } from '../../common/errors.js';
import {
  HELD,
  type IdValues,
  type PointColumns,
  type ScalarColumn,
  type States,
  type TextColumn,
  type Texts,
  type ValueColumn,
  type VectorValues,
} from '../contract/columns.js';
import type { DenseValues } from '../contract/vectors.js';
import type { ArrowColumn, ArrowData, ArrowRows } from './client.js';
import { COLUMN_TYPES, columnValues } from './fields.js';
import type { LanceField, Layout } from './layout.js';
import { keysOf } from './rows.js';

/** Whether rows of a table have columns: where it is ours, with fields of types that are held as they are. */
export function hasColumns({ mark, fields }: Layout): boolean {
  return (
    mark !== null &&
    fields.every(
      ({ name, type, native }) => type !== null && COLUMN_TYPES[type] === native && !name.includes('.'),
    )
  );
}

/** Columns over the memory of rows that were read. Undefined: there are no rows. */
export function readColumns(layout: Layout, rows: ArrowRows): PointColumns | undefined {
  const ids = rows.getChild(layout.idColumn);
  // A result without rows has no columns.
  if (ids === null || rows.numRows === 0) return undefined;
  const read = (column: string) => rows.getChild(column)!;
  return {
    count: rows.numRows,
    ids: idsOf(layout, ids),
    vectors: Object.fromEntries(
      layout.vectors.map(({ name, column, dimensions }) => [
        name,
        vectorsOf(name, read(column), dimensions, (row) => keysOf(layout, ids)[row]!),
      ]),
    ),
    fields: Object.fromEntries(
      layout.fields.map((field) => [field.name, valuesOf(field, read(field.column))]),
    ),
    ...Object.fromEntries(layout.parts.map(({ part, column }) => [part, textsOf(read(column))])),
  };
}

/** The one piece of memory that a column is in; undefined: it is in several, or begins in the middle of one. */
function whole({ data }: ArrowColumn): ArrowData | undefined {
  const [first] = data;
  return data.length === 1 && first!.offset === 0 ? first : undefined;
}

function idsOf(layout: Layout, column: ArrowColumn): IdValues {
  const data = whole(column);
  if (data !== undefined && data.nullCount === 0) {
    if (layout.ids === 'string' || layout.ids === 'uuid') return { type: 'text', texts: textsIn(data) };
    if (layout.ids === 'u64' && data.values instanceof BigInt64Array)
      return { type: 'integer', values: data.values.subarray(0, data.length) };
    if (layout.ids === 'u32' && data.values instanceof Uint32Array)
      return { type: 'integer', values: BigInt64Array.from(data.values.subarray(0, data.length), BigInt) };
  }
  return { type: null, values: keysOf(layout, column) };
}

function textsIn({ values, valueOffsets, length }: ArrowData): Texts {
  return { bytes: values as Uint8Array, offsets: (valueOffsets as Int32Array).subarray(0, length + 1) };
}

function textsOf(column: ArrowColumn): TextColumn {
  const data = whole(column);
  if (data !== undefined) return { texts: textsIn(data), states: statesOf(data) };
  const all = Array.from({ length: column.length }, (_, row) => column.get(row) as string | null);
  const encoded = all.map((text) => Buffer.from(text ?? ''));
  const offsets = new Int32Array(all.length + 1);
  encoded.forEach((bytes, row) => {
    offsets[row + 1] = offsets[row]! + bytes.length;
  });
  return {
    texts: { bytes: Buffer.concat(encoded), offsets },
    states: Uint8Array.from(all, (text) => (text === null ? HELD.null : HELD.value)),
  };
}

function statesOf(data: ArrowData): States {
  if (data.nullCount === 0) return undefined;
  return Uint8Array.from({ length: data.length }, (_, row) => (data.getValid(row) ? HELD.value : HELD.null));
}

function vectorsOf(
  name: string,
  column: ArrowColumn,
  dimensions: number,
  idAt: (row: number) => unknown,
): VectorValues {
  const parts = column.data.map((data) => {
    const [child] = data.children as [ArrowData];
    const present =
      data.nullCount === 0
        ? undefined
        : Uint8Array.from({ length: data.length }, (_, row) => Number(data.getValid(row)));
    if (child.nullCount > 0) requireWhole(name, data, child, dimensions, idAt);
    return { values: child.values as DenseValues, present, length: data.length };
  });
  const [first] = parts;
  const count = parts.reduce((sum, { length }) => sum + length, 0);
  if (parts.length === 1)
    return { type: 'dense', values: first!.values.subarray(0, count * dimensions), present: first!.present };
  return {
    type: null,
    values: parts.flatMap(({ values, present, length }) =>
      Array.from({ length }, (_, row) =>
        present?.[row] === 0 ? undefined : values.slice(row * dimensions, (row + 1) * dimensions),
      ),
    ),
  };
}

/** Components of a vector that is not there may be anything. */
function requireWhole(
  name: string,
  data: ArrowData,
  child: ArrowData,
  dimensions: number,
  idAt: (row: number) => unknown,
): void {
  for (let row = 0; row < data.length; row++) {
    if (!data.getValid(row)) continue;
    for (let at = row * dimensions; at < (row + 1) * dimensions; at++) {
      if (child.getValid(at)) continue;
      throw new FailureError(`vector "${name}" of id ${shorten(idAt(row))} has a component that is null`, {
        where: 'lancedb',
      });
    }
  }
}

function valuesOf({ type }: LanceField, column: ArrowColumn): ValueColumn {
  const data = whole(column);
  const found = data && typedOf(type!, data);
  return found ?? { type: null, values: columnValues(column, type) };
}

/** Undefined: its values are read one by one. */
function typedOf(type: NonNullable<LanceField['type']>, data: ArrowData): ValueColumn | undefined {
  const states = statesOf(data);
  if (!type.endsWith('[]')) {
    const scalars = scalarsOf(type, data);
    return scalars && { ...scalars, states };
  }
  const [child] = data.children as [ArrowData];
  const elements =
    child.nullCount > 0 || child.offset !== 0 ? undefined : scalarsOf(type.slice(0, -2), child);
  if (elements === undefined) return undefined;
  const offsets = (data.valueOffsets as Int32Array).subarray(0, data.length + 1);
  const isOdd = states?.some((state, row) => state !== HELD.value && offsets[row] !== offsets[row + 1]);
  if (isOdd === true) return undefined;
  return { type: type as 'string[]', offsets, elements, states };
}

function scalarsOf(type: string, data: ArrowData): ScalarColumn | undefined {
  const { values, length } = data;
  if (type === 'string') return { type, texts: textsIn(data) };
  if (type === 'boolean')
    return {
      type,
      values: Uint8Array.from({ length }, (_, row) => ((values as Uint8Array)[row >> 3]! >> (row & 7)) & 1),
    };
  if (type === 'float' && values instanceof Float64Array) return { type, values: values.subarray(0, length) };
  if ((type === 'integer' || type === 'timestamp') && values instanceof BigInt64Array)
    return { type, values: values.subarray(0, length) };
  return undefined;
}
