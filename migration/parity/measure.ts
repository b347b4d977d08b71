import { join } from 'node:path';
import { InputError, messageOf } from '../../common/errors.js';
import { makeFolder, writeFileAtomic } from '../../common/files.js';
import type { PreparedVectors } from '../../datasets/dataset.js';
import type { PreparedMetadata } from '../../datasets/prepare.js';
import { executionOf } from '../../engines/contract/capabilities.js';
import type { LoggedEvent } from '../../harness/model/events.js';
import type { Manifest } from '../../harness/model/manifest.js';
import type { PlannedBuild, PlannedTrial } from '../../harness/model/plan.js';
import type { BuildContext } from '../../harness/run/context.js';
import { executorOf } from '../../harness/run/executors/registry.js';
import { jobFiltering, type RunFiltering } from '../../harness/run/filtering.js';
import type { Job } from '../../harness/run/job.js';
import { finish } from '../../harness/run/parts.js';
import { onePass } from '../../harness/run/pass.js';
import { exhaustiveSearch, probeTrials } from '../../harness/run/probe.js';
import { readQueries } from '../../harness/run/queries.js';
import { startTrial, type Trial } from '../../harness/run/trial.js';
import { appendEvent } from '../../harness/store/event-log.js';
import type { RunFolder } from '../../harness/store/run-folder.js';
import type { Side } from './side.js';

/** What is measured on one side, and on which build of the plan. */
export interface Measured {
  side: Side;
  build: PlannedBuild;
  /** Trials whose answers are explained. */
  probes: readonly string[];
}

export interface MeasureInput {
  folder: RunFolder;
  manifest: Manifest;
  vectors: PreparedVectors;
  metadata: PreparedMetadata | undefined;
  filtering: RunFiltering;
  queries: Float32Array;
  signal: AbortSignal;
  onProgress?(done: number, total: number): void;
}

/** Half of it may be spent on explaining each trial. */
const SEARCH_SECONDS = 600;

/**
 * Measures all trials of both sides in turn, pass by pass, so that slow drift of machine and servers falls on all of
 * them; then explains their answers. Each pass is on disk before the next begins.
 */
export async function measureSides(builds: readonly Measured[], input: MeasureInput): Promise<void> {
  const { folder, manifest, signal, onProgress } = input;
  const queriesFile = writeQueries(input);
  const log = (event: Omit<LoggedEvent, 'time'>) =>
    appendEvent(folder, { ...event, time: new Date().toISOString() } as LoggedEvent);
  log({ type: 'runBegin', resumed: false } as LoggedEvent);
  const sides = builds.map(({ side, build, probes }) => {
    const context = contextFor(side, build, probes, { ...input, queriesFile, log });
    return { side, build, context, trials: trialsOf(side, build, manifest) };
  });
  for (const { build } of sides) log({ type: 'buildBegin', build: build.id, attempt: 1 } as LoggedEvent);
  const queries = readQueries(sides[0]!.context.job);
  const all = sides.flatMap((each) => each.trials.map((trial) => ({ ...each, trial })));
  const rounds = Math.max(...all.map(({ trial }) => trial.passes));
  let done = 0;
  const total = all.reduce((sum, { trial }) => sum + trial.passes, 0);
  for (let round = 0; round < rounds; round++) {
    for (const { side, context, trial } of round % 2 === 0 ? all : all.toReversed()) {
      if (round >= trial.passes || trial.failed) continue;
      signal.throwIfAborted();
      await onePass(context, side.collection, trial, round, queries);
      if (!trial.failed && round === trial.passes - 1) await finish(context, trial);
      onProgress?.(++done, total);
    }
  }
  for (const { side, context } of sides) await probeTrials(context, side.collection, queries);
  for (const { side, build, context } of sides) {
    const cost = { ...context.cost, engineVersion: side.open.engineVersion };
    log({ type: 'buildEnd', build: build.id, attempt: 1, state: 'completed', cost } as LoggedEvent);
  }
}

