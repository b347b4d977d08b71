import type { LoadBatch } from '../engine.js';
import type { ArrowClient } from './client.js';

export const ID = 'id';
export const VECTOR = 'vector';

export function tableSchema(arrow: ArrowClient, dimensions: number): object {
  return new arrow.Schema([
    new arrow.Field(ID, new arrow.Uint32(), false),
    new arrow.Field(VECTOR, listType(arrow, dimensions), false),
  ]);
}

/** A batch as an Arrow table over the batch's own memory. */
export function pointTable(arrow: ArrowClient, batch: LoadBatch, dimensions: number): object {
  const { count, keys, vectors } = batch;
  const child = arrow.makeData({
    type: new arrow.Float32(),
    length: count * dimensions,
    nullCount: 0,
    data: vectors.subarray(0, count * dimensions),
  });
  const list = arrow.makeData({ type: listType(arrow, dimensions), length: count, nullCount: 0, child });
  return new arrow.Table({
    [ID]: arrow.makeVector(keys.subarray(0, count)),
    [VECTOR]: arrow.makeVector(list),
  });
}

function listType(arrow: ArrowClient, dimensions: number): object {
  return new arrow.FixedSizeList(dimensions, new arrow.Field('item', new arrow.Float32(), true));
}
