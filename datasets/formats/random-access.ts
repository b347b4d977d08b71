import { closeSync, fstatSync, readSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { stillReading } from '../../common/reading.js';
import { openRegular } from '../../common/regular-file.js';
import { unreadable } from '../check.js';

/** An open file that is read at any place. */
export interface RandomAccess {
  readonly path: string;
  readonly size: number;
  /** Bytes `start .. end`, in a buffer of their own; nothing is allocated for bytes that the file does not have. */
  read(start: number, end: number): Uint8Array<ArrayBuffer>;
  close(): void;
}

/** Throws InputError naming the file. */
export function openRandomAccess(path: string): RandomAccess {
  let handle: number;
  let size: number;
  try {
    handle = openRegular(path);
    size = fstatSync(handle).size;
  } catch (error) {
    throw unreadable(path, error);
  }
  let open = true;
  return {
    path,
    size,
    read: (start, end) => readRange(handle, path, size, start, end),
    close() {
      if (open) closeSync(handle);
      open = false;
    },
  };
}

function readRange(
  handle: number,
  path: string,
  size: number,
  start: number,
  end: number,
): Uint8Array<ArrayBuffer> {
  if (!(start >= 0 && end >= start && end <= size)) throw tooShort(path, size, end);
  stillReading();
  const bytes = new Uint8Array(end - start);
  for (let done = 0; done < bytes.length; ) {
    const got = readSync(handle, bytes, done, bytes.length - done, start + done);
    if (got === 0) throw tooShort(path, start + done, end);
    done += got;
  }
  return bytes;
}

function tooShort(path: string, has: number, needed: number): InputError {
  return new InputError(`ends at byte ${has}, ${needed} are needed`, {
    where: path,
    next: 'the file is damaged or incomplete: write or download it again',
  });
}
