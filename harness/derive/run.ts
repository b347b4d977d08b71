import { InputError } from '../../common/errors.js';
import type { DatasetsManifest } from '../model/manifest.js';
import type { DatasetsResults, Results } from '../model/results.js';
import { type Part, partsOf, readDatasetsManifest, readManifest } from '../store/manifests.js';
import type { RunFolder } from '../store/run-folder.js';
import { currentResults, type Derived, writeResults } from './current.js';
import { joinResults, writeDatasetsResults } from './datasets.js';

export interface DerivedPart extends Part {
  derived: Derived;
}

/** A stored run with its results. */
export interface DerivedRun {
  folder: RunFolder;
  suite: string;
  /** Of a run over several datasets those that were begun; of any other the run itself. */
  parts: readonly DerivedPart[];
  /** Of a run over several datasets. */
  several: DatasetsManifest | undefined;
}

/** @throws InputError where none of several datasets was begun; else as `currentResults` */
export async function deriveRun(folder: RunFolder): Promise<DerivedRun> {
  const several = readDatasetsManifest(folder);
  const parts = (several && partsOf(folder)) ?? [{ name: readManifest(folder).dataset.name, folder }];
  if (parts.length === 0) {
    throw new InputError('no dataset of this run was measured yet', {
      where: folder.path,
      next: `continue it first: vecproof run --resume ${folder.id}`,
    });
  }
  const derived: DerivedPart[] = [];
  for (const part of parts) derived.push({ ...part, derived: await currentResults(part.folder) });
  return { folder, suite: (several ?? readManifest(folder)).suite.name, parts: derived, several };
}

/** What `results.json` of the run holds. */
export function resultsOf({ several, parts }: DerivedRun): Results | DatasetsResults {
  const named = parts.map(({ name, derived: { results } }) => ({ name, results }));
  return several === undefined ? named[0]!.results : joinResults(several, named);
}

/** Writes `results.json`, of several datasets that of each as well. */
export function storeResults(run: DerivedRun): void {
  for (const { folder, derived } of run.parts) writeResults(folder, derived);
  if (run.several !== undefined) writeDatasetsResults(run.folder, resultsOf(run) as DatasetsResults);
}
