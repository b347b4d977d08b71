import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  type ReadStream,
  readSync,
} from 'node:fs';
import { InputError } from './errors.js';

/** Most bytes of a text file that people write: a suite, a mapping, a description of a dataset. */
export const MOST_TEXT = 8 * 2 ** 20;
/** Most bytes of a file of a run that is read as one. */
export const MOST_RECORD = 256 * 2 ** 20;

/**
 * Opens a file for reading, if it is one: a FIFO would be waited for without end, and a device may have no end.
 * @throws InputError for anything but a file, and what the system says where it cannot be opened
 */
export function openRegular(path: string): number {
  let handle: number;
  try {
    // Without O_NONBLOCK opening a FIFO waits for a writer; on a file it changes nothing. Windows has no such flag.
    handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    // What a socket answers.
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') throw noFile(path, 'a socket or a device');
    throw error;
  }
  const info = fstatSync(handle);
  if (info.isFile()) return handle;
  closeSync(handle);
  const kind = info.isDirectory() ? 'a folder' : info.isFIFO() ? 'a FIFO' : 'a device';
  throw noFile(path, kind);
}

function noFile(path: string, kind: string): InputError {
  return new InputError(`is ${kind}, not a file`, {
    where: path,
    next: kind === 'a folder' ? 'give a file' : 'write what it gives to a file, and give that',
  });
}

/**
 * All bytes of a file.
 * @param most bytes that it may have
 * @throws as `openRegular`, and InputError for a larger one
 */
export function readRegular(path: string, most: number = MOST_RECORD): Buffer {
  const handle = openRegular(path);
  try {
    const { size } = fstatSync(handle);
    if (size > most) throw tooLarge(path, size, most);
    const bytes = Buffer.allocUnsafe(size);
    let done = 0;
    while (done < size) {
      const got = readSync(handle, bytes, done, size - done, done);
      if (got === 0) break;
      done += got;
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(handle);
  }
}

/** A UTF-8 text, as `readRegular`. */
export function readRegularText(path: string, most: number = MOST_TEXT): string {
  return readRegular(path, most).toString('utf8');
}

/** A stream over a file, or over a part of it. @throws as `openRegular` */
export function streamRegular(
  path: string,
  options: { highWaterMark?: number; start?: number; end?: number; signal?: AbortSignal | undefined } = {},
): ReadStream {
  return createReadStream(path, { ...options, fd: openRegular(path), start: options.start ?? 0 });
}

function tooLarge(path: string, size: number, most: number): InputError {
  return new InputError(`has more than the ${most} bytes that such a file may have`, {
    where: path,
    got: `${size} bytes`,
    next: 'it is damaged, or another file than is meant',
  });
}
