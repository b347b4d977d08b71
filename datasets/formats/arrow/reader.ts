import { InputError } from '../../../common/errors.js';
import { stillReading } from '../../../common/reading.js';
import { unreadable } from '../../check.js';
import { Decimal } from '../ids.js';
import { Instant } from '../instant.js';
import { openRandomAccess, type RandomAccess } from '../random-access.js';
import type { JsonObject, RecordReader } from '../records/reader.js';
import { loadArrow } from './load.js';
import { checkedStream, type UnpackOptions, unpackedArrow } from './unpacked.js';

type Arrow = typeof import('apache-arrow');

/**
 * Rows of an Arrow IPC file or stream (Feather version 2 is the same) as records. Read batch by batch. Throws InputError
 * naming the file; FailureError if the library, which is optional, is not installed.
 */
export async function arrowReader(path: string, options: UnpackOptions): Promise<RecordReader> {
  const arrow = await loadArrow();
  const plain = await unpackedArrow(path, options);
  const types = new Map<string, string>();
  // The schema is read now, so that a file of another kind is noticed before anything else.
  const file = openRandomAccess(plain);
  try {
    const { schema } = await openReader(arrow, path, file);
    // A list without a type of its own has no name.
    await read(path, async () => {
      for (const field of schema.fields) {
        checkLists(arrow, field.type, file.size * 8);
        types.set(field.name, String(field.type));
      }
    });
  } finally {
    file.close();
  }
  return {
    path,
    format: 'arrow',
    place: (number) => `${path} row ${number}`,
    typeOf: (name) => types.get(name),
    read: () => readRows(arrow, path, plain),
  };
}

/** A value takes a bit at least: lists of a length that cannot be would be filled with nothing. */
function checkLists({ DataType }: Arrow, type: unknown, most: number): void {
  const { listSize, children } = type as { listSize: number; children: readonly { type: unknown }[] | null };
  if (DataType.isFixedSizeList(type as never) && (listSize < 0 || listSize > most))
    throw new Error(`a column announces lists of ${listSize} values`);
  for (const child of children ?? []) checkLists({ DataType } as Arrow, child.type, most);
}

async function openReader(arrow: Arrow, path: string, file: RandomAccess) {
  return read(path, async () => {
    const reader = await (await arrow.RecordBatchReader.from(checkedStream(file))).open();
    // The library gives a reader without a schema for a file that is none.
    if (reader.schema === undefined) throw new Error('it has no schema');
    return reader;
  });
}

async function read<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const [, type] = /Unrecognized type: "?(\w+)/.exec(String(error)) ?? [];
    if (type !== undefined) throw unknownType(path, type, error);
    throw unreadable(path, error, 'is not a readable Arrow file');
  }
}

function unknownType(path: string, type: string, cause: unknown): InputError {
  const which = type === 'undefined' ? 'a type that is newer than the library' : `the type ${type}`;
  return new InputError(`has a column of ${which}, which is not read here`, {
    where: path,
    next: 'cast the column (a list or text of the usual kind, not "large" and no "view"), or write the table as Parquet',
    cause,
  });
}

async function* readRows(
  arrow: Arrow,
  path: string,
  plain: string,
): AsyncGenerator<{ number: number; record: JsonObject }> {
  const file = openRandomAccess(plain);
  try {
    const reader = await openReader(arrow, path, file);
    const bits = file.size * 8;
    let number = 0;
    for (;;) {
      stillReading();
      const next = await read(path, async () => reader.next());
      if (next.done === true) return;
      const batch = next.value;
      // A row takes a bit at least: a count that cannot be would be counted through.
      if (batch.numRows > bits)
        throw unreadable(path, new Error(`a batch announces ${batch.numRows} rows`), 'is damaged');
      const columns = await read(path, async () =>
        batch.schema.fields.map((field, i) => ({
          name: field.name,
          value: columnReader(arrow, field.type, batch.getChildAt(i)!, bits),
        })),
      );
      for (let row = 0; row < batch.numRows; row++) {
        let record: JsonObject;
        try {
          // Not by assignment: a column may be called __proto__.
          record = Object.fromEntries(columns.map(({ name, value }) => [name, value(row)]));
        } catch (error) {
          throw unreadable(`${path} row ${number}`, error, 'is damaged');
        }
        yield { number, record };
        number++;
      }
    }
  } finally {
    file.close();
  }
}

interface Column {
  get(row: number): unknown;
  data: readonly { values: unknown }[];
}

/** The values of a column of one batch, by row. */
function columnReader(arrow: Arrow, type: unknown, column: Column, most: number): (row: number) => unknown {
  const convert = converter(arrow, type, most);
  if (!arrow.DataType.isTimestamp(type as never)) return (row) => convert(column.get(row));
  // The library gives timestamps as milliseconds: what is finer would be lost.
  const values = column.data[0]!.values as BigInt64Array;
  const { unit } = type as { unit: number };
  return (row) => (column.get(row) === null ? null : instant(values[row]!, unit));
}

/** @param unit 0: seconds, 1: milliseconds, 2: microseconds, 3: nanoseconds */
function instant(value: bigint, unit: number): Instant {
  if (unit < 3) return new Instant(value * 1000n ** BigInt(2 - unit));
  const rest = ((value % 1000n) + 1000n) % 1000n;
  return new Instant((value - rest) / 1000n, rest !== 0n);
}

/**
 * Values as records hold them: exact integers and decimals, lists as typed arrays where they are numbers.
 *
 * @param most values that the file can hold: a longer list is none, and would be filled with nothing
 */
function converter(arrow: Arrow, type: unknown, most: number): (value: unknown) => unknown {
  const { DataType } = arrow;
  if (DataType.isDecimal(type as never)) {
    const { scale } = type as { scale: number };
    return (value) => (value === null ? null : new Decimal(integerOf(value as Uint32Array), scale));
  }
  if (DataType.isInt(type as never)) {
    return (value) =>
      typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (DataType.isTimestamp(type as never) || DataType.isDate(type as never)) {
    return (value) => (value === null ? null : new Instant(BigInt(Math.trunc(Number(value))) * 1000n));
  }
  if (DataType.isList(type as never) || DataType.isFixedSizeList(type as never)) {
    const child = (type as { children: { type: unknown }[] }).children[0]!.type;
    const each = converter(arrow, child, most);
    const plain = DataType.isFloat(child as never) && (child as { precision: number }).precision > 0;
    return (value) => {
      if (value === null) return null;
      const list = value as {
        length: number;
        nullCount: number;
        toArray(): ArrayLike<unknown>;
        toJSON(): unknown[];
      };
      if (list.length < 0 || list.length > most) throw new Error(`a list announces ${list.length} values`);
      return plain && list.nullCount === 0 ? list.toArray() : list.toJSON().map(each);
    };
  }
  if (DataType.isStruct(type as never)) {
    const children = (type as { children: { name: string; type: unknown }[] }).children.map((child) => ({
      name: child.name,
      value: converter(arrow, child.type, most),
    }));
    return (value) =>
      value === null
        ? null
        : Object.fromEntries(
            children.map((child) => [
              child.name,
              child.value((value as Record<string, unknown>)[child.name]),
            ]),
          );
  }
  return (value) => value ?? null;
}

/** Little-endian words of two's complement. */
function integerOf(words: Uint32Array): bigint {
  let value = 0n;
  for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i]!);
  return BigInt.asIntN(words.length * 32, value);
}
