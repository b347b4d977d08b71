import { join } from 'node:path';
import { VecproofError } from '../../common/errors.js';
import { readEvents } from './event-log.js';
import { partsOf, readManifest } from './manifests.js';
import { listRuns, type RunFolder, runFolder } from './run-folder.js';

/**
 * Seconds that each build (by id) took in the latest run that completed it on a dataset.
 * Runs that cannot be read are left out: this is only an estimate.
 */
export function deriveDurations(runs: string, nameOrPath: string): Map<string, number> {
  const durations = new Map<string, number>();
  for (const folder of listRuns(runs).flatMap((id) => wholeRuns(runFolder(join(runs, id))))) {
    try {
      if (readManifest(folder).datasetOptions.nameOrPath !== nameOrPath) continue;
      const begun = new Map<string, number>();
      for (const event of readEvents(folder)) {
        if (event.type === 'buildBegin') begun.set(event.build, Date.parse(event.time));
        const start =
          event.type === 'buildEnd' && event.state === 'completed' ? begun.get(event.build) : undefined;
        if (event.type === 'buildEnd' && start !== undefined) {
          durations.set(event.build, (Date.parse(event.time) - start) / 1000);
        }
      }
    } catch (error) {
      if (!(error instanceof VecproofError)) throw error;
    }
  }
  return durations;
}

/** The run itself, or those of its datasets. */
function wholeRuns(folder: RunFolder): RunFolder[] {
  try {
    return partsOf(folder)?.map((part) => part.folder) ?? [folder];
  } catch (error) {
    if (error instanceof VecproofError) return [];
    throw error;
  }
}
