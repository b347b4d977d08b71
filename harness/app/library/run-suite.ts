import { InputError } from '../../../common/errors.js';
import { resultsOf } from '../../derive/run.js';
import type { PlannedBuild, PlannedParity } from '../../model/plan.js';
import type { Results } from '../../model/results.js';
import type { Verdicts } from '../../model/verdict.js';
import { readDatasetsManifest } from '../../store/manifests.js';
import { findRun } from '../../store/run-folder.js';
import { planRun, type RunOptions } from '../plan-run.js';
import { dryRun, type Finish, resumeRun as resume, startRun } from '../run.js';
import { type DefinedSuite, suiteTextOf } from './define-suite.js';
import { type Ended, measureAndJudge } from './measure-and-judge.js';
import { type StoredRun, storedRun } from './stored-run.js';
import { type Surroundings, within } from './surroundings.js';

export interface RunSuiteOptions extends Surroundings, RunOptions {
  /** What the gates compare with: the name of a baseline, or runs separated by commas. */
  baseline?: string | undefined;
}

export interface ResumeRunOptions extends Surroundings {
  /** Measure failed and skipped trials again. */
  retryFailed?: boolean | undefined;
  baseline?: string | undefined;
}

/** What a suite would measure. */
export interface SuitePlan {
  name: string;
  /** Each with its trials, in the order in which they are measured. */
  builds: readonly PlannedBuild[];
  /** Builds that are made a second time, for the noise floor of a parity. */
  rebuilds: readonly PlannedBuild[];
  parity: readonly PlannedParity[];
  /** Depths, ascending. */
  ks: readonly number[];
  /** Names of the datasets of a suite with several (all of this is measured on each); else empty. */
  datasets: readonly string[];
}

/** How a run ended. In every case `run` holds what was measured. */
export type RunResult =
  /** Trials may have failed: each row of the results has its state. No verdicts: there are no gates. */
  | { state: 'completed'; run: StoredRun; results: Results; verdicts: Verdicts | undefined }
  /** By the signal; it can be continued. */
  | { state: 'interrupted'; run: StoredRun; results: Results }
  /** Measuring broke off (a full disk, say); it can be continued. */
  | { state: 'failed'; run: StoredRun; error: unknown };

/**
 * Parses, checks and plans a suite; nothing is started or written.
 * @throws SuiteError with all faults at once
 */
export function planSuite(
  suite: DefinedSuite | string,
  options: RunOptions & Surroundings = {},
): Promise<SuitePlan> {
  return within(options, async (context) => {
    const { parsed, builds, rebuilds, parity, several } = await dryRun(
      suiteTextOf(suite, context.cwd),
      options,
      context,
    );
    const { json, text } = parsed.redactor;
    const datasets = several ? parsed.datasets.map(({ name }) => text(name!)) : [];
    const { suite: planned, ks } = parsed;
    return { name: planned.name, builds: json(builds), rebuilds: json(rebuilds), parity, ks, datasets };
  });
}

/**
 * Plans and measures a suite on one dataset in a new run folder, derives its results and judges its gates.
 * @throws InputError for a suite or dataset that cannot be used as it is, FailureError for a machine that fails before
 *   the first measurement, InterruptedError if the signal is aborted before it
 */
export function runSuite(suite: DefinedSuite | string, options: RunSuiteOptions = {}): Promise<RunResult> {
  return within(options, async (context) => {
    const text = suiteTextOf(suite, context.cwd);
    if ((await planRun(text, options, context)).several) {
      throw new InputError('this suite has several datasets', {
        where: 'datasets',
        next: 'measure all with runDatasets, or one with the option dataset: its name',
      });
    }
    const measure = (finish: Finish) => startRun(text, options, context, finish);
    return resultOf(await measureAndJudge(context, options, measure), options);
  });
}

/**
 * Continues a run that was interrupted: same plan, same data; what has ended is not measured again.
 * @param reference folder, id or `latest`
 * @throws as `runSuite`
 */
export function resumeRun(reference: string, options: ResumeRunOptions = {}): Promise<RunResult> {
  return within(options, async (context) => {
    if (readDatasetsManifest(findRun(reference, context.runs)) !== undefined) {
      throw new InputError('this run has several datasets', {
        where: reference,
        next: 'continue it with resumeDatasets',
      });
    }
    const measure = (finish: Finish) => resume(reference, options, context, finish);
    return resultOf(await measureAndJudge(context, options, measure), options);
  });
}

function resultOf(ended: Ended, places: Surroundings): RunResult {
  const run = storedRun(ended.folder, places);
  if (ended.state === 'failed') return { state: 'failed', run, error: ended.error };
  const results = resultsOf(ended.derived!) as Results;
  return ended.state === 'interrupted'
    ? { state: 'interrupted', run, results }
    : { state: 'completed', run, results, verdicts: ended.verdicts };
}
