import { InputError } from '../../common/errors.js';
import { takeLock } from '../../common/lock.js';
import type { RunFolder } from './run-folder.js';

/** Takes the run for this process, so that two supervisors never write to one run. Throws InputError if it is in progress. */
export function lockRun(folder: RunFolder): () => void {
  const lock = takeLock(folder.lock);
  if (lock.state === 'taken') return lock.release;
  throw new InputError('this run is in progress', {
    where: folder.path,
    got: `process ${lock.by}`,
    next: 'wait for it, or stop that process first',
  });
}
