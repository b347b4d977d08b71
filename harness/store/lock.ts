import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { isSameProcess, processMark } from '../../common/processes.js';
import type { RunFolder } from './run-folder.js';

/**
 * Takes the run for this process, so that two supervisors never write to one run. A lock whose process is gone
 * (killed) is taken over. Throws InputError if the run is in progress.
 */
export function lockRun(folder: RunFolder): () => void {
  const owner = lockOwner(folder);
  if (owner !== undefined && owner !== process.pid) {
    throw new InputError('this run is in progress', {
      where: folder.path,
      got: `process ${owner}`,
      next: 'wait for it, or stop that process first',
    });
  }
  writeFileSync(folder.lock, `${process.pid} ${processMark(process.pid) ?? ''}\n`);
  return () => rmSync(folder.lock, { force: true });
}

/** Process that holds the run and is alive; undefined if none. */
export function lockOwner(folder: RunFolder): number | undefined {
  const { pid, mark } = readLock(folder);
  return pid !== undefined && isSameProcess(pid, mark) ? pid : undefined;
}

/** Process that the lock names, alive or not; undefined if there is no lock. */
export function lockHolder(folder: RunFolder): number | undefined {
  return readLock(folder).pid;
}

function readLock(folder: RunFolder): { pid?: number; mark?: string | undefined } {
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
