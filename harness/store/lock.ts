import { readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { fileFailure, temporaryName } from '../../common/files.js';
import type { RunFolder } from './run-folder.js';

/**
 * Takes the run for this process, so that two supervisors never write to one run. A lock whose process is gone
 * (killed) is taken over. Throws InputError if the run is in progress.
 */
export function lockRun(folder: RunFolder): () => void {
  const mine = `${process.pid} ${processMark(process.pid) ?? ''}\n`;
  while (!create(folder.lock, mine)) {
    const owner = lockOwner(folder);
    if (owner === process.pid) break;
    if (owner !== undefined) {
      throw new InputError('this run is in progress', {
        where: folder.path,
        got: `process ${owner}`,
        next: 'wait for it, or stop that process first',
      });
    }
    removeStale(folder);
  }
  return () => rmSync(folder.lock, { force: true });
}

/** False if there is a lock already: of several processes that try at once, one gets it. */
function create(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileFailure(path, 'the run cannot be locked', error);
  }
}

/** Takes a dead process's lock away under a name of its own; if another process was quicker, puts that one's back. */
function removeStale(folder: RunFolder): void {
  const aside = temporaryName(folder.lock);
  try {
    renameSync(folder.lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw fileFailure(folder.lock, 'the lock of an ended run cannot be removed', error);
  }
  if (lockOwner({ lock: aside }) === undefined) rmSync(aside, { force: true });
  else renameSync(aside, folder.lock);
}

/** Process that holds the run and is alive; undefined if none. */
export function lockOwner(folder: Pick<RunFolder, 'lock'>): number | undefined {
  const { pid, mark } = readLock(folder);
  if (pid === undefined || !isAlive(pid)) return undefined;
  // A number can be given to another process after a restart: where the system tells, compare when it started.
  const now = processMark(pid);
  return mark !== undefined && mark !== '' && now !== undefined && now !== mark ? undefined : pid;
}

/** Process that the lock names, alive or not; undefined if there is no lock. */
export function lockHolder(folder: Pick<RunFolder, 'lock'>): number | undefined {
  return readLock(folder).pid;
}

function readLock(folder: Pick<RunFolder, 'lock'>): { pid?: number; mark?: string | undefined } {
  let text: string;
  try {
    text = readFileSync(folder.lock, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  const [pid, mark] = text.trim().split(' ');
  const id = Number(pid);
  return Number.isInteger(id) && id > 0 ? { pid: id, mark } : {};
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start time and PID namespace of a process, on Linux. */
function processMark(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${started}@${readlinkSync(`/proc/${pid}/ns/pid`).replace(/\D/g, '')}`;
  } catch {
    return undefined; // No /proc here: the process number alone has to do.
  }
}
