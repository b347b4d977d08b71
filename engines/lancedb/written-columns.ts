import { HELD, type ScalarColumn, type States, type ValueColumn } from '../contract/columns.js';
import type { ArrowClient } from './client.js';
import { arrowType } from './fields.js';

export type TypedColumn = Exclude<ValueColumn, { type: null }>;

/** A column's values as they lie in memory, as a column of Arrow over the same memory. */
export function writtenColumn(arrow: ArrowClient, column: TypedColumn, length: number): object {
  const type = arrowType(arrow, column.type);
  const valid = validityOf(column.states, length);
  if ('elements' in column) {
    const { offsets, elements } = column;
    const child = scalarData(arrow, elements, offsets[length]!, {});
    return arrow.makeVector(arrow.makeData({ type, length, ...valid, valueOffsets: offsets, child }));
  }
  return arrow.makeVector(scalarData(arrow, column, length, valid));
}

function scalarData(arrow: ArrowClient, column: ScalarColumn, length: number, valid: object): object {
  const type = arrowType(arrow, column.type);
  switch (column.type) {
    case 'string': {
      const { bytes, offsets } = column.texts;
      return arrow.makeData({ type, length, nullCount: 0, ...valid, valueOffsets: offsets, data: bytes });
    }
    case 'boolean':
      return arrow.makeData({ type, length, nullCount: 0, ...valid, data: bitmap(column.values, length) });
    default:
      return arrow.makeData({
        type,
        length,
        nullCount: 0,
        ...valid,
        data: column.values.subarray(0, length),
      });
  }
}

function validityOf(states: States, length: number): { nullCount: number; nullBitmap?: Uint8Array } {
  if (states === undefined) return { nullCount: 0 };
  const held = Uint8Array.from(states.subarray(0, length), (state) => (state === HELD.value ? 1 : 0));
  const nullCount = held.reduce((sum, each) => sum - each, length);
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap: bitmap(held, length) };
}

/** One bit a row, the first one lowest: Arrow's validity. */
export function bitmap(ones: Uint8Array, count: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(count / 8));
  for (let row = 0; row < count; row++) if (ones[row] !== 0) bits[row >> 3]! |= 1 << (row & 7);
  return bits;
}
