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
      const { datasetOptions, interleave } = readManifest(folder);
      if (datasetOptions.nameOrPath !== nameOrPath) continue;
      const begun = new Map<string, number>();
      const worked = new Map<string, number>();
      for (const event of readEvents(folder)) {
        if (event.type === 'buildBegin') {
          begun.set(event.build, Date.parse(event.time));
          worked.set(event.build, 0);
        }
        // The warm-up is a part of the search.
        if (event.type === 'phase' && event.phase !== 'warmup')
          worked.set(event.build, (worked.get(event.build) ?? 0) + event.seconds);
        const start =
          event.type === 'buildEnd' && event.state === 'completed' ? begun.get(event.build) : undefined;
        if (event.type === 'buildEnd' && start !== undefined) {
          // Of builds that are held side by side the time between holds that of the others.
          const seconds = (Date.parse(event.time) - start) / 1000;
          durations.set(event.build, interleave === true ? worked.get(event.build)! : seconds);
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
