import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, type ExitCode, InputError } from '../../../common/errors.js';
import { fileFailure, writeFileAtomic } from '../../../common/files.js';
import { packageInfo } from '../../../common/paths.js';
import { readEnvironment } from '../../run/environment.js';
import { runPlan } from '../../run/run.js';
import { finishedTrials } from '../../store/derive.js';
import { lockRun } from '../../store/lock.js';
import {
  appendEvent,
  cleanRunFolder,
  createRunFolder,
  findRun,
  type RunFolder,
  readEvents,
  readManifest,
  repairEvents,
  writeManifest,
} from '../../store/run-folder.js';
import type { Manifest, Results } from '../../store/schema.js';
import type { Truth } from '../../store/types.js';
import { parseSuite } from '../../suite/parse.js';
import { writeTruth } from '../../truth/files.js';
import type { Context } from '../context.js';
import { type Data, openData } from '../data.js';
import { printDryRun } from '../dry-run.js';
import { printSummary, writeReports } from '../output.js';
import {
  checkAgainstData,
  checkAvailability,
  displayPath,
  type Planned,
  planRun,
  type RunOptions,
} from '../prepare-run.js';
import { Progress } from '../progress.js';
import { type Redactor, redactor } from '../redact.js';
import { truthFor } from '../truth-for.js';

export interface RunCommand extends RunOptions {
  resume?: string | undefined;
  dryRun?: boolean | undefined;
  retryFailed?: boolean | undefined;
  json?: boolean | undefined;
}

interface Ready {
  folder: RunFolder;
  manifest: Manifest;
  data: Data;
  redactor: Redactor;
  unavailable: ReadonlyMap<string, string>;
  finished: ReadonlySet<string>;
  warnings: readonly string[];
}

/** `vecparity run`: plan, measure, report. */
export async function runCommand(
  suite: string | undefined,
  options: RunCommand,
  context: Context,
): Promise<ExitCode> {
  if (options.resume !== undefined) {
    const folder = findRun(options.resume, context.runs);
    const unlock = lockRun(folder);
    try {
      return await measureAndReport(await resume(folder, options, context), true, options, context);
    } finally {
      unlock();
    }
  }
  if (suite === undefined) {
    throw new InputError('no suite was given', {
      next: 'vecparity run suites/quickstart.yaml, or --resume <run>',
    });
  }
  const planned = await planRun(suite, options, context.cwd, context.env);
  if (options.dryRun === true) return printDryRun(planned, context);
  const progress = startingLines(context);
  const data = await openData(context, planned.data, progress);
  const { info } = data;
  const k = planned.parsed.ks.at(-1)!;
  checkAgainstData(
    planned,
    { metric: info.metric, dimensions: info.dimensions, count: info.count, k },
    suite,
  );
  const truth = await truthFor(context, data, k, progress);
  const availability = await checkAvailability(planned.builds);
  const folder = createRunFolder(context.runs, planned.parsed.suite.name, new Date());
  const unlock = lockRun(folder);
  try {
    const manifest = await begin(
      folder,
      planned,
      data,
      truth,
      availability.packages,
      suite,
      options,
      context,
    );
    const hide = redactor(planned.parsed.secrets);
    const warnings = [...data.warnings, ...truth.warnings];
    const ready = {
      folder,
      manifest,
      data,
      redactor: hide,
      warnings,
      unavailable: availability.unavailable,
      finished: new Set<string>(),
    };
    return await measureAndReport(ready, false, options, context);
  } finally {
    unlock();
  }
}

