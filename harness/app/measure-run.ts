import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../cli/context.js';
import { gateExit, judgeAndReport } from '../../cli/judge-and-report.js';
import { printSummary } from '../../cli/output.js';
import { Progress } from '../../cli/progress.js';
import { EXIT, type ExitCode } from '../../common/errors.js';
import { fileFailure, writeFileAtomic } from '../../common/files.js';
import type { Redactor } from '../../common/redact.js';
import { isLogged, type RunEvent } from '../model/events.js';
import type { Manifest } from '../model/manifest.js';
import type { Results, TrialRow } from '../model/results.js';
import type { Verdicts } from '../model/verdict.js';
import type { RunFiltering } from '../run/filtering.js';
import { runPlan } from '../run/run.js';
import { appendEvent, cleanRunFolder, type RunFolder } from '../store/run-folder.js';
import type { Data } from './data.js';
import { displayPath } from './places.js';

/** A run that is planned and recorded, ready to be measured. */
export interface Ready {
  folder: RunFolder;
  manifest: Manifest;
  data: Data;
  redactor: Redactor;
  /** Why trials cannot be measured here, by trial id. */
  skips: ReadonlyMap<string, string>;
  /** Trials that have ended before. */
  finished: ReadonlySet<string>;
  warnings: readonly string[];
  /** Fields that engines load beside those of filters. */
  extraFields: readonly string[];
}

/** Measures what is to be measured, then derives the results and writes all reports. */
export async function measureAndReport(
  ready: Ready,
  resumed: boolean,
  options: { json?: boolean | undefined; baseline?: string | undefined },
  context: Context,
): Promise<ExitCode> {
  const { folder } = ready;
  const path = displayPath(folder.path, context.cwd);
  try {
    await measure(ready, resumed, context);
  } catch (error) {
    context.err.write(`what was measured is kept: continue with "vecproof run --resume ${path}"\n`);
    throw error;
  }
  const { results, model, verdicts } = await judgeAndReport(folder, options, context);
  if (options.json === true) context.out.write(`${JSON.stringify(results)}\n`);
  else printSummary(context, folder, model);
  if (!context.signal.aborted) return exitCode(results, verdicts);
  context.err.write(`interrupted: continue with "vecproof run --resume ${path}"\n`);
  return EXIT.interrupted;
}

async function measure(ready: Ready, resumed: boolean, context: Context): Promise<void> {
  const { folder, manifest, data, skips, finished } = ready;
  const progress = new Progress(context, [...manifest.plan, ...(manifest.rebuilds ?? [])], finished);
  const now = () => new Date().toISOString();
  const onEvent = (event: RunEvent) => {
    if (isLogged(event)) appendEvent(folder, event);
    progress.take(event);
  };
  try {
    onEvent({ type: 'runBegin', time: now(), resumed });
    for (const message of [...ready.warnings, ...skipWarnings(skips, finished)])
      onEvent({ type: 'warning', time: now(), message: ready.redactor.text(message) });
    const state = await runPlan(
      {
        folder,
        manifest,
        vectors: data.vectors,
        ...writeQueries(folder, data, manifest.warmup),
        filtering: filteringOf(ready),
        skips,
        signal: context.signal,
        redact: ready.redactor.text,
        onEvent,
      },
      finished,
    );
    onEvent({ type: 'runEnd', time: now(), state });
  } finally {
    progress.end();
    cleanRunFolder(folder);
    data.vectors.close();
    data.metadata?.close();
    await data.dataset.close();
  }
}

/** Groups, filters and metadata for the builds' processes; undefined where there is nothing to tell them. */
function filteringOf({ data, manifest, extraFields }: Ready): RunFiltering | undefined {
  const { grouped, metadata, ids } = data;
  if (grouped === undefined && extraFields.length === 0) return undefined;
  const plain = { group: 'all', filter: null, text: null, k: manifest.ks.at(-1)!, tenant: null };
  return {
    queries: grouped ?? ids.map(() => plain),
    metadata: metadata && { folder: metadata.folder, fields: metadata.fields },
    extraFields,
  };
}

/** A failed trial, one whose every query failed, or a run that measured nothing is not a success. */
export function exitCode({ trials }: Results, verdicts: Verdicts | undefined): ExitCode {
  const failed = trials.some((trial) => trial.state === 'failed' || nothingAnswered(trial));
  const nothing = !trials.some(({ state }) => state === 'completed');
  return failed || nothing ? EXIT.engineOrDatasetFailed : gateExit(verdicts);
}

function nothingAnswered({ measures }: TrialRow): boolean {
  const errors = measures['errors'];
  return errors !== undefined && errors.value === errors.n;
}

function skipWarnings(skips: ReadonlyMap<string, string>, finished: ReadonlySet<string>): string[] {
  const counts = new Map<string, number>();
  for (const [id, reason] of skips) if (!finished.has(id)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} trials are skipped: ${reason}`);
}

/** The measured queries and up to `warmup` others, flat, for the builds' processes. */
function writeQueries(folder: RunFolder, { info, queries, spare }: Data, warmup: number) {
  const queriesFile = join(folder.work, 'queries.f32');
  const warmupQueryCount = Math.min(warmup, spare.length / info.dimensions);
  const both = new Float32Array(queries.length + warmupQueryCount * info.dimensions);
  both.set(queries);
  both.set(spare.subarray(0, warmupQueryCount * info.dimensions), queries.length);
  try {
    mkdirSync(folder.work, { recursive: true });
  } catch (error) {
    throw fileFailure(folder.work, 'the work folder cannot be made', error);
  }
  writeFileAtomic(queriesFile, new Uint8Array(both.buffer));
  return { queriesFile, warmupQueryCount };
}
