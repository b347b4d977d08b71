import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { packageInfo } from '../../common/paths.js';
import { type DatasetsManifest, RUN_SCHEMA } from '../model/manifest.js';
import { readEvents } from '../store/event-log.js';
import { lockRun } from '../store/lock.js';
import { partsOf, readDatasetsManifest, writeDatasetsManifest } from '../store/manifests.js';
import {
  createDatasetsFolder,
  PARTS_FOLDER,
  type RunFolder,
  runFolder,
  slugOf,
} from '../store/run-folder.js';
import { parseSuite } from '../suite/parse.js';
import { suiteEnv } from './allowed-env.js';
import { commandLine } from './begin-run.js';
import type { Context } from './context.js';
import { checkDataRequest } from './data.js';
import {
  type Finish,
  furtherError,
  hiding,
  type InspectOptions,
  type ResumeOptions,
  type RunOutcome,
  resumeOne,
  type StartOptions,
  startOne,
} from './one-run.js';
import { displayPath, type SuiteText } from './places.js';
import { type Planned, planRun, type RunOptions } from './plan-run.js';
import type { Remeasure } from './remeasure.js';
import type { RunState } from './run-state.js';
import { baselineTask, fitTask, openDataTask, planTask } from './run-tasks.js';
import { runTasks } from './tasks.js';

/**
 * Measures a suite on several datasets, one after the other: a run folder with a whole run for each below it.
 * Every dataset is opened and checked before the first is measured.
 */
export async function startDatasets(
  planned: Planned,
  options: StartOptions,
  given: Context,
  finish?: Finish,
): Promise<RunOutcome> {
  const context = hiding(given);
  context.hide(planned.parsed.secrets);
  refuseOptions(options);
  const { suite } = planned;
  // What is said of the data is said when it is measured.
  const checking: Context = {
    ...context,
    onEvent: (event) => (event.type === 'notice' ? undefined : context.onEvent(event)),
  };
  for (const part of planned.parsed.datasets.keys()) {
    const tasks = [planTask(suite, options, part), baselineTask(options.baseline), openDataTask, fitTask];
    const state: RunState = { context: checking, warnings: [] };
    await runTasks(tasks, state, furtherError(context));
  }
  const folder = createDatasetsFolder(context.runs, planned.parsed.suite.name, new Date());
  const manifest = manifestOf(folder, planned, options, context);
  writeDatasetsManifest(folder, changed(manifest, planned.parsed.redactor.json));
  return measureAll(
    folder,
    manifest,
    { suite, options, retryFailed: false, remeasure: undefined },
    context,
    finish,
  );
}

/** Continues a run over several datasets: what is complete stays, what was begun is continued, the rest is measured. */
export async function resumeDatasets(
  folder: RunFolder,
  options: ResumeOptions,
  given: Context,
  finish?: Finish,
): Promise<RunOutcome> {
  const context = hiding(given);
  const stored = readDatasetsManifest(folder)!;
  const { text, path } = stored.suite;
  const { secrets, redactor } = parseSuite(text, path, suiteEnv(context));
  context.hide(secrets);
  const manifest = changed(stored, redactor.reveal);
  const suite = { text, given: path, path: manifest.suiteFile };
  const work = {
    suite,
    options: { ...manifest.options, inspectBuild: options.inspectBuild, baseline: options.baseline },
    retryFailed: options.retryFailed === true,
    remeasure: options.remeasure,
  };
  return measureAll(folder, manifest, work, context, finish);
}

/** Secrets hidden or shown again; what names files stays, and is made without them. */
function changed(manifest: DatasetsManifest, change: <T>(value: T) => T): DatasetsManifest {
  const datasets = manifest.datasets.map(({ name, folder }) => ({ name: change(name), folder }));
  return { ...change(manifest), id: manifest.id, datasets };
}

interface Work {
  suite: SuiteText;
  options: RunOptions & InspectOptions & { baseline?: string | undefined };
  retryFailed: boolean;
  remeasure: Remeasure | undefined;
}

