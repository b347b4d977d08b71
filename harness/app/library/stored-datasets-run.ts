import { InputError } from '../../../common/errors.js';
import { deriveRun, resultsOf } from '../../derive/run.js';
import type { DatasetsManifest } from '../../model/manifest.js';
import type { DatasetsResults } from '../../model/results.js';
import type { Verdicts } from '../../model/verdict.js';
import { partsOf, readDatasetsManifest } from '../../store/manifests.js';
import { findRun, type RunFolder } from '../../store/run-folder.js';
import { readVerdicts } from '../../store/verdicts.js';
import { judgeStored } from '../conclude-run.js';
import { type JudgeStoredOptions, judgeOptions } from './judge-options.js';
import { type RunPlaces, runsOf, type StoredRun, storedRun } from './stored-run.js';
import { within } from './surroundings.js';

/** A run over several datasets on disk: a whole run on each. Reading changes nothing. */
export interface StoredDatasetsRun {
  readonly id: string;
  /** Its folder; see docs/run-folder.md. */
  readonly path: string;
  readonly manifest: DatasetsManifest;
  /** The runs on its datasets, in the order of the suite; without those whose measuring has not begun. */
  datasets(): { name: string; run: StoredRun }[];
  /** The figures of all datasets side by side; nothing is pooled. @throws InputError before the first was begun */
  results(): Promise<DatasetsResults>;
  /** The outcome of the gates as it was stored; undefined: not judged yet. */
  verdicts(): Verdicts | undefined;
  /** As that of a run on one dataset. @throws InputError where a dataset was not measured */
  judge(options?: JudgeStoredOptions): Promise<Verdicts | undefined>;
}

/**
 * Opens a run over several datasets by its folder, its id, or as `latest`.
 * @throws InputError as `openRun`, and for a run on one dataset
 */
export function openDatasetsRun(reference: string, places: RunPlaces = {}): StoredDatasetsRun {
  const folder = findRun(reference, runsOf(places));
  if (readDatasetsManifest(folder) !== undefined) return storedDatasetsRun(folder, places);
  throw new InputError('this run has one dataset', { where: folder.path, next: 'open it with openRun' });
}

export function storedDatasetsRun(folder: RunFolder, places: RunPlaces): StoredDatasetsRun {
  return {
    id: folder.id,
    path: folder.path,
    manifest: readDatasetsManifest(folder)!,
    datasets: () =>
      partsOf(folder)!.map(({ name, folder: part }) => ({ name, run: storedRun(part, places) })),
    results: async () => resultsOf(await deriveRun(folder)) as DatasetsResults,
    verdicts: () => readVerdicts(folder),
    judge: (options = {}) =>
      within(places, async (context) => {
        const { verdicts } = await judgeStored(folder, judgeOptions(options, context), context);
        return verdicts;
      }),
  };
}