function writeQueries({ folder, queries }: MeasureInput): string {
  makeFolder(folder.work);
  const path = join(folder.work, 'queries.f32');
  writeFileAtomic(path, new Uint8Array(queries.buffer, queries.byteOffset, queries.byteLength));
  return path;
}

/** @throws InputError for a workload that an engine cannot have */
export function trialsOf(
  { definition }: Side,
  { server, trials }: PlannedBuild,
  { repeat }: Pick<Manifest, 'repeat'>,
): Trial[] {
  // Its connection is the one that reads the place: threads would need further ones.
  const shape = { ...executionOf(definition.capabilities, server?.mode), shares: false, repeat };
  return trials.map((trial) => {
    const plan = executorOf(trial.workload).plan(trial.workload.options, shape);
    if (plan.state === 'refused')
      throw new InputError(plan.reason, { where: `${trial.id}: workload`, got: trial.workload.type });
    return startTrial(trial, shape, new Set());
  });
}

function contextFor(
  side: Side,
  build: PlannedBuild,
  probes: readonly string[],
  {
    folder,
    manifest,
    vectors,
    metadata,
    filtering,
    signal,
    queriesFile,
    log,
  }: MeasureInput & { queriesFile: string; log(event: Omit<LoggedEvent, 'time'>): void },
): BuildContext {
  const { ks, repeat, warmup, seed, queries, dataset } = manifest;
  const job: Job = {
    build,
    todo: build.trials.map(({ id }) => ({ trial: id, doneRepetitions: [] })),
    metric: dataset.metric,
    dimensions: dataset.dimensions,
    count: dataset.count,
    vectorsFile: vectors.file,
    queriesFile,
    queryCount: queries.count,
    warmupQueryCount: 0,
    filtering: jobFiltering(filtering, build),
    ks,
    repeat,
    warmup,
    remeasure: { busy: 0 },
    seed,
    engineSeed: seed,
    searchSeconds: SEARCH_SECONDS,
    probes: probes.map((trial) => ({ trial, ks })),
    scans: true,
    threads: manifest.threads,
    runFolder: folder.path,
    workFolder: folder.work,
  };
  return {
    job,
    cost: {},
    vectors,
    metadata,
    signal,
    // Both sides are open in this process, and asked in turn by who calls.
    turn: async () => undefined,
    restartServer: async () => {
      throw new InputError(`the server of ${side.open.place} is not ours to restart`, {
        where: side.definition.name,
      });
    },
    send: async (message) => {
      if (message.type === 'warning')
        log({ type: 'warning', build: build.id, message: message.message } as LoggedEvent);
      if (message.type === 'end') {
        const { phase, subject, seconds } = message;
        const trial = subject === undefined ? {} : { trial: subject };
        log({ type: 'phase', build: build.id, phase, ...trial, seconds } as LoggedEvent);
      }
      if (message.type === 'trialEnd') log({ build: build.id, attempt: 1, ...message } as LoggedEvent);
    },
  };
}

/** The trial that asks exhaustively, which was tried; or why there is none. */
export async function exactTrial(
  side: Side,
  build: PlannedBuild,
  {
    count,
    metric,
    dimensions,
    k,
  }: { count: number; metric: Manifest['dataset']['metric']; dimensions: number; k: number },
): Promise<PlannedTrial | { reason: string }> {
  const id = `${build.id}.exact`;
  const workload = { type: 'serial', options: {} };
  if (side.exact) return { id, search: { exhaustive: true }, workload };
  const [own] = build.trials;
  const found = exhaustiveSearch(side.definition, { build, count, metric, dimensions, k }, own!.search);
  if ('reason' in found) return found;
  try {
    await (await side.collection.prepare(found.search, k)).close();
  } catch (error) {
    return { reason: messageOf(error) };
  }
  return { id, search: found.search, workload };
}