/** Writes everything that is known before the first measurement. A folder that could not be completed is removed. */
async function begin(
  folder: RunFolder,
  planned: Planned,
  data: Data,
  truth: { truth: Truth; record: Manifest['truth'] },
  packages: Record<string, string>,
  suiteArgument: string,
  options: RunCommand,
  context: Context,
): Promise<Manifest> {
  const { suite, ks, memoryLimitBytes, text } = planned.parsed;
  const { info } = data;
  const manifest: Manifest = {
    schema: 1,
    id: folder.id,
    vecparity: packageInfo().version,
    created: new Date().toISOString(),
    command: commandLine(suiteArgument, options),
    suite: {
      name: suite.name,
      path: displayPath(planned.suitePath, context.cwd),
      text,
      description: suite.description ?? null,
    },
    dataset: {
      name: info.name,
      source: displayPath(info.source, context.cwd),
      hash: info.hash,
      metric: info.metric,
      metricSource: info.metricSource,
      dimensions: info.dimensions,
      count: info.count,
      licence: info.licence ?? null,
      provenance: info.provenance ?? null,
    },
    datasetOptions: {
      nameOrPath: planned.data.nameOrPath,
      metric: planned.data.metric,
      queriesFile: planned.data.queriesFile,
    },
    queries: { set: data.set, count: data.count, hash: data.hash },
    truth: truth.record,
    ks,
    repeat: suite.repeat,
    warmup: suite.warmup,
    seed: suite.seed,
    threads: suite.threads,
    memoryLimitBytes,
    deadlineSeconds: suite.deadline,
    environment: readEnvironment(),
    packages,
    plan: planned.builds,
  };
  try {
    await writeTruth(folder.truth, truth.truth, { metric: info.metric });
    const ids = data.queries.ids.slice(0, data.count);
    writeFileAtomic(folder.queries, `${JSON.stringify({ set: data.set, ids })}\n`);
    const { plan, dataset, datasetOptions } = redactor(planned.parsed.secrets).json(manifest);
    writeManifest(folder, {
      ...manifest,
      plan,
      dataset: { ...manifest.dataset, source: dataset.source },
      datasetOptions,
    });
    return manifest;
  } catch (error) {
    rmSync(folder.path, { recursive: true, force: true });
    throw error;
  }
}

/** Takes up a run where it stopped: same plan, same data; what has ended is not measured again. */
async function resume(folder: RunFolder, options: RunCommand, context: Context): Promise<Ready> {
  const stored = readManifest(folder);
  cleanRunFolder(folder);
  repairEvents(folder);
  const hide = redactor(parseSuite(stored.suite.text, stored.suite.path, context.env).secrets);
  const { plan, datasetOptions } = hide.reveal(stored);
  const manifest = { ...stored, plan, datasetOptions };
  const request = {
    ...manifest.datasetOptions,
    set: manifest.queries.set,
    limit: manifest.queries.count,
    lenient: false,
  };
  const data = await openData(context, request, startingLines(context));
  if (data.info.hash !== manifest.dataset.hash || data.hash !== manifest.queries.hash) {
    throw new InputError('the dataset or its queries have changed since this run began', {
      where: folder.path,
      got: data.info.hash.slice(0, 12),
      next: `restore the dataset with hash ${manifest.dataset.hash.slice(0, 12)}…, or start a new run`,
    });
  }
  const events = readEvents(folder);
  const { unavailable, packages } = await checkAvailability(manifest.plan);
  const warnings = differences(manifest, packages);
  const failed = new Set(
    events.flatMap((event) =>
      event.type === 'trialEnd' && event.state !== 'completed' ? [event.trial] : [],
    ),
  );
  const finished = new Set(
    [...finishedTrials(events)].filter((id) => options.retryFailed !== true || !failed.has(id)),
  );
  return { folder, manifest, data, redactor: hide, unavailable, finished, warnings };
}

/** A run continued on another machine or with other packages mixes figures: that must be said. */
function differences(manifest: Manifest, packages: Record<string, string>): string[] {
  const now = readEnvironment();
  const changed = (['cpu', 'cores', 'memoryBytes', 'node', 'kernel'] as const).filter(
    (key) => now[key] !== manifest.environment[key],
  );
  const versions = Object.keys(packages).filter(
    (name) => manifest.packages[name] !== undefined && manifest.packages[name] !== packages[name],
  );
  return [
    ...changed.map(
      (key) =>
        `the run was continued with another ${key}: ${now[key]} instead of ${manifest.environment[key]}`,
    ),
    ...versions.map(
      (name) => `the run was continued with ${name} ${packages[name]} instead of ${manifest.packages[name]}`,
    ),
  ];
}

