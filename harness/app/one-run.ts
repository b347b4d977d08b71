import { messageOf } from '../../common/errors.js';
import { hideSecrets, keepSecrets } from '../../common/secrets.js';
import type { RunFolder } from '../store/run-folder.js';
import { type Context, notice } from './context.js';
import { measureTask } from './measure-run.js';
import type { SuiteText } from './places.js';
import type { RunOptions } from './plan-run.js';
import type { Remeasure } from './remeasure.js';
import { differencesTask, sameDataTask, storedRunTask } from './resume-tasks.js';
import { need, type RunState } from './run-state.js';
import {
  availabilityTask,
  baselineTask,
  fitTask,
  lockTask,
  newFolderTask,
  openDataTask,
  type PartPlace,
  planTask,
  truthTask,
} from './run-tasks.js';
import { runTasks, type Task } from './tasks.js';

/** How a run ended. What was measured is in its folder in any case. */
export type RunOutcome =
  | { state: 'completed' | 'interrupted'; folder: RunFolder }
  /** Measuring itself broke off (a full disk, say); trials that fail are recorded, and end no run. */
  | { state: 'failed'; folder: RunFolder; error: unknown };

export interface InspectOptions {
  /** Port of 127.0.0.1 on which each build's process waits for a debugger, without deadlines. */
  inspectBuild?: number | undefined;
}

export interface StartOptions extends RunOptions, InspectOptions {
  /** What the gates will compare with; looked for before anything is measured. */
  baseline?: string | undefined;
}

export interface ResumeOptions extends InspectOptions {
  /** Measure failed and skipped trials again. */
  retryFailed?: boolean | undefined;
  /** Measure builds again of which trials are doubtful. */
  remeasure?: Remeasure | undefined;
  baseline?: string | undefined;
}

/** What is done with a measured run while it is still held: deriving, judging, reporting. */
export type Finish = (folder: RunFolder) => Promise<void> | void;

/**
 * Plans and measures a suite on one dataset in a new run folder.
 * @param part of a run over several datasets: which one, and where its run is put
 * @throws VecproofError for whatever is found before the first measurement
 */
export function startOne(
  suite: SuiteText,
  options: StartOptions,
  context: Context,
  finish?: Finish,
  part?: { number: number; place: PartPlace },
): Promise<RunOutcome> {
  const tasks = [
    planTask(suite, options, part?.number),
    baselineTask(options.baseline),
    lockTask,
    openDataTask,
    fitTask,
    availabilityTask,
    truthTask,
    newFolderTask(options, part?.place),
    measureTask(false, options),
  ];
  return measured(tasks, context, finish);
}

/**
 * Continues a run on one dataset that was interrupted.
 * @param reference folder, id or `latest`
 * @throws VecproofError for whatever is found before the first measurement
 */
export function resumeOne(
  reference: string,
  options: ResumeOptions,
  context: Context,
  finish?: Finish,
): Promise<RunOutcome> {
  const tasks = [
    storedRunTask(reference, options),
    baselineTask(options.baseline),
    openDataTask,
    sameDataTask,
    fitTask,
    availabilityTask,
    differencesTask,
    measureTask(true, options),
  ];
  return measured(tasks, context, finish);
}

async function measured(
  tasks: readonly Task<RunState>[],
  given: Context,
  finish: Finish | undefined,
): Promise<RunOutcome> {
  const context = hiding(given);
  const state: RunState = { context, warnings: [] };
  const last: Task<RunState> = { title: 'finish', setup: () => finish?.(need(state, 'folder')) };
  try {
    await runTasks([...tasks, last], state, furtherError(context));
  } catch (error) {
    if (state.measured?.state !== 'failed') throw error;
  }
  return { ...need(state, 'measured'), folder: need(state, 'folder') };
}

/** A fault that came after the one that ends the run. */
export function furtherError(context: Context) {
  return (error: unknown, title: string) =>
    notice(context, `${title}: closing failed, too: ${messageOf(error)}`);
}

/** From `hide` on, no message that is told holds a secret either. */
export function hiding(context: Context): Context {
  return {
    ...context,
    hide(secrets) {
      keepSecrets(secrets);
      context.hide(secrets);
    },
    onEvent(event) {
      context.onEvent('message' in event ? { ...event, message: hideSecrets(event.message) } : event);
    },
  };
}
