import type {
  IdValues,
  PointColumns,
  ScalarColumn,
  States,
  TextColumn,
  Texts,
  ValueColumn,
  VectorValues,
} from '../contract/columns.js';
import { HELD } from '../contract/columns.js';
import type { PointId } from '../contract/ids.js';
import type { Point, PointValue } from '../contract/points.js';
import { elementsOf, type VectorField, type VectorValue } from '../contract/vectors.js';
import { integerValue, record } from './check.js';

/** The points of columns, and parts of them. */

const PARTS = ['text', 'uri', 'tenant'] as const;

export function textAt({ bytes, offsets }: Texts, row: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    'utf8',
    offsets[row],
    offsets[row + 1],
  );
}

export function idIn(ids: IdValues, row: number): PointId {
  return ids.type === 'text' ? textAt(ids.texts, row) : ids.values[row]!;
}

export function idsIn(ids: IdValues): PointId[] {
  const count = ids.type === 'text' ? ids.texts.offsets.length - 1 : ids.values.length;
  return Array.from({ length: count }, (_, row) => idIn(ids, row));
}

/** Undefined: the row has none. */
export function partIn(column: TextColumn | undefined, row: number): string | undefined {
  if (column === undefined || !isValue(column.states, row)) return undefined;
  return textAt(column.texts, row);
}

/** Undefined: the row has none. A view of the column's memory. */
export function vectorAt(column: VectorValues, size: number, row: number): VectorValue | undefined {
  if (column.type === null) return column.values[row];
  return column.present?.[row] === 0 ? undefined : column.values.subarray(row * size, (row + 1) * size);
}

/** Undefined: the row does not have the field. */
export function valueAt(column: ValueColumn, row: number): PointValue | undefined {
  if (column.type === null) return column.values[row];
  const state = column.states?.[row] ?? HELD.value;
  if (state !== HELD.value) return state === HELD.null ? null : undefined;
  if (!('elements' in column)) return scalarAt(column, row);
  const { elements, offsets } = column;
  const from = offsets[row]!;
  return Array.from({ length: offsets[row + 1]! - from }, (_, i) => scalarAt(elements, from + i));
}

function scalarAt(column: ScalarColumn, row: number): string | number | bigint | boolean {
  switch (column.type) {
    case 'string':
      return textAt(column.texts, row);
    case 'integer':
      return integerValue(column.values[row]!);
    case 'boolean':
      return column.values[row] === 1;
    default:
      return column.values[row]!;
  }
}

export function isValue(states: States, row: number): boolean {
  return states === undefined || states[row] === HELD.value;
}

/** One row as a point of its own: its vectors are copies. */
export function pointAt(columns: PointColumns, fields: readonly VectorField[], row: number): Point {
  const vectors = record<VectorValue>();
  for (const field of fields) {
    const column = columns.vectors[field.name];
    const value = column && vectorAt(column, elementsOf(field), row);
    if (value !== undefined) vectors[field.name] = ArrayBuffer.isView(value) ? value.slice() : value;
  }
  const metadata = record<PointValue>();
  for (const [name, column] of Object.entries(columns.fields)) {
    const value = valueAt(column, row);
    if (value !== undefined) metadata[name] = value;
  }
  const point: { -readonly [K in keyof Point]: Point[K] } = {
    id: idIn(columns.ids, row),
    vectors,
    metadata,
    ...columns.details?.[row],
  };
  for (const part of PARTS) {
    const text = partIn(columns[part], row);
    if (text !== undefined) point[part] = text;
  }
  return point;
}

/** All rows as points. */
export function pointsIn(columns: PointColumns, fields: readonly VectorField[]): Point[] {
  return Array.from({ length: columns.count }, (_, row) => pointAt(columns, fields, row));
}
