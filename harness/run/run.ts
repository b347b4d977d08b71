import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PreparedVectors } from '../../datasets/dataset.js';
import { appendEvent, type RunFolder } from '../store/run-folder.js';
import type { BuildCost, Manifest, PlannedBuild, RunEvent, TrialState } from '../store/schema.js';
import type { ChildMessage, Job, Phase } from './protocol.js';
import { type ChildEnd, superviseBuild } from './supervisor.js';

/** What a run tells whoever watches it; the terminal is one such. */
export type RunNews =
  | { type: 'build'; build: PlannedBuild; index: number; total: number }
  | { type: 'begin'; phase: Phase; trial: string | undefined; total: number; unit: string }
  | { type: 'progress'; done: number }
  | { type: 'warning'; message: string }
  | { type: 'trialEnd'; trial: string; state: TrialState; error: string | undefined }
  | {
      type: 'buildEnd';
      build: PlannedBuild;
      state: TrialState;
      error: string | undefined;
      cost: BuildCost;
      seconds: number;
    };

export interface RunInput {
  folder: RunFolder;
  manifest: Manifest;
  vectors: PreparedVectors;
  /** Flat float32: measured queries, then those for warm-up. */
  queriesFile: string;
  warmupQueryCount: number;
  /** Trials that cannot be measured here, with the reason; they are recorded as skipped. */
  skips: ReadonlyMap<string, string>;
  signal: AbortSignal;
  /** Hides the values of environment variables. */
  redact: (text: string) => string;
  onNews: (news: RunNews) => void;
}

/** Measures every build of the plan that has unfinished trials. `finished`: ids of trials that have ended before. */
export async function runPlan(
  input: RunInput,
  finished: ReadonlySet<string>,
): Promise<'completed' | 'interrupted'> {
  const { manifest, signal, onNews } = input;
  const builds = manifest.plan.filter((build) => build.trials.some(({ id }) => !finished.has(id)));
  for (const [index, build] of builds.entries()) {
    if (signal.aborted) return 'interrupted';
    onNews({ type: 'build', build, index, total: builds.length });
    const open = new Set(build.trials.map(({ id }) => id).filter((id) => !finished.has(id)));
    skip(input, build, open);
    if (open.size > 0) await measure(input, build, open);
  }
  return signal.aborted ? 'interrupted' : 'completed';
}

/** Takes out and records what cannot be measured. */
function skip(input: RunInput, build: PlannedBuild, open: Set<string>): void {
  let last: string | undefined;
  for (const trial of [...open]) {
    const known = input.skips.get(trial);
    if (known === undefined) continue;
    const reason = input.redact(known);
    last = reason;
    open.delete(trial);
    record(input, { type: 'trialEnd', build: build.id, trial, state: 'skipped', reason, flags: [] });
    input.onNews({ type: 'trialEnd', trial, state: 'skipped', error: undefined });
  }
  if (last === undefined || open.size > 0) return;
  record(input, { type: 'buildEnd', build: build.id, attempt: 0, state: 'skipped', error: last, cost: {} });
  input.onNews({ type: 'buildEnd', build, state: 'skipped', error: last, cost: {}, seconds: 0 });
}

/**
 * Runs a build until each of its trials has ended. If the process dies while it measures one trial, that trial is
 * the loss: the others are measured by a new process on a new build.
 */
async function measure(input: RunInput, build: PlannedBuild, open: Set<string>): Promise<void> {
  const start = performance.now();
  for (let attempt = 1; open.size > 0; attempt++) {
    record(input, { type: 'buildBegin', build: build.id, attempt });
    const job = jobFor(input, build, open);
    const end = await superviseBuild(job, limits(input.manifest), input.signal, (message) =>
      take(input, build, open, message),
    );
    const state = end.state;
    const error = end.state === 'failed' ? input.redact(end.error) : undefined;
    if (end.state === 'failed' && open.size === 0) warnOfEnd(input, build, error!);
    if (end.state === 'failed') losses(input, build, open, end, error!);
    record(input, {
      type: 'buildEnd',
      build: build.id,
      attempt,
      state,
      cost: end.cost,
      ...(error && { error }),
    });
    const news = { build, state, error, cost: end.cost, seconds: (performance.now() - start) / 1000 };
    input.onNews({ type: 'buildEnd', ...news });
    if (end.state === 'aborted') return;
    if (end.state === 'completed' && open.size > 0)
      throw new Error(`${build.id} ended with unfinished trials`);
  }
}

