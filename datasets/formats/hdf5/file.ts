import { accessSync, constants } from 'node:fs';
import { Dataset as H5Dataset, File as H5File, ready } from 'h5wasm/node';
import { InputError } from '../../../common/errors.js';
import { unreadable } from '../../check.js';

/** An open HDF5 file: two-dimensional tables, read by rows, and text attributes of the root. */
export interface Hdf5File {
  readonly path: string;
  readonly names: readonly string[];
  table(name: string): Hdf5Table | undefined;
  attribute(name: string): string | undefined;
  close(): void;
}

export interface Hdf5Table {
  readonly rows: number;
  readonly columns: number;
  /** `float32`, `int8`, … */
  readonly type: string;
  /** Rows `start .. start+count` in row order: a slice, never the whole table. */
  read(start: number, count: number): ArrayLike<number> | ArrayLike<bigint>;
}

/** Opens a file read-only. Throws InputError naming it if it is missing, damaged, incomplete or not HDF5. */
export async function openHdf5File(path: string): Promise<Hdf5File> {
  try {
    accessSync(path, constants.R_OK);
    const module = await ready;
    // Without this, the library prints its errors to stderr and gives back handles that are not valid.
    module.activate_throwing_error_handler();
  } catch (error) {
    throw unreadable(path, error);
  }
  const file = guard(path, () => new H5File(path, 'r'));
  return {
    path,
    names: guard(path, () => file.keys()),
    table: (name) => guard(path, () => openTable(path, file, name)),
    attribute: (name) => guard(path, () => readAttribute(file, name)),
    close: () => void file.close(),
  };
}

function openTable(path: string, file: H5File, name: string): Hdf5Table | undefined {
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
  const { type, size } = table.metadata;
  // Classes 0 and 1 of HDF5 are integers and floats.
  if ((type !== 0 && type !== 1) || (type === 1 && size < 4)) {
    throw new InputError(`"${name}" holds values that are not read here`, {
      where: path,
      got: type === 1 ? `float${size * 8}` : `HDF5 class ${type}`,
      next: 'store the vectors as float32',
    });
  }
  const typeName = `${type === 1 ? 'float' : 'int'}${size * 8}`;
  const [rows, columns] = shape as [number, number];
  return {
    rows,
    columns,
    type: typeName,
    read: (start, count) =>
      guard(path, () => table.slice([[start, start + count], []]) as unknown as ArrayLike<number>),
  };
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
