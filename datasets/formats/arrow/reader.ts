import { type FileHandle, open } from 'node:fs/promises';
import { FailureError, InputError, messageOf } from '../../../common/errors.js';
import { unreadable } from '../../check.js';
import { Decimal } from '../ids.js';
import type { JsonObject, RecordReader } from '../records/reader.js';

type Arrow = typeof import('apache-arrow');

/**
 * Rows of an Arrow IPC file or stream (Feather version 2 is the same) as records. Read batch by batch. Throws InputError
 * naming the file; FailureError if the library, which is optional, is not installed.
 */
export async function arrowReader(path: string): Promise<RecordReader> {
  const arrow = await load();
  const types = new Map<string, string>();
  // The schema is read now, so that a file of another kind is noticed before anything else.
  const file = await openFile(path);
  try {
    const { schema } = await openReader(arrow, path, file);
    for (const field of schema.fields) types.set(field.name, String(field.type));
  } finally {
    await file.close();
  }
  return {
    path,
    format: 'arrow',
    place: (number) => `${path} row ${number}`,
    typeOf: (name) => types.get(name),
    read: () => readRows(arrow, path),
  };
}

async function load(): Promise<Arrow> {
  try {
    return await import('apache-arrow');
  } catch (error) {
    throw new FailureError('Arrow files need the package apache-arrow, which is not installed', {
      where: 'apache-arrow',
      next: 'npm install apache-arrow@18.1.0, or write Parquet instead',
      cause: error,
    });
  }
}

function openFile(path: string): Promise<FileHandle> {
  return open(path, 'r').catch((error) => {
    throw unreadable(path, error);
  });
}

/** The library closes the file where it has read to the end, and nowhere else. */
async function openReader(arrow: Arrow, path: string, file: FileHandle) {
  return read(path, async () => {
    const reader = await (await arrow.RecordBatchReader.from(file)).open();
    // The library gives a reader without a schema for a file that is none.
    if (reader.schema === undefined) throw new Error('it has no schema');
    return reader;
  });
}

async function read<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = messageOf(error);
    if (/compression/i.test(message)) {
      throw new InputError('is packed (LZ4 or ZSTD), which is not read here', {
        where: path,
        next: 'write it without: feather.write_feather(table, path, compression="uncompressed"), or write Parquet',
        cause: error,
      });
    }
    throw unreadable(path, error, 'is not a readable Arrow file');
  }
}

async function* readRows(arrow: Arrow, path: string): AsyncGenerator<{ number: number; record: JsonObject }> {
  const file = await openFile(path);
  try {
    const reader = await openReader(arrow, path, file);
    let number = 0;
    for (;;) {
      const next = await read(path, async () => reader.next());
      if (next.done === true) return;
      const batch = next.value;
      const columns = batch.schema.fields.map((field, i) => ({
        name: field.name,
        value: converter(arrow, field.type),
        vector: batch.getChildAt(i)!,
      }));
      for (let row = 0; row < batch.numRows; row++) {
        const record: JsonObject = {};
        for (const { name, value, vector } of columns) record[name] = value(vector.get(row));
        yield { number, record };
        number++;
      }
    }
  } finally {
    await file.close();
  }
}

/** Values as records hold them: exact integers and decimals, lists as typed arrays where they are numbers. */
function converter(arrow: Arrow, type: unknown): (value: unknown) => unknown {
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
    return (value) => (value === null ? null : new Date(Number(value)).toISOString());
  }
  if (DataType.isList(type as never) || DataType.isFixedSizeList(type as never)) {
    const child = (type as { children: { type: unknown }[] }).children[0]!.type;
    const each = converter(arrow, child);
    const plain = DataType.isFloat(child as never) && (child as { precision: number }).precision > 0;
    return (value) => {
      if (value === null) return null;
      const list = value as { nullCount: number; toArray(): ArrayLike<unknown>; toJSON(): unknown[] };
      return plain && list.nullCount === 0 ? list.toArray() : list.toJSON().map(each);
    };
  }
  if (DataType.isStruct(type as never)) {
    const children = (type as { children: { name: string; type: unknown }[] }).children.map((child) => ({
      name: child.name,
      value: converter(arrow, child.type),
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
