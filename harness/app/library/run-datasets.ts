import { InputError } from '../../../common/errors.js';
import { resultsOf } from '../../derive/run.js';
import type { DatasetsResults } from '../../model/results.js';
import type { Verdicts } from '../../model/verdict.js';
import { readDatasetsManifest } from '../../store/manifests.js';
import { findRun } from '../../store/run-folder.js';
import { planRun, type RunOptions } from '../plan-run.js';
import { type Finish, resumeRun, startRun } from '../run.js';
import { type DefinedSuite, suiteTextOf } from './define-suite.js';
import { type Ended, measureAndJudge } from './measure-and-judge.js';
import type { ResumeRunOptions } from './run-suite.js';
import { type StoredDatasetsRun, storedDatasetsRun } from './stored-datasets-run.js';
import { type Surroundings, within } from './surroundings.js';

export interface RunDatasetsOptions extends Surroundings, Pick<RunOptions, 'engine' | 'only'> {
  /** What the gates compare with: the name of a baseline, or runs separated by commas. */
  baseline?: string | undefined;
}

/** How a run over several datasets ended. In every case `run` holds what was measured. */
export type DatasetsRunResult =
  /** Trials may have failed: each row of the results has its state. No verdicts: there are no gates. */
  | { state: 'completed'; run: StoredDatasetsRun; results: DatasetsResults; verdicts: Verdicts | undefined }
  /** By the signal; it can be continued. No results: before the first dataset. */
  | { state: 'interrupted'; run: StoredDatasetsRun; results: DatasetsResults | undefined }
  /** Measuring broke off (a full disk, say); it can be continued. */
  | { state: 'failed'; run: StoredDatasetsRun; error: unknown };

/**
 * Plans a suite with a list of `datasets:` and measures it on one after the other, in one run folder; derives the
 * results and judges the gates of each.
 * @throws as `runSuite`
 */
export function runDatasets(
  suite: DefinedSuite | string,
  options: RunDatasetsOptions = {},
): Promise<DatasetsRunResult> {
  return within(options, async (context) => {
    const text = suiteTextOf(suite, context.cwd);
    if (!(await planRun(text, options, context)).several) {
      throw new InputError('this suite has one dataset', {
        where: 'datasets',
        next: 'measure it with runSuite, or list several under datasets:',
      });
    }
    const measure = (finish: Finish) => startRun(text, options, context, finish);
    return resultOf(await measureAndJudge(context, options, measure), options);
  });
}

/**
 * Continues a run over several datasets that was interrupted.
 * @param reference folder, id or `latest`
 * @throws as `runSuite`
 */
export function resumeDatasets(
  reference: string,
  options: ResumeRunOptions = {},
): Promise<DatasetsRunResult> {
  return within(options, async (context) => {
    if (readDatasetsManifest(findRun(reference, context.runs)) === undefined) {
      throw new InputError('this run has one dataset', {
        where: reference,
        next: 'continue it with resumeRun',
      });
    }
    const measure = (finish: Finish) => resumeRun(reference, options, context, finish);
    return resultOf(await measureAndJudge(context, options, measure), options);
  });
}

function resultOf(ended: Ended, places: Surroundings): DatasetsRunResult {
  const run = storedDatasetsRun(ended.folder, places);
  if (ended.state === 'failed') return { state: 'failed', run, error: ended.error };
  const results = ended.derived && (resultsOf(ended.derived) as DatasetsResults);
  return ended.state === 'interrupted'
    ? { state: 'interrupted', run, results }
    : { state: 'completed', run, results: results!, verdicts: ended.verdicts };
}