/** All was measured, but the process did not end well: that is no loss, and no secret either. */
function warnOfEnd(input: RunInput, build: PlannedBuild, error: string): void {
  const message = `${build.id} failed after its last trial: ${error}`;
  record(input, { type: 'warning', build: build.id, message });
  input.onNews({ type: 'warning', message });
}

/** Records what a failed process took with it: one trial if it was being measured, else all of the build. */
function losses(
  input: RunInput,
  build: PlannedBuild,
  open: Set<string>,
  end: ChildEnd & { state: 'failed' },
  error: string,
): void {
  const one =
    (end.phase === 'search' || end.phase === 'record') &&
    end.trial !== undefined &&
    open.has(end.trial) &&
    !end.orderly;
  for (const trial of one ? [end.trial!] : [...open]) {
    open.delete(trial);
    record(input, { type: 'trialEnd', build: build.id, trial, state: 'failed', error, flags: [] });
    input.onNews({ type: 'trialEnd', trial, state: 'failed', error });
  }
}

function take(input: RunInput, build: PlannedBuild, open: Set<string>, message: ChildMessage): void {
  switch (message.type) {
    case 'begin':
      input.onNews({
        type: 'begin',
        phase: message.phase,
        trial: message.trial,
        total: message.total,
        unit: message.unit,
      });
      break;
    case 'progress':
      input.onNews(message);
      break;
    case 'end': {
      const trial = message.trial === undefined ? {} : { trial: message.trial };
      record(input, {
        type: 'phase',
        build: build.id,
        phase: message.phase,
        ...trial,
        seconds: message.seconds,
      });
      break;
    }
    case 'warning':
      record(input, { type: 'warning', build: build.id, message: input.redact(message.message) });
      input.onNews({ type: 'warning', message: input.redact(message.message) });
      break;
    case 'trialEnd': {
      const { type, error, ...rest } = message;
      const text = error === undefined ? undefined : input.redact(error);
      record(input, { type, build: build.id, ...rest, ...(text !== undefined && { error: text }) });
      open.delete(message.trial);
      input.onNews({ type, trial: message.trial, state: message.state, error: text });
      break;
    }
  }
}

function jobFor(input: RunInput, build: PlannedBuild, open: ReadonlySet<string>): Job {
  const { manifest, vectors, folder } = input;
  const todo = [...open].map((trial) => ({
    trial,
    doneRepetitions: donePasses(folder, trial, manifest.repeat),
  }));
  return {
    build,
    todo,
    metric: manifest.dataset.metric,
    dimensions: manifest.dataset.dimensions,
    count: manifest.dataset.count,
    vectorsFile: vectors.file,
    queriesFile: input.queriesFile,
    queryCount: manifest.queries.count,
    warmupQueryCount: input.warmupQueryCount,
    k: manifest.ks.at(-1)!,
    repeat: manifest.repeat,
    warmup: manifest.warmup,
    seed: manifest.seed,
    threads: manifest.threads,
    runFolder: folder.path,
    workFolder: join(folder.work, 'build'),
  };
}

/** Repetitions of a trial that an earlier process has left on disk. */
function donePasses({ parts }: RunFolder, trial: string, repeat: number): number[] {
  if (!existsSync(parts)) return [];
  const names = new Set(readdirSync(parts));
  return Array.from({ length: repeat }, (_, r) => r).filter((r) => names.has(`${trial}.${r}.parquet`));
}

function limits(manifest: Manifest) {
  return { memoryLimitBytes: manifest.memoryLimitBytes, deadlineSeconds: manifest.deadlineSeconds };
}

type Untimed<T> = T extends { time: string } ? Omit<T, 'time'> : never;

function record(input: RunInput, event: Untimed<RunEvent>): void {
  appendEvent(input.folder, { ...event, time: new Date().toISOString() } as RunEvent);
}
