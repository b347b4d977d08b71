import { closeSync, fstatSync } from 'node:fs';
import { Dataset as H5Dataset, File as H5File, ready } from 'h5wasm/node';
import { InputError } from '../../../common/errors.js';
import { stillReading } from '../../../common/reading.js';
import { openRegular } from '../../../common/regular-file.js';
import { unreadable } from '../../check.js';
import { checkRatio } from '../../limits.js';
import { checkShape } from '../flat-source.js';
import { bytesOf, decodeNumbers, NUMBER_TYPES, type NumberType } from '../numbers.js';

/** An open HDF5 file: two-dimensional tables, read by rows, and text attributes of the root. */
export interface Hdf5File {
  readonly path: string;
  readonly names: readonly string[];
  table(name: string): Hdf5Table | undefined;
  /** Of one dimension, of integers. */
  list(name: string): Hdf5List | undefined;
  attribute(name: string): string | undefined;
  close(): void;
}

export interface Hdf5List {
  readonly length: number;
  /** Integers `start .. start+count`. */
  read(start: number, count: number): Int32Array;
}

export interface Hdf5Table {
  readonly rows: number;
  readonly columns: number;
  readonly type: NumberType;
  /** Rows `start .. start+count` in row order: a slice, never the whole table. */
  read(start: number, count: number): ArrayLike<number> | ArrayLike<bigint>;
}

/** Opens a file read-only. Throws InputError naming it if it is missing, damaged, incomplete or not HDF5. */
export async function openHdf5File(path: string): Promise<Hdf5File> {
  let size: number;
  try {
    const handle = openRegular(path);
    size = fstatSync(handle).size;
    closeSync(handle);
    // Without this, the library prints its errors to stderr and gives back handles that are not valid.
    (await ready).activate_throwing_error_handler();
  } catch (error) {
    throw unreadable(path, error);
  }
  const module = (await ready) as unknown as Hdf5Module;
  const file = guard(path, () => new H5File(path, 'r'));
  return {
    path,
    names: guard(path, () => file.keys()),
    table: (name) => guard(path, () => openTable(path, size, file, name, module)),
    list: (name) => guard(path, () => openList(path, size, file, name)),
    attribute: (name) => guard(path, () => readAttribute(file, name)),
    close: () => void file.close(),
  };
}

function openTable(
  path: string,
  size: number,
  file: H5File,
  name: string,
  module: Hdf5Module,
): Hdf5Table | undefined {
  if (!file.keys().includes(name)) return undefined;
  const table = file.get(name);
  const shape = table instanceof H5Dataset ? table.shape : null;
  if (!(table instanceof H5Dataset) || shape?.length !== 2) {
    throw new InputError(`"${name}" must be a table with one vector per row`, {
      where: path,
      got: shape === null ? 'no table' : `shape (${shape})`,
      next: 'the ann-benchmarks layout has train, test, neighbors and distances, each with two dimensions',
    });
  }
  const type = numberType(table);
  if (type === undefined) {
    const { type: kind, size } = table.metadata;
    throw new InputError(`"${name}" holds values that are not read here`, {
      where: path,
      got: kind === 1 ? `float${size * 8}` : `HDF5 class ${kind}`,
      next: 'store the vectors as float32; float16 to float64, integers and booleans are read, too',
    });
  }
  const [rows, columns] = shape as [number, number];
  // Empty tables are told by those who need them.
  if (rows !== 0 && columns !== 0) checkShape(`${path} ${name}`, rows, columns);
  // A table may announce rows that were never written: the library makes them up.
  checkRatio(`${path} ${name}`, size, rows * columns * bytesOf(type));
  checkChunk(`${path} ${name}`, size, table.metadata.chunks, bytesOf(type));
  return {
    rows,
    columns,
    type,
    read(start, count) {
      stillReading();
      return guard(path, () =>
        type === 'f2'
          ? readHalves(module, table, start, count)
          : (table.slice([[start, start + count], []]) as unknown as ArrayLike<number>),
      );
    },
  };
}

