import { join } from 'node:path';
import { debug } from '../../common/debug.js';
import { messageOf, VecproofError } from '../../common/errors.js';
import type { PreparedVectors } from '../../datasets/dataset.js';
import { ownLabels } from '../../engines/launcher/labels.js';
import type { RunEvent, Untimed } from '../model/events.js';
import type { Manifest } from '../model/manifest.js';
import type { Native } from '../model/native.js';
import type { PlannedBuild } from '../model/plan.js';
import { ownPart, ownSeed, slotsOf } from '../model/shared-load.js';
import type { Leavings } from '../process/protocol.js';
import { supervise } from '../process/supervisor.js';
import { partsOnDisk, type RunFolder } from '../store/run-folder.js';
import { jobFiltering, type RunFiltering } from './filtering.js';
import { type Held, heldTogether, sideBySide } from './held-together.js';
import { type BuildEnd, type BuildMessage, buildTask, type Job, type Sharing } from './job.js';
import { LeftOnServers } from './left-on-servers.js';
import { type BuildServer, startServer } from './server.js';

export interface RunInput {
  folder: RunFolder;
  manifest: Manifest;
  vectors: PreparedVectors;
  /** Flat float32: measured queries, then those for warm-up. */
  queriesFile: string;
  warmupQueryCount: number;
  /** Groups and filters of the measured queries; absent where they have none. */
  filtering?: RunFiltering | undefined;
  /** By build whose engine runs in its own process: the engine's native libraries. */
  native: ReadonlyMap<string, Native>;
  /** Trials that cannot be measured here, with the reason; they are recorded as skipped. */
  skips: ReadonlyMap<string, string>;
  /** How often each build was begun before, where the run is continued. */
  begun: ReadonlyMap<string, number>;
  /** What servers may be given of the environment. */
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Hides the values of environment variables. */
  redact: (text: string) => string;
  /** Port on which each build's process waits for a debugger. */
  inspect?: number | undefined;
  /** Takes every event of the run: the log is one listener. */
  onEvent: (event: RunEvent) => void;
}

/** A build that is being measured. */
interface Measuring extends Held {
  build: PlannedBuild;
  attempt: number;
  /** Trials that have not ended. */
  open: Set<string>;
  server?: BuildServer | undefined;
}

/** Measures every build of the plan that has unfinished trials. `finished`: ids of trials that have ended before. */
export async function runPlan(
  input: RunInput,
  finished: ReadonlySet<string>,
): Promise<'completed' | 'interrupted'> {
  const { manifest, signal } = input;
  const all = [...manifest.plan, ...(manifest.rebuilds ?? [])];
  const builds = all.filter((build) => build.trials.some(({ id }) => !finished.has(id)));
  const left = new LeftOnServers((build, message) =>
    record(input, { type: 'warning', build: build.id, message: input.redact(message) }),
  );
  try {
    for (const group of heldTogether(builds, input)) {
      if (signal.aborted) return 'interrupted';
      const parts = group.map((build) => {
        const open = new Set(build.trials.map(({ id }) => id).filter((id) => !finished.has(id)));
        skip(input, build, open);
        return { build, open };
      });
      const wanted = parts.filter(({ open }) => open.size > 0);
      await sideBySide(wanted, signal, (part, own) => measure({ ...input, signal: own }, part, left));
    }
  } finally {
    await left.atEnd();
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
  }
  if (last === undefined || open.size > 0) return;
  record(input, { type: 'buildEnd', build: build.id, attempt: 0, state: 'skipped', error: last, cost: {} });
}

/**
 * Runs a build until each of its trials has ended. If the process dies while it measures one trial, that trial is
 * the loss: the others are measured by a new process on a new build.
 */
async function measure(
  input: RunInput,
  { build, open, held }: Pick<Measuring, 'build' | 'open' | 'held'>,
  left: LeftOnServers,
): Promise<void> {
  const before = input.begun.get(build.id) ?? 0;
  for (let attempt = before + 1; open.size > 0; attempt++) {
    // All are made before the first pass of any.
    await held?.turn.take([-1, held.number]);
    if (held !== undefined && input.signal.aborted) return;
    debug('run', () => `${build.id}: attempt ${attempt}, ${open.size} trials to measure`);
    record(input, { type: 'buildBegin', build: build.id, attempt });
    const end = await attemptBuild(input, { build, attempt, open, held }, left);
    const state = end.state;
    debug('run', () => `${build.id}: attempt ${attempt} ${state}, ${open.size} trials left`);
    const error = end.state === 'failed' ? end.error : undefined;
    const native = input.native.get(build.id);
    if (end.state === 'failed' && open.size === 0) warnOfEnd(input, build, end.error);
    if (end.state === 'failed') losses(input, { build, attempt, open }, end, end.error);
    record(input, {
      type: 'buildEnd',
      build: build.id,
      attempt,
      state,
      cost: end.report === undefined ? {} : { ...end.report, ...(native && { native }) },
      ...(error && { error }),
    });
    if (end.state === 'aborted') return;
    if (end.state === 'completed' && open.size > 0)
      throw new Error(`${build.id} ended with unfinished trials`);
  }
}

