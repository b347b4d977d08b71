import { FailureError, shorten } from '../../common/errors.js';
import type { LoadBatch } from '../contract/spec.js';
import type { VectorColumn as BatchColumn, VectorValue } from '../contract/vectors.js';
import { elementsOf } from '../contract/vectors.js';
import { checkIds } from '../kit/check.js';
import { batchColumn } from '../kit/load.js';
import { idAt } from '../kit/vectors.js';
import { HOLDER } from './capabilities.js';
import { type Layout, PARTS, type VectorColumn, writtenFields } from './layout.js';
import { keyBytes, sized, textBytes, valueBytes } from './values.js';
import { vectorBytes } from './vectors.js';

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const CHUNK_ROWS = 512;

/**
 * A batch as a whole stream in PostgreSQL's binary COPY format, with the columns of `copyColumns`. Throws FailureError
 * naming row and column for what PostgreSQL cannot hold.
 */
export function* copyStream(batch: LoadBatch, layout: Layout): Generator<Buffer> {
  // Signature, flags, length of the header's extension.
  yield Buffer.concat([SIGNATURE, Buffer.alloc(8)]);
  const rowsOf = plainRows(batch, layout) ?? anyRows(batch, layout);
  for (let from = 0; from < batch.count; from += CHUNK_ROWS) {
    yield rowsOf(from, Math.min(batch.count, from + CHUNK_ROWS));
  }
  yield Buffer.from([0xff, 0xff]);
}

/** Columns of a row that is written, in order: key, vectors, text, URI, tenant, fields. */
export function copyColumns(layout: Layout): string[] {
  const { key, vectors } = layout;
  return [
    key.column,
    ...vectors.map(({ column }) => column),
    ...PARTS.flatMap((part) => layout[part] ?? []),
    ...writtenFields(layout).map(({ column }) => column),
  ];
}

type Rows = (from: number, to: number) => Buffer;

/** Row numbers with one vector of float32 each and, it may be, fields: what is measured, written without a detour. */
function plainRows(batch: LoadBatch, layout: Layout): Rows | undefined {
  const { ids, metadata } = batch;
  const [vector, ...more] = layout.vectors;
  const column = batch.vectors[vector!.field.name];
  if (!(ids instanceof Uint32Array) || layout.key.ids !== 'u32' || more.length > 0) return undefined;
  if (column?.kind !== 'dense' || column.present !== undefined || vector!.native !== 'vector')
    return undefined;
  if (!(column.values instanceof Float32Array) || PARTS.some((part) => layout[part] !== undefined))
    return undefined;
  const { values } = column;
  const { dimensions } = vector!.field;
  const fields = writtenFields(layout);
  const size = 4 * dimensions;
  // All of a row before its numbers; the lower half of the id is put in.
  const head = Buffer.alloc(2 + 4 + 8 + 4 + 4);
  const keyAt = 2 + 4 + 4;
  head.writeInt16BE(2 + fields.length, 0);
  head.writeInt32BE(8, 2);
  head.writeInt32BE(4 + size, keyAt + 4);
  head.writeInt16BE(dimensions, keyAt + 8);
  const swapped = Buffer.allocUnsafe(CHUNK_ROWS * size);
  const write = (from: number, to: number): Buffer => {
    const numbers = swapped.subarray(0, (to - from) * size);
    numbers.set(new Uint8Array(values.buffer, values.byteOffset + from * size, numbers.length));
    // The machine's own order is little-endian on everything Node runs on in practice; the wire's is not.
    numbers.swap32();
    const buffer = Buffer.allocUnsafe((to - from) * (head.length + size));
    for (let row = from, at = 0, next = 0; row < to; row++, next += size) {
      buffer.set(head, at);
      buffer.writeUInt32BE(ids[row]!, at + keyAt);
      at += head.length;
      numbers.copy(buffer, at, next, next + size);
      at += size;
    }
    return buffer;
  };
  if (fields.length === 0) return write;
  const columns = fields.map((field) => batchColumn('pgvector', { ...batch, metadata }, field));
  return (from, to) => {
    const parts: Buffer[] = [];
    for (let row = from; row < to; row++) {
      parts.push(write(row, row + 1));
      for (const [i, { name, type }] of fields.entries()) {
        parts.push(...sized(held(`field "${name}"`, row, () => valueBytes(type, columns[i]![row]))));
      }
    }
    return Buffer.concat(parts);
  };
}

/** The value of each column of `copyColumns` in a row; null: NULL. */
export type Cells<Row> = readonly ((row: Row) => Buffer | null)[];

/** Throws FailureError for ids of another kind, and for what the batch does not bring. */
export function batchCells(batch: LoadBatch, layout: Layout): Cells<number> {
  const { ids: kind } = layout.key;
  checkIds(
    HOLDER,
    kind,
    Array.from({ length: batch.count }, (_, row) => idAt(batch.ids, row)),
  );
  return [
    (row) => held('the id', row, () => keyBytes(kind, idAt(batch.ids, row))),
    ...layout.vectors.map((vector) => vectorCells(batch, vector)),
    ...PARTS.flatMap((part) => {
      const values = batch[`${part}s`];
      if (layout[part] === undefined) return [];
      return [
        (row: number) => {
          const text = values?.[row];
          return text === undefined ? null : held(`the ${part}`, row, () => textBytes(text));
        },
      ];
    }),
    ...writtenFields(layout).map((field) => {
      const values = batchColumn('pgvector', batch, field);
      return (row: number) => held(`field "${field.name}"`, row, () => valueBytes(field.type, values[row]));
    }),
  ];
}

function anyRows(batch: LoadBatch, layout: Layout): Rows {
  const cells = batchCells(batch, layout);
  const head = Buffer.alloc(2);
  head.writeInt16BE(cells.length);
  return (from, to) => {
    const parts: Buffer[] = [];
    for (let row = from; row < to; row++) {
      parts.push(head);
      for (const cell of cells) parts.push(...sized(cell(row)));
    }
    return Buffer.concat(parts);
  };
}

function vectorCells(batch: LoadBatch, vector: VectorColumn): (row: number) => Buffer | null {
  const { field } = vector;
  const column = batch.vectors[field.name];
  if (column === undefined)
    throw new FailureError(`the batch has no vector "${field.name}"`, { where: 'pgvector' });
  const valueAt = valuesOf(column, elementsOf(field));
  if (column.kind !== field.kind) {
    throw new FailureError(`vector "${field.name}" is ${field.kind}, the batch’s is ${column.kind}`, {
      where: 'pgvector',
    });
  }
  return (row) => {
    const value = valueAt(row);
    return value === undefined ? null : held(`vector "${field.name}"`, row, () => vectorBytes(vector, value));
  };
}

function valuesOf(column: BatchColumn, size: number): (row: number) => VectorValue | undefined {
  if (column.kind !== 'dense') return (row) => column.values[row];
  const { values, present } = column;
  return (row) => (present?.[row] === 0 ? undefined : values.subarray(row * size, (row + 1) * size));
}

function held<T>(what: string, row: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new FailureError(`${what} of row ${row} of the batch cannot be held`, {
      where: 'pgvector',
      got: shorten(error),
      cause: error,
    });
  }
}
