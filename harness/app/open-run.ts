import { changedFiles } from '../store/checksums.js';
import { partsOf } from '../store/manifests.js';
import { findRun, type RunFolder } from '../store/run-folder.js';
import { type Context, warn } from './context.js';

/**
 * Finds a run, and says what of it is not as it was written, before any figure is derived from it.
 * @throws InputError as `findRun`
 */
export function openRun(reference: string, context: Context): RunFolder {
  const folder = findRun(reference, context.runs);
  sayChanges([folder], context);
  return folder;
}

/** Says of runs what is not as it was written; of those over several datasets, of each. */
export function sayChanges(folders: readonly RunFolder[], context: Context): void {
  for (const folder of folders) {
    for (const part of partsOf(folder)?.map((each) => each.folder) ?? [folder]) {
      for (const change of changedFiles(part)) warn(context, `run ${part.id}: ${change}`);
    }
  }
}