async function measureAll(
  folder: RunFolder,
  manifest: DatasetsManifest,
  work: Work,
  context: Context,
  finish: Finish | undefined,
): Promise<RunOutcome> {
  const unlock = lockRun(folder);
  try {
    const outcome = await measureInTurn(folder, manifest, work, context);
    if (outcome.state !== 'failed' && partsOf(folder)!.length > 0) await finish?.(folder);
    return outcome;
  } finally {
    unlock();
  }
}

async function measureInTurn(
  folder: RunFolder,
  manifest: DatasetsManifest,
  { suite, options, retryFailed, remeasure }: Work,
  context: Context,
): Promise<RunOutcome> {
  const partOf = { run: folder.id, datasets: manifest.datasets.map(({ name }) => name) };
  for (const [number, { folder: inside }] of manifest.datasets.entries()) {
    const path = join(folder.path, inside);
    const before = stateOf(runFolder(path));
    if (before === 'completed' && !retryFailed && remeasure === undefined) continue;
    try {
      const outcome =
        before === 'absent'
          ? await startOne(suite, options, context, undefined, { number, place: { path, partOf } })
          : await resumeOne(path, { ...options, retryFailed, remeasure }, context);
      if (outcome.state !== 'completed') return { ...outcome, folder };
    } catch (error) {
      // What was measured before is worth its report.
      return context.signal.aborted ? { state: 'interrupted', folder } : { state: 'failed', folder, error };
    }
    if (context.signal.aborted) return { state: 'interrupted', folder };
  }
  return { state: 'completed', folder };
}

function stateOf(part: RunFolder): 'absent' | 'begun' | 'completed' {
  if (!existsSync(part.manifest)) return 'absent';
  const last = readEvents(part).at(-1);
  return last?.type === 'runEnd' && last.state === 'completed' ? 'completed' : 'begun';
}

/** Everything that is checked before a point is read, for each dataset; `vecproof run --dry-run` stops after it. */
export async function checkDatasets(
  { suite, parsed }: Planned,
  options: RunOptions,
  context: Context,
): Promise<void> {
  refuseOptions(options);
  for (const part of parsed.datasets.keys()) {
    const { data } = await planRun(suite, options, context, part);
    await checkDataRequest(context, data);
  }
}

/** Options that speak of one dataset, and shards, which are merged dataset by dataset. */
function refuseOptions(options: RunOptions): void {
  if (options.shard !== undefined) {
    throw new InputError('a suite with several datasets is not measured in shards as a whole', {
      where: '--shard',
      got: options.shard,
      next: 'measure and merge each dataset by itself: vecproof run <suite> --dataset <name> --shard i/n',
    });
  }
  const { id, vector, text, metric, queries, qrels, neighbors, skipInvalid } = options;
  const given = { id, vector, text, metric, queries, qrels, neighbors, 'skip-invalid': skipInvalid };
  const found = Object.entries(given).find(([, value]) => value !== undefined);
  if (found === undefined) return;
  throw new InputError('says how one dataset is read, and the suite has several', {
    where: `--${found[0]}`,
    next: 'say it in the suite, as in datasets: [{ path: …, metric: … }], or choose one with --dataset <name>',
  });
}

function manifestOf(
  folder: RunFolder,
  { suite, parsed }: Planned,
  options: StartOptions,
  context: Context,
): DatasetsManifest {
  const taken = new Set<string>();
  const { engine, only } = options;
  return {
    schema: RUN_SCHEMA,
    id: folder.id,
    vecproof: packageInfo().version,
    created: new Date().toISOString(),
    command: commandLine(suite.given, options),
    suite: {
      name: parsed.suite.name,
      path: displayPath(suite.path, context.cwd),
      text: parsed.text,
      description: parsed.suite.description ?? null,
    },
    suiteFile: suite.path,
    options: { ...(engine !== undefined && { engine }), ...(only !== undefined && { only }) },
    datasets: parsed.datasets.map(({ name }) => ({
      name: name!,
      folder: `${PARTS_FOLDER}/${uniqueSlug(parsed.redactor.text(name!), taken)}`,
    })),
  };
}

function uniqueSlug(name: string, taken: Set<string>): string {
  const slug = slugOf(name).replace(/^-+|-+$/g, '') || 'dataset';
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? slug : `${slug}-${i}`;
    if (taken.has(candidate)) continue;
    taken.add(candidate);
    return candidate;
  }
}
