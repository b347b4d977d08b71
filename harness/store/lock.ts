import { createHash } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { fileFailure, temporaryName } from '../../common/files.js';
import { isSameProcess, processMark } from '../../common/processes.js';
import type { RunFolder } from './run-folder.js';

/**
 * Takes the run for this process, so that two supervisors never write to one run. A lock whose process is gone
 * (killed) is taken over. Throws InputError if the run is in progress.
 */
export function lockRun(folder: RunFolder): () => void {
  const mine = `${process.pid} ${processMark(process.pid) ?? ''}\n`;
  while (!create(folder.lock, mine)) {
    const text = readText(folder.lock);
    if (text === undefined) continue; // Given up between the two looks.
    const owner = ownerOf(text);
    if (owner === process.pid) break;
    if (owner !== undefined) {
      throw new InputError('this run is in progress', {
        where: folder.path,
        got: `process ${owner}`,
        next: 'wait for it, or stop that process first',
      });
    }
    removeStale(folder, text, mine);
  }
  return () => rmSync(folder.lock, { force: true });
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
    throw fileFailure(path, 'the run cannot be locked', error);
  } finally {
    rmSync(finished, { force: true });
  }
}

/**
 * Removes a dead process's lock. Of several that have seen it, only the one that holds the claim on exactly this text
 * may do so, and only while the text is still there: a lock that was taken meanwhile is never removed.
 */
function removeStale(folder: RunFolder, text: string, mine: string): void {
  const claim = `${folder.lock}.${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  if (!create(claim, mine)) {
    const claimant = readText(claim);
    if (claimant !== undefined && ownerOf(claimant) === undefined) rmSync(claim, { force: true });
    return;
  }
  try {
    if (readText(folder.lock) === text) rmSync(folder.lock, { force: true });
  } finally {
    rmSync(claim, { force: true });
  }
}

/** Process that holds the run and is alive; undefined if none. */
export function lockOwner(folder: Pick<RunFolder, 'lock'>): number | undefined {
  const text = readText(folder.lock);
  return text === undefined ? undefined : ownerOf(text);
}

function ownerOf(text: string): number | undefined {
  const { pid, mark } = parse(text);
  return pid !== undefined && isSameProcess(pid, mark) ? pid : undefined;
}

/** Process that the lock names, alive or not; undefined if there is no lock. */
export function lockHolder(folder: Pick<RunFolder, 'lock'>): number | undefined {
  return parse(readText(folder.lock) ?? '').pid;
}

/** Undefined if there is no such file. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): { pid?: number; mark?: string | undefined } {
  const [pid, mark] = text.trim().split(' ');
  const id = Number(pid);
  return Number.isInteger(id) && id > 0 ? { pid: id, mark } : {};
}
