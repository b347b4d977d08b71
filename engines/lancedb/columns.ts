import type { FieldSchema } from '../../datasets/dataset.js';
import type { LoadBatch } from '../contract/spec.js';
import type { ArrowClient } from './client.js';
import { arrowColumn, arrowType, columnName } from './fields.js';

export const ID = 'id';
export const VECTOR = 'vector';

export function tableSchema(
  arrow: ArrowClient,
  dimensions: number,
  fields: readonly FieldSchema[] = [],
): object {
  return new arrow.Schema([
    new arrow.Field(ID, new arrow.Uint32(), false),
    new arrow.Field(VECTOR, listType(arrow, dimensions), false),
    ...fieldColumns(arrow, fields),
  ]);
}

export function fieldColumns(arrow: ArrowClient, fields: readonly FieldSchema[]): object[] {
  return fields.map(
    ({ name, type, nullable }) => new arrow.Field(columnName(name), arrowType(arrow, type), nullable),
  );
}

/** A batch as an Arrow table over the batch's own memory. */
export function pointTable(
  arrow: ArrowClient,
  batch: LoadBatch,
  dimensions: number,
  fields: readonly FieldSchema[] = [],
): object {
  const { count, keys, vectors, metadata } = batch;
  return new arrow.Table(tableSchema(arrow, dimensions, fields), {
    [ID]: arrow.makeVector(keys.subarray(0, count)),
    [VECTOR]: vectorColumn(arrow, vectors, count, dimensions),
    ...Object.fromEntries(
      fields.map(({ name, type }) => [columnName(name), arrowColumn(arrow, type, metadata?.[name] ?? [])]),
    ),
  });
}

/** `count` row-major vectors as a column over their own memory. */
export function vectorColumn(
  arrow: ArrowClient,
  vectors: Float32Array,
  count: number,
  dimensions: number,
): object {
  const child = arrow.makeData({
    type: new arrow.Float32(),
    length: count * dimensions,
    nullCount: 0,
    data: vectors.subarray(0, count * dimensions),
  });
  const list = arrow.makeData({ type: listType(arrow, dimensions), length: count, nullCount: 0, child });
  return arrow.makeVector(list);
}

export function listType(arrow: ArrowClient, dimensions: number): object {
  return new arrow.FixedSizeList(dimensions, new arrow.Field('item', new arrow.Float32(), true));
}
