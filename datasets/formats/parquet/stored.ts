import { type FileMetaData, parquetRead, parquetReadObjects } from 'hyparquet';
import { reading } from '../../../common/reading.js';
import { COMPRESSORS } from './compression.js';
import { openParquetFile, type ParquetFile } from './file.js';
import { checkColumns } from './pages.js';

/** A part of a column, as the library gives it. */
export interface ColumnPart {
  columnName: string;
  columnData: ArrayLike<unknown>;
  rowStart: number;
}

/** A file that this project keeps, opened: what its footer says fits the file. */
export interface StoredParquet {
  metadata: FileMetaData;
  rows: number;
  bytes: number;
  /** Names of the columns of the first level. */
  names: readonly string[];
  /** Reads columns as a whole, after a look through all of their pages; all, where none are named. */
  read(onPart: (part: ColumnPart) => void, columns?: readonly string[]): Promise<void>;
}

/**
 * Opens a Parquet file that was written here, and may have been changed since. Throws Error as the library does.
 * @param use closes the file when it is done
 */
export async function withStored<T>(path: string, use: (file: StoredParquet) => Promise<T>): Promise<T> {
  const file = await openParquetFile(path);
  const bytes = file.buffer.byteLength;
  try {
    return await reading(path, bytes, () => use(opened(file, bytes)));
  } finally {
    file.close();
  }
}

function opened(file: ParquetFile, bytes: number): StoredParquet {
  const { metadata } = file;
  const names: string[] = [];
  for (let at = 1; at < metadata.schema.length; at = behind(metadata, at))
    names.push(metadata.schema[at]!.name);
  return {
    metadata,
    rows: Number(metadata.num_rows),
    bytes,
    names,
    async read(onPart, columns) {
      checkColumns(file, columns);
      const onChunk = (part: unknown) => onPart(part as ColumnPart);
      await parquetRead({
        file: file.buffer,
        metadata,
        compressors: COMPRESSORS,
        ...(columns && { columns: [...columns] }),
        onChunk,
      });
    },
  };
}

/** The element behind the subtree that begins at `at`. */
function behind({ schema }: FileMetaData, at: number): number {
  let next = at + 1;
  for (let child = 0; child < (schema[at]!.num_children ?? 0); child++)
    next = behind({ schema } as FileMetaData, next);
  return next;
}

/** Throws RangeError where numbers of a file's lists take more memory than their file can be for. */
export function checkLists(bytes: number, numbers: number): void {
  const most = Math.max(2 ** 24, bytes * 64);
  if (numbers > most) throw new RangeError(`${bytes} bytes cannot hold ${numbers} numbers`);
}

/** All rows of a small file as objects, after a look through its pages. Throws Error as the library does. */
export async function storedRows(path: string): Promise<Record<string, unknown>[]> {
  const file = await openParquetFile(path);
  const { buffer, metadata } = file;
  try {
    return await reading(path, buffer.byteLength, async () => {
      checkColumns(file);
      return parquetReadObjects({ file: buffer, metadata, compressors: COMPRESSORS });
    });
  } finally {
    file.close();
  }
}