/** One process on one server. A server that does not start is a failure of the build; texts come back redacted. */
async function attemptBuild(input: RunInput, measuring: Measuring, left: LeftOnServers): Promise<BuildEnd> {
  const { build, attempt, held } = measuring;
  const { manifest, folder, signal } = input;
  let server: BuildServer | undefined;
  try {
    server = await launch(input, build, held?.number);
  } catch (error) {
    if (signal.aborted) return { state: 'aborted', report: undefined };
    if (!(error instanceof VecproofError)) throw error;
    const { message } = error;
    const where = { phase: undefined, subject: undefined, orderly: true };
    return redacted(input, { state: 'failed', report: undefined, error: message, ...where });
  }
  try {
    const job = { ...jobFor(input, measuring), ...server?.forJob() };
    if (input.inspect !== undefined) {
      const message = `${build.id} waits for a debugger on 127.0.0.1:${input.inspect} (chrome://inspect)`;
      record(input, { type: 'notice', message });
    }
    const end = await supervise({
      task: buildTask,
      input: job,
      workFolder: job.workFolder,
      leavings: leavingsOf(folder, server),
      limits: limits(manifest),
      signal,
      onMessage: (message) => take(input, { ...measuring, server }, message),
      server,
      turn: held?.turn,
      inspect: input.inspect,
    });
    if (server !== undefined) await left.afterBuild(build, end, server);
    return server === undefined
      ? redacted(input, end)
      : redacted(input, await server.close(end, folder, `${build.id}.${attempt}`));
  } finally {
    await stop(input, build, server);
  }
}

/** A container that cannot be removed is no reason to lose the rest of the run, but has to be told. */
async function stop(input: RunInput, build: PlannedBuild, server: BuildServer | undefined): Promise<void> {
  try {
    await server?.stop();
  } catch (error) {
    const message = `the server of ${build.id} could not be removed: ${messageOf(error)}; "vecproof doctor --clean" removes it`;
    record(input, { type: 'warning', build: build.id, message: input.redact(message) });
  }
}

function redacted(input: RunInput, end: BuildEnd): BuildEnd {
  return end.state === 'failed' ? { ...end, error: input.redact(end.error) } : end;
}

async function launch(
  input: RunInput,
  build: PlannedBuild,
  held: number | undefined,
): Promise<BuildServer | undefined> {
  const { manifest, folder, signal } = input;
  if (build.server === undefined) return undefined;
  const shared = sharingOf(manifest, build);
  record(input, { type: 'phaseBegin', build: build.id, phase: 'launch', total: 1, unit: '' });
  const server = await startServer({
    build,
    folder,
    labels: ownLabels(manifest.id),
    env: input.env,
    threads: manifest.threads,
    held,
    // Those who search the collection of another machine have made nothing that could be left.
    ...(shared && { nameEnd: shared.index === 1 ? shared.nameEnd : null }),
    signal,
    onNotice: (message) =>
      record(input, { type: 'warning', build: build.id, message: input.redact(message) }),
  });
  const seconds = server?.cost.startSeconds;
  if (seconds !== undefined) record(input, { type: 'phase', build: build.id, phase: 'launch', seconds });
  return server;
}

/** All was measured, but the process did not end well: that is no loss, and no secret either. */
function warnOfEnd(input: RunInput, build: PlannedBuild, error: string): void {
  const message = `${build.id} failed after its last trial: ${error}`;
  record(input, { type: 'warning', build: build.id, message });
}

/** Records what a failed process took with it: one trial if it was being measured, else all of the build. */
function losses(
  input: RunInput,
  { build, attempt, open }: Measuring,
  end: BuildEnd & { state: 'failed' },
  error: string,
): void {
  // What the other machines search together with this one is not made again.
  const shared = input.manifest.shard?.load !== undefined;
  const one =
    !shared &&
    (end.phase === 'search' || end.phase === 'record') &&
    end.subject !== undefined &&
    open.has(end.subject) &&
    !end.orderly;
  for (const trial of one ? [end.subject!] : [...open]) {
    open.delete(trial);
    record(input, { type: 'trialEnd', build: build.id, trial, attempt, state: 'failed', error, flags: [] });
  }
}