function openList(path: string, size: number, file: H5File, name: string): Hdf5List | undefined {
  if (!file.keys().includes(name)) return undefined;
  const list = file.get(name);
  const type = list instanceof H5Dataset ? numberType(list) : undefined;
  if (!(list instanceof H5Dataset) || list.shape?.length !== 1 || type === undefined || !/^[iu]/.test(type)) {
    throw new InputError(`"${name}" must be a list of integers`, {
      where: path,
      got: list instanceof H5Dataset ? `shape (${list.shape})` : 'no table',
      next: 'ann-benchmarks’ sets of type sparse have lists train, test, size_train and size_test',
    });
  }
  const [length] = list.shape as [number];
  checkRatio(`${path} ${name}`, size, length * bytesOf(type));
  checkChunk(`${path} ${name}`, size, list.metadata.chunks, bytesOf(type));
  return {
    length,
    read(start, count) {
      stillReading();
      if (count === 0) return new Int32Array(0);
      const values = guard(path, () => list.slice([[start, start + count]])) as unknown as ArrayLike<
        number | bigint
      >;
      return Int32Array.from(values as ArrayLike<number>, Number);
    },
  };
}

/** A chunk is unpacked as a whole, however little of it is read. */
function checkChunk(path: string, size: number, chunks: readonly number[] | null, bytes: number): void {
  if (chunks !== null)
    checkRatio(
      `${path} (a chunk)`,
      size,
      chunks.reduce((product, each) => product * each, bytes),
    );
}

/** Classes 0, 1 and 8 of HDF5 are integers, floats and enumerations: h5py writes booleans as FALSE and TRUE. */
function numberType({ metadata }: H5Dataset): NumberType | undefined {
  const { type, size, signed, enum_type: names } = metadata;
  if (type === 8) return Object.keys(names?.members ?? {}).join() === 'FALSE,TRUE' ? 'b1' : undefined;
  const letter = type === 1 ? 'f' : type === 0 ? (signed ? 'i' : 'u') : undefined;
  return NUMBER_TYPES.find((each) => each === `${letter}${size}`);
}

/** What of the library's core is used directly. */
interface Hdf5Module {
  HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  get_dataset_data(
    file: bigint,
    path: string,
    count: bigint[],
    offset: bigint[],
    strides: bigint[],
    pointer: bigint,
  ): void;
}

/** As the library's `slice`, which has no float16. */
function readHalves(module: Hdf5Module, table: H5Dataset, start: number, count: number): Float32Array {
  const columns = table.shape![1]!;
  const bytes = count * columns * 2;
  const pointer = module._malloc(bytes);
  if (pointer === 0) throw new Error(`no memory for ${bytes} bytes`);
  try {
    const [rows, from, one] = [
      [count, columns],
      [start, 0],
      [1, 1],
    ].map((list) => list.map(BigInt));
    module.get_dataset_data(table.file_id, table.path, rows!, from!, one!, BigInt(pointer));
    const copy = module.HEAPU8.slice(pointer, pointer + bytes);
    return decodeNumbers(copy, 'f2', table.metadata.littleEndian) as Float32Array;
  } finally {
    module._free(pointer);
  }
}

function readAttribute(file: H5File, name: string): string | undefined {
  const value = file.attrs[name]?.value;
  return value === undefined || value === null ? undefined : String(value);
}

/** Errors of the library become InputError with the innermost of its messages. */
function guard<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) throw error;
    const lines = (error instanceof Error ? error.message : String(error)).split('\n');
    const frames = lines.filter((line) => /^\s*#\d+:/.test(line));
    const innermost = (frames.at(-1) ?? lines[0] ?? '').replace(/^.*\(\): /, '').trim();
    throw unreadable(path, new Error(innermost, { cause: error }), 'is not a readable HDF5 file');
  }
}
