import { readDatasetsManifest } from '../store/manifests.js';
import { findRun } from '../store/run-folder.js';
import type { Context } from './context.js';
import { checkDatasets, resumeDatasets, startDatasets } from './datasets-run.js';
import {
  type Finish,
  furtherError,
  hiding,
  type ResumeOptions,
  type RunOutcome,
  resumeOne,
  type StartOptions,
  startOne,
} from './one-run.js';
import type { SuiteText } from './places.js';
import { type Planned, planRun, type RunOptions } from './plan-run.js';
import { need, type RunState } from './run-state.js';
import { checkDataTask, planTask } from './run-tasks.js';
import { runTasks } from './tasks.js';

export type { Finish, InspectOptions, ResumeOptions, RunOutcome, StartOptions } from './one-run.js';

/**
 * Plans and measures a suite in a new run folder; of several datasets one after the other, each in a folder below it.
 * @throws VecproofError for whatever is found before the first measurement
 */
export async function startRun(
  suite: SuiteText,
  options: StartOptions,
  context: Context,
  finish?: Finish,
): Promise<RunOutcome> {
  const planned = await planRun(suite, options, context);
  return planned.several
    ? startDatasets(planned, options, context, finish)
    : startOne(suite, options, context, finish);
}

/**
 * Continues a run that was interrupted.
 * @param reference folder, id or `latest`
 * @throws VecproofError for whatever is found before the first measurement
 */
export function resumeRun(
  reference: string,
  options: ResumeOptions,
  context: Context,
  finish?: Finish,
): Promise<RunOutcome> {
  const folder = findRun(reference, context.runs);
  return readDatasetsManifest(folder) === undefined
    ? resumeOne(reference, options, context, finish)
    : resumeDatasets(folder, options, context, finish);
}

/** Plans a suite and checks all that can be checked without reading a point. Of several datasets the first one's plan. */
export async function dryRun(suite: SuiteText, options: RunOptions, context: Context): Promise<Planned> {
  const state: RunState = { context: hiding(context), warnings: [] };
  await runTasks([planTask(suite, options), checkDataTask], state, furtherError(context));
  const planned = need(state, 'planned');
  if (planned.several) await checkDatasets(planned, options, state.context);
  return planned;
}
