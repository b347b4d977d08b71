import { closeSync, fstatSync, readSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { openRegular } from '../../common/regular-file.js';
import { unreadable } from '../../datasets/check.js';

/** A file that is read in pieces from the beginning. */
export class BytesOf {
  readonly path: string;
  readonly size: number;
  readonly #file: number;

  /** @throws InputError naming the file if it cannot be read */
  constructor(path: string) {
    this.path = path;
    try {
      this.#file = openRegular(path);
    } catch (error) {
      throw unreadable(path, error);
    }
    this.size = fstatSync(this.#file).size;
  }

  /** @throws InputError if the file ends before `end` */
  read(start: number, end: number): Buffer {
    if (start < 0 || end > this.size || start > end)
      throw damagedIndex(this.path, `bytes ${start} to ${end} are needed, it has ${this.size}`);
    const bytes = Buffer.alloc(end - start);
    for (let done = 0; done < bytes.length; ) {
      const got = readSync(this.#file, bytes, done, bytes.length - done, start + done);
      if (got === 0) throw damagedIndex(this.path, `it ends at byte ${start + done}`);
      done += got;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.#file);
  }
}

export function damagedIndex(path: string, why: string): InputError {
  return new InputError(`is damaged, or no index of its kind: ${why}`, {
    where: path,
    next: 'save the index again; or say what it is with ?format=hnswlib or ?format=usearch',
  });
}
