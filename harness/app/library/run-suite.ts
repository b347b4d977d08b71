import { InputError } from '../../../common/errors.js';
import { currentResults, writeResults } from '../../derive/current.js';
import type { PlannedBuild, PlannedParity } from '../../model/plan.js';
import type { Results } from '../../model/results.js';
import type { Verdicts } from '../../model/verdict.js';
import { appendHistory, historyLine } from '../../store/history.js';
import { type RunFolder, readManifest } from '../../store/run-folder.js';
import type { Context } from '../context.js';
import { judgeRun } from '../judge-run.js';
import { planRun, type RunOptions } from '../plan-run.js';
import { dryRun, type RunOutcome, resumeRun as resume, startRun } from '../run.js';
import { type DefinedSuite, suiteTextOf } from './define-suite.js';
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
}

/** How a run ended. In every case `run` holds what was measured. */
export type RunResult =
  /** Trials may have failed: each row of the results has its state. */
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
    const { parsed, builds, rebuilds, parity } = await dryRun(
      suiteTextOf(suite, context.cwd),
      options,
      context,
    );
    const { json } = parsed.redactor;
    return { name: parsed.suite.name, builds: json(builds), rebuilds: json(rebuilds), parity, ks: parsed.ks };
  });
}

/**
 * Plans and measures a suite in a new run folder, derives its results and judges its gates.
 * @throws InputError for a suite or dataset that cannot be used as it is, FailureError for a machine that fails before
 *   the first measurement, InterruptedError if the signal is aborted before it
 */
export function runSuite(suite: DefinedSuite | string, options: RunSuiteOptions = {}): Promise<RunResult> {
  return within(options, async (context) => {
    const text = suiteTextOf(suite, context.cwd);
    if ((await planRun(text, options, context)).several) throw severalDatasets();
    return concluded(context, options, (finish) => startRun(text, options, context, finish));
  });
}

/** A result of the library is one run on one dataset. */
function severalDatasets(): InputError {
  return new InputError('this suite has several datasets', {
    where: 'datasets',
    next: 'measure one at a time with the option dataset: its name',
  });
}

/**
 * Continues a run that was interrupted: same plan, same data; what has ended is not measured again.
 * @param reference folder, id or `latest`
 * @throws as `runSuite`
 */
export function resumeRun(reference: string, options: ResumeRunOptions = {}): Promise<RunResult> {
  return within(options, (context) =>
    concluded(context, options, (finish) => resume(reference, options, context, finish)),
  );
}

type Conclusion = { results: Results; verdicts: Verdicts | undefined };

async function concluded(
  context: Context,
  options: RunSuiteOptions | ResumeRunOptions,
  measure: (finish: (folder: RunFolder) => Promise<void>) => Promise<RunOutcome>,
): Promise<RunResult> {
  let conclusion: Conclusion | undefined;
  const outcome = await measure(async (folder) => {
    conclusion = await conclude(folder, options, context);
  });
  const run = storedRun(outcome.folder, options);
  if (outcome.state === 'failed') return { state: 'failed', run, error: outcome.error };
  const { results, verdicts } = conclusion!;
  if (outcome.state === 'interrupted') return { state: 'interrupted', run, results };
  return { state: 'completed', run, results, verdicts };
}

/** Stores the results, and the verdicts of a run that is whole: part of a suite is not judged. */
async function conclude(
  folder: RunFolder,
  { baseline }: RunSuiteOptions,
  context: Context,
): Promise<Conclusion> {
  const derived = await currentResults(folder);
  const { results } = derived;
  writeResults(folder, derived);
  if (context.signal.aborted || readManifest(folder).shard !== undefined)
    return { results, verdicts: undefined };
  const verdicts = await judgeRun(folder, derived, { baseline }, context);
  appendHistory(context.runs, historyLine(results, verdicts));
  return { results, verdicts };
}
