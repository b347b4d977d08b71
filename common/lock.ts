import { createHash } from 'node:crypto';
import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { InputError } from './errors.js';
import { fileFailure, temporaryName } from './files.js';
import { isSameProcess, processMark } from './processes.js';
import { readRegularText } from './regular-file.js';

/**
 * Takes a lock file for this process: true if it is this one's now. A lock whose process is gone (killed) is taken over.
 *
 * @returns what gives it back, or the process that holds it
 */
export function takeLock(
  path: string,
): { state: 'taken'; release: () => void } | { state: 'held'; by: number } {
  const mine = `${process.pid} ${processMark(process.pid) ?? ''}\n`;
  while (!create(path, mine)) {
    const text = readText(path);
    if (text === undefined) continue; // Given up between the two looks.
    const owner = ownerOf(text);
    if (owner === process.pid) break;
    if (owner !== undefined) return { state: 'held', by: owner };
    removeStale(path, text, mine);
  }
  return { state: 'taken', release: () => rmSync(path, { force: true }) };
}

/**
 * False if the file is there already. It appears with its text in it (a link to a finished file), so that nobody
 * reads a lock that is still being written.
 */
function create(path: string, text: string): boolean {
  const finished = temporaryName(path);
  try {
    writeFileSync(finished, text, { flag: 'wx' });
    linkSync(finished, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileFailure(path, 'the lock file cannot be made', error);
  } finally {
    rmSync(finished, { force: true });
  }
}

/**
 * Removes a dead process's lock. Of several that have seen it, only the one that holds the claim on exactly this text
 * may do so, and only while the text is still there: a lock that was taken meanwhile is never removed.
 */
function removeStale(path: string, text: string, mine: string): void {
  const claim = `${path}.${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  if (!create(claim, mine)) {
    const claimant = readText(claim);
    if (claimant !== undefined && ownerOf(claimant) === undefined) rmSync(claim, { force: true });
    return;
  }
  try {
    if (readText(path) === text) rmSync(path, { force: true });
  } finally {
    rmSync(claim, { force: true });
  }
}

/** Process that holds a lock and is alive; undefined if none. */
export function lockOwner(path: string): number | undefined {
  const text = readText(path);
  return text === undefined ? undefined : ownerOf(text);
}

function ownerOf(text: string): number | undefined {
  const { pid, mark } = parse(text);
  return pid !== undefined && isSameProcess(pid, mark) ? pid : undefined;
}

/** Process that a lock names, alive or not; undefined if there is no lock. */
export function lockHolder(path: string): number | undefined {
  return parse(readText(path) ?? '').pid;
}

/** Undefined if there is no such file. */
function readText(path: string): string | undefined {
  try {
    return readRegularText(path, 4096);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error instanceof InputError ? error : fileFailure(path, 'the lock file cannot be read', error);
  }
}

function parse(text: string): { pid?: number; mark?: string | undefined } {
  const [pid, mark] = text.trim().split(' ');
  const id = Number(pid);
  return Number.isInteger(id) && id > 0 ? { pid: id, mark } : {};
}
