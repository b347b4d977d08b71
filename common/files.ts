import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FailureError } from './errors.js';
import { hideInFile } from './secrets.js';

const TEMPORARY = /^\.tmp-/;

/** A name beside `path` under which a file is written before it is renamed; `removeTemporaries` knows it. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.tmp-${process.pid}-${randomBytes(4).toString('hex')}-${basename(path)}`);
}

/** What vecproof writes holds queries, metadata and answers: it is its user's alone, whatever the umask. */
const OWN_FILE = 0o600;
const OWN_FOLDER = 0o700;
const SHARED_FILE = 0o666;

export interface WriteOptions {
  /** Made to be handed on (a lock, a mapping): as readable as the user's other files. */
  shared?: boolean | undefined;
}

/**
 * Writes a whole file or nothing: under a temporary name, flushed, then renamed. Text is written without secrets; bytes
 * are written as they are (see `parquetBytes` for those with texts in them).
 * Throws FailureError naming the file and the remedy (disk full, not writable).
 */
export function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  { shared = false }: WriteOptions = {},
): void {
  const temporary = temporaryName(path);
  try {
    const descriptor = openSync(temporary, 'wx', shared ? SHARED_FILE : OWN_FILE);
    try {
      const bytes =
        typeof content === 'string' ? Buffer.from(withoutSecrets(path, content), 'utf8') : content;
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

/**
 * Appends whole lines to a file, without secrets. Throws FailureError.
 * @param flush it is on disk when this returns
 */
export function appendText(
  path: string,
  text: string,
  { what = 'cannot be written', flush = false }: { what?: string; flush?: boolean } = {},
): void {
  try {
    const descriptor = openSync(path, 'a', OWN_FILE);
    try {
      appendFileSync(descriptor, withoutSecrets(path, text));
      if (flush) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw fileFailure(path, what, error);
  }
}

/** Makes a folder, and those above it that are missing, for this user alone; one that is there stays as it is. */
export function makeFolder(path: string): string | undefined {
  return mkdirSync(path, { recursive: true, mode: OWN_FOLDER });
}

/** In pages and XML the name that stands for a secret must be no markup. */
function withoutSecrets(path: string, text: string): string {
  return /\.(html|xml)$/.test(path)
    ? hideInFile(text, (shown) => shown.replaceAll('<', '&lt;').replaceAll('>', '&gt;'))
    : hideInFile(text);
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
