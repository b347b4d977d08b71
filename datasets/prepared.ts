import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError, InputError } from '../common/errors.js';
import { unreadable } from './check.js';
import type { PreparedVectors } from './dataset.js';

/** Row-major little-endian float32, nothing else. */
export const PREPARED_FILE = 'vectors.f32';

/**
 * Opens converted vectors by their folder or file, in this or any other process. Throws InputError if the file is
 * not `count * dimensions * 4` bytes.
 */
export function openPreparedVectors(
  folderOrFile: string,
  count: number,
  dimensions: number,
): PreparedVectors {
  let handle: number;
  let path = folderOrFile;
  try {
    if (statSync(path).isDirectory()) path = join(path, PREPARED_FILE);
    handle = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  const { size } = fstatSync(handle);
  if (size !== count * dimensions * 4) {
    closeSync(handle);
    throw new InputError(
      `has ${size} bytes, ${count} x ${dimensions} float32 need ${count * dimensions * 4}`,
      {
        where: path,
        next: 'delete the folder; the dataset is converted again at the next start',
      },
    );
  }
  return {
    file: path,
    count,
    dimensions,
    read: (start, rows, into) => readRows(handle, path, { count, dimensions }, start, rows, into),
    close: () => closeSync(handle),
  };
}

function readRows(
  handle: number,
  path: string,
  size: { count: number; dimensions: number },
  start: number,
  rows: number,
  into: Float32Array,
): void {
  const length = rows * size.dimensions * 4;
  if (start < 0 || start + rows > size.count || into.byteLength < length) {
    throw new RangeError(`rows ${start} to ${start + rows} of ${size.count} into ${into.length} components`);
  }
  const bytes = new Uint8Array(into.buffer, into.byteOffset, length);
  const from = start * size.dimensions * 4;
  for (let done = 0; done < length; ) {
    const got = readSync(handle, bytes, done, length - done, from + done);
    if (got === 0) {
      throw new FailureError('became shorter while it was read', {
        where: path,
        next: 'let no other program touch the cache folder',
      });
    }
    done += got;
  }
}
