import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FailureError } from './errors.js';

const TEMPORARY = /^\.tmp-/;

/** A name beside `path` under which a file is written before it is renamed; `removeTemporaries` knows it. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.tmp-${process.pid}-${randomBytes(4).toString('hex')}-${basename(path)}`);
}

/**
 * Writes a whole file or nothing: under a temporary name, flushed, then renamed.
 * Throws FailureError naming the file and the remedy (disk full, not writable).
 */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  const temporary = temporaryName(path);
  try {
    const descriptor = openSync(temporary, 'wx');
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
      for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileFailure(path, 'cannot be written', error);
  }
}

/** Removes what an interrupted `writeFileAtomic` left in a folder; returns how many files. */
export function removeTemporaries(folder: string): number {
  const left = readdirSync(folder).filter((name) => TEMPORARY.test(name));
  for (const name of left) rmSync(join(folder, name), { force: true, recursive: true });
  return left.length;
}

/** A file-system error as a FailureError with the remedy that fits its code. */
export function fileFailure(path: string, what: string, error: unknown): FailureError {
  const code = (error as NodeJS.ErrnoException).code;
  const remedies: Record<string, string> = {
    ENOSPC: 'free disk space, or choose another place with --out or VECPROOF_HOME',
    EDQUOT: 'free disk space, or choose another place with --out or VECPROOF_HOME',
    EACCES: 'check the permissions, or choose another place with --out or VECPROOF_HOME',
    EPERM: 'check the permissions, or choose another place with --out or VECPROOF_HOME',
    EROFS: 'the file system is read-only: choose another place with --out or VECPROOF_HOME',
    ENOTDIR: 'a file stands where a folder is needed: choose another place with --out or VECPROOF_HOME',
    EEXIST: 'a file stands where a folder is needed: choose another place with --out or VECPROOF_HOME',
    ENOENT: 'check that the path exists',
  };
  return new FailureError(`${what}: ${(error as Error).message}`, {
    where: path,
    next: code === undefined ? undefined : remedies[code],
    cause: error,
  });
}
