import { FailureError, shorten } from '../../common/errors.js';
import type { PointId } from '../contract/ids.js';
import type { Point, PointValue } from '../contract/points.js';
import type { DenseValues, VectorValue } from '../contract/vectors.js';
import { nest, record } from '../kit/check.js';
import { readerOf } from './arrow-values.js';
import type { ArrowColumn, ArrowRows } from './client.js';
import { columnValues } from './fields.js';
import type { LanceField, Layout } from './layout.js';

/** The points of rows that were read. */
export function readPoints(layout: Layout, rows: ArrowRows): Point[] {
  const ids = rows.getChild(layout.idColumn);
  // A result without rows has no columns.
  if (ids === null) return [];
  const vectors = layout.vectors.map(({ name, column }) => ({ name, values: rows.getChild(column) }));
  const fields = layout.fields.map((field) => ({ name: field.name, values: valuesOf(layout, rows, field) }));
  const parts = layout.parts.map(({ part, column }) => ({ part, values: rows.getChild(column) }));
  return keysOf(layout, ids).map((id, row) => {
    const flat = record<PointValue>();
    for (const { name, values } of fields) flat[name] = values[row] ?? null;
    return {
      id,
      vectors: vectorsAt(vectors, id, row),
      metadata: nest(flat),
      ...partsAt(parts, row),
    };
  });
}

/** Throws FailureError for a row without one. */
export function keysOf({ name, ids, idColumn }: Layout, column: ArrowColumn): PointId[] {
  const isText = ids === 'string' || ids === 'uuid';
  return Array.from({ length: column.length }, (_, row) => {
    const id = column.get(row);
    const isKey = typeof id === 'number' ? Number.isSafeInteger(id) : id !== null && id !== undefined;
    if (isKey) return isText ? String(id) : BigInt(id as bigint | number);
    const why =
      typeof id === 'number' ? 'holds numbers that are no exact integers' : 'is no key: a row has none';
    throw new FailureError(`column "${idColumn}" of table "${name}" ${why}`, {
      where: 'lancedb',
      next: 'name another column as ?key=',
    });
  });
}

function valuesOf({ name, mark }: Layout, rows: ArrowRows, { column, type, arrow }: LanceField) {
  const values = rows.getChild(column);
  if (values === null) return [];
  if (mark !== null) return columnValues(values, type);
  const read = readerOf(arrow)!;
  try {
    return values.data.flatMap((data) => Array.from({ length: data.length }, (_, row) => read(data, row)));
  } catch (error) {
    throw new FailureError(`column "${column}" of table "${name}" cannot be read`, {
      where: 'lancedb',
      got: shorten(error),
      next: `leave it out with ?omit=${encodeURIComponent(column)}`,
      cause: error,
    });
  }
}

function vectorsAt(
  columns: readonly { name: string; values: ArrowColumn | null }[],
  id: PointId,
  row: number,
) {
  const found: Record<string, VectorValue> = {};
  for (const { name, values } of columns) {
    const value = values?.get(row) as
      | { nullCount: number; data: readonly { values: DenseValues; offset: number; length: number }[] }
      | null
      | undefined;
    if (value === null || value === undefined) continue;
    if (value.nullCount > 0) {
      throw new FailureError(`vector "${name}" of id ${shorten(id)} has a component that is null`, {
        where: 'lancedb',
      });
    }
    found[name] = numbersOf(value);
  }
  return found;
}

/** A copy of one list's numbers in their own type: half precision as its bits. */
function numbersOf({ data }: { data: readonly { values: DenseValues; length: number }[] }): DenseValues {
  const [only] = data;
  return only!.values.slice(0, only!.length);
}

function partsAt(columns: readonly { part: string; values: ArrowColumn | null }[], row: number) {
  const found: Record<string, string> = {};
  for (const { part, values } of columns) {
    const value = values?.get(row);
    if (value !== null && value !== undefined) found[part] = String(value);
  }
  return found;
}