function take(input: RunInput, { build, attempt, open, server }: Measuring, message: BuildMessage): void {
  server?.follow(message);
  switch (message.type) {
    case 'begin': {
      const { subject: trial, ...rest } = message;
      record(input, { ...rest, ...(trial !== undefined && { trial }), type: 'phaseBegin', build: build.id });
      break;
    }
    case 'progress':
      record(input, { ...message, build: build.id });
      break;
    case 'end': {
      const trial = message.subject === undefined ? {} : { trial: message.subject };
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
      break;
    case 'passAgain':
      record(input, { ...message, build: build.id, attempt });
      break;
    case 'trialEnd': {
      const { type, error, ...rest } = message;
      const text = error === undefined ? undefined : input.redact(server?.explainTrial(error) ?? error);
      const use = server?.useOf(message.trial);
      const more = { ...(text !== undefined && { error: text }), ...(use && { server: use }) };
      record(input, { type, build: build.id, attempt, ...rest, ...more });
      open.delete(message.trial);
      break;
    }
  }
}

function jobFor(input: RunInput, { build, open, held }: Measuring): Job {
  const { manifest, vectors, folder } = input;
  const todo = [...open].map((trial) => ({
    trial,
    doneRepetitions: partsOnDisk(folder, trial),
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
    ...(input.filtering && { filtering: jobFiltering(input.filtering, build) }),
    ks: manifest.ks,
    repeat: manifest.repeat,
    warmup: manifest.warmup,
    remeasure: manifest.remeasure ?? { busy: 0 },
    seed: manifest.seed,
    // A second build of an index is worth nothing as a measure of chance if it is the first one's copy.
    engineSeed: manifest.seed + (manifest.rebuilds?.some(({ id }) => id === build.id) === true ? 1 : 0),
    searchSeconds: manifest.deadlineSeconds.search,
    probes: probesOf(manifest, build),
    threads: manifest.threads,
    runFolder: folder.path,
    ...(held && { held: held.number }),
    workFolder: join(folder.work, held === undefined ? 'build' : `build-${held.number}`),
    ...ownShare(manifest, build),
  };
}

/** What a job has in place of the whole, where several machines send its loads together. */
function ownShare(manifest: Manifest, build: PlannedBuild): Partial<Job> {
  const sharing = sharingOf(manifest, build);
  if (sharing === undefined) return {};
  const trials = build.trials.map((trial) => ({ ...trial, workload: ownPart(trial.workload, sharing) }));
  return {
    build: { ...build, trials },
    seed: ownSeed(manifest.seed, sharing),
    // Answers are explained by further searches, for which the others do not wait.
    probes: [],
    sharing,
  };
}

function sharingOf({ shard, repeat }: Manifest, { trials }: PlannedBuild): Sharing | undefined {
  if (shard?.load === undefined) return undefined;
  const { index, of, load } = shard;
  return { index, of, nameEnd: load.nameEnd, slots: slotsOf(trials, { ...load, repeat }) };
}

/** Trials of a build whose answers are to be explained, with the depths at which they are compared. */
function probesOf({ parity = [] }: Manifest, build: PlannedBuild): Job['probes'] {
  return build.trials.flatMap(({ id }) => {
    const ks = parity
      .filter(({ reference, candidate }) => reference === id || candidate === id)
      .map(({ k }) => k);
    return ks.length === 0 ? [] : [{ trial: id, ks: [...new Set(ks)] }];
  });
}

/** What a killed run leaves behind that is of no use to whoever continues it. */
function leavingsOf(folder: RunFolder, server: BuildServer | undefined): Leavings {
  return {
    lock: folder.lock,
    folders: [folder.work],
    temporariesIn: [folder.path, folder.samples, folder.parts],
    container: server?.launched.handle,
  };
}

function limits(manifest: Manifest) {
  return { memoryLimitBytes: manifest.memoryLimitBytes, deadlineSeconds: manifest.deadlineSeconds };
}

/** Tells an event to all that listen. */
function record(input: RunInput, event: Untimed<RunEvent>): void {
  input.onEvent({ ...event, time: new Date().toISOString() } as RunEvent);
}
