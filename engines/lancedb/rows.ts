import type { MetadataValue } from '../../datasets/dataset.js';
import type { Point } from '../contract/points.js';
import type { DenseValues, VectorValue } from '../contract/vectors.js';
import { nest, record } from '../kit/check.js';
import type { ArrowColumn, ArrowRows } from './client.js';
import { columnValues } from './fields.js';
import type { Layout } from './layout.js';

/** The points of rows that were read. */
export function readPoints(layout: Layout, rows: ArrowRows): Point[] {
  const ids = rows.getChild(layout.idColumn);
  // A result without rows has no columns.
  if (ids === null) return [];
  const vectors = layout.vectors.map(({ name, column }) => ({ name, values: rows.getChild(column) }));
  const fields = layout.fields.map(({ name, column, type }) => {
    const values = rows.getChild(column);
    return { name, values: values === null ? [] : columnValues(values, type) };
  });
  const parts = layout.parts.map((part) => ({ part, values: rows.getChild(part) }));
  const isText = layout.ids === 'string' || layout.ids === 'uuid';
  return Array.from({ length: rows.numRows }, (_, row) => {
    const flat = record<MetadataValue>();
    for (const { name, values } of fields) flat[name] = values[row] ?? null;
    const id = ids.get(row);
    return {
      id: isText ? String(id) : BigInt(id as bigint | number),
      vectors: vectorsAt(vectors, row),
      metadata: nest(flat),
      ...partsAt(parts, row),
    };
  });
}

function vectorsAt(columns: readonly { name: string; values: ArrowColumn | null }[], row: number) {
  const found: Record<string, VectorValue> = {};
  for (const { name, values } of columns) {
    const value = values?.get(row) as
      | { data: readonly { values: DenseValues; offset: number; length: number }[] }
      | null
      | undefined;
    if (value !== null && value !== undefined) found[name] = numbersOf(value);
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