async function measureAndReport(
  ready: Ready,
  resumed: boolean,
  options: RunCommand,
  context: Context,
): Promise<ExitCode> {
  const { folder, manifest, data } = ready;
  const total = manifest.plan.reduce((sum, { trials }) => sum + trials.length, 0);
  const progress = new Progress(context, { done: ready.finished.size, total });
  const now = () => new Date().toISOString();
  appendEvent(folder, { type: 'runBegin', time: now(), resumed });
  for (const message of [...ready.warnings, ...unavailableWarnings(ready.unavailable)]) {
    appendEvent(folder, { type: 'warning', time: now(), message });
    progress.say(`warning: ${message}`);
  }
  const redact = ready.redactor.text;
  try {
    const { queriesFile, warmupQueryCount } = writeQueries(folder, data, manifest.warmup);
    const state = await runPlan(
      {
        folder,
        manifest,
        vectors: data.vectors,
        queriesFile,
        warmupQueryCount,
        unavailable: ready.unavailable,
        signal: context.signal,
        redact,
        onNews: (news) => progress.take(news),
      },
      ready.finished,
    );
    appendEvent(folder, { type: 'runEnd', time: now(), state });
  } catch (error) {
    appendEvent(folder, { type: 'runEnd', time: now(), state: 'failed' });
    throw error;
  } finally {
    progress.end();
    cleanRunFolder(folder);
    data.vectors.close();
    await data.dataset.close();
  }
  const { results, model } = await writeReports(folder, ['json', 'csv', 'html']);
  if (options.json === true) context.out.write(`${JSON.stringify(results)}\n`);
  else printSummary(context, folder, model);
  if (context.signal.aborted) {
    context.err.write(
      `interrupted: continue with "vecparity run --resume ${displayPath(folder.path, context.cwd)}"\n`,
    );
    return EXIT.interrupted;
  }
  return exitCode(results);
}

/** A failed trial, or a run in which nothing could be measured, is not a success. */
function exitCode({ trials }: Results): ExitCode {
  const failed =
    trials.some(({ state }) => state === 'failed') || !trials.some(({ state }) => state === 'completed');
  return failed ? EXIT.engineOrDatasetFailed : EXIT.passed;
}

function unavailableWarnings(unavailable: ReadonlyMap<string, string>): string[] {
  return [...unavailable].map(([engine, reason]) => `${engine} is skipped: ${reason}`);
}

/** The measured queries and up to `warmup` of those after them, flat, for the builds' processes. */
function writeQueries(folder: RunFolder, { queries, count }: Data, warmup: number) {
  const queriesFile = join(folder.work, 'queries.f32');
  const warmupQueryCount = Math.min(warmup, queries.count - count);
  const { buffer, byteOffset } = queries.vectors;
  const bytes = new Uint8Array(buffer, byteOffset, (count + warmupQueryCount) * queries.dimensions * 4);
  try {
    mkdirSync(folder.work, { recursive: true });
  } catch (error) {
    throw fileFailure(folder.work, 'the work folder cannot be made', error);
  }
  writeFileAtomic(queriesFile, bytes);
  return { queriesFile, warmupQueryCount };
}

function commandLine(suite: string, { dataset, only, engine }: RunCommand): string {
  const parts = ['vecparity', 'run', suite];
  if (dataset !== undefined) parts.push('--dataset', dataset);
  if (engine !== undefined) parts.push('--engine', engine.join(','));
  if (only !== undefined) parts.push('--only', only);
  return parts
    .map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

/** Lines about the work before the first build. */
function startingLines(context: Context): (text: string) => void {
  let shown = performance.now();
  return (text) => {
    const now = performance.now();
    if (now - shown < (context.live ? 1000 : 10_000)) return;
    shown = now;
    context.err.write(`${text}\n`);
  };
}
