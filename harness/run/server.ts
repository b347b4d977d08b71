import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as patience } from 'node:timers/promises';
import { messageOf } from '../../common/errors.js';
import { makeFolder, writeFileAtomic } from '../../common/files.js';
import { SHORTEST_SECRET } from '../../common/redact.js';
import { hideSecrets, keepCredentials } from '../../common/secrets.js';
import { type LaunchedServer, needsLaunch, type ServerState } from '../../engines/contract/server.js';
import { imageEntries } from '../../engines/launcher/images.js';
import { engineOf } from '../../engines/open.js';
import type { ServerCost } from '../model/events.js';
import type { PlannedBuild } from '../model/plan.js';
import type { ServerReply } from '../process/protocol.js';
import type { SupervisedServer } from '../process/supervisor.js';
import type { RunFolder } from '../store/run-folder.js';
import type { BuildEnd, BuildMessage, Job } from './job.js';

const SETTLE_MS = 2000;
const ASK_MS = 50;
const LOG_LINES = 15;
const DISK_MS = 5000;
const DEATH_MS = 2000;

export interface ServerRequest {
  build: PlannedBuild;
  folder: RunFolder;
  labels: Readonly<Record<string, string>>;
  /** What the server may be given of the environment. */
  env: NodeJS.ProcessEnv;
  threads: number;
  /** Which of several it is that are started side by side. */
  held?: number | undefined;
  /** End of the names of what the build makes on a server that stays; null: it makes nothing; absent: one of its own. */
  nameEnd?: string | null | undefined;
  signal: AbortSignal;
  onNotice: (message: string) => void;
}

/** Starts the server of a build, if it has one. Rejects with the launcher's error; nothing is left running then. */
export async function startServer(request: ServerRequest): Promise<BuildServer | undefined> {
  const { build, folder, labels, env, threads, held, signal, onNotice } = request;
  const choice = build.server;
  if (choice === undefined || !needsLaunch(choice.mode)) return undefined;
  const { server: support } = await engineOf(build);
  const definition = await support!.load();
  makeFolder(folder.work);
  const logFile = join(folder.work, held === undefined ? 'server.log' : `server-${held}.log`);
  const start = performance.now();
  const how = { ...choice, labels, env, threads, logFile, signal, onNotice };
  const launched = await definition.launch(how).catch((error: unknown) => {
    // The last lines are in the message; the rest may say more.
    if (existsSync(logFile) && !signal.aborted)
      writeLog(folder, `${build.id}.launch`, readFileSync(logFile, 'utf8'));
    throw error;
  });
  keepCredentials(launched.endpoint.secrets);
  for (const [name, value] of Object.entries(launched.endpoint.secrets)) {
    if (value !== '' && value.length < SHORTEST_SECRET)
      onNotice(
        `the ${name} of ${build.id} has fewer than ${SHORTEST_SECRET} characters: it is not hidden in files and messages`,
      );
  }
  const server = new BuildServer(launched, build, logFile, (performance.now() - start) / 1000);
  if (request.nameEnd !== undefined) server.nameEnd = request.nameEnd ?? undefined;
  return server;
}

/** The server of one build while it is measured: what it uses by phase, how it is doing, what it said. */
export class BuildServer implements SupervisedServer {
  readonly launched: LaunchedServer;
  readonly cost: ServerCost;
  /** Of the names of what this build makes on a server that stays; undefined for one that is removed with all it holds. */
  nameEnd: string | undefined;
  readonly #limit: number | undefined;
  readonly #logFile: string;
  readonly #trials = new Map<string, TrialUse>();
  #cpuBefore: number | undefined;
  #disk: Promise<void> | undefined;
  #trialFailed = false;

  constructor(launched: LaunchedServer, build: PlannedBuild, logFile: string, startSeconds: number) {
    this.launched = launched;
    this.#logFile = logFile;
    this.nameEnd = build.server!.mode === 'url' ? randomBytes(6).toString('hex') : undefined;
    this.#limit = build.server?.memoryBytes;
    const { image } = launched;
    const pinnedVersion = imageEntries()[build.engine]?.version;
    this.cost = {
      mode: build.server!.mode,
      origin: image?.origin ?? 'url',
      ...(image && { image: image.name, digest: image.digest, startSeconds }),
      ...(image?.version !== undefined && { imageVersion: image.version }),
      ...(pinnedVersion !== undefined && { pinnedVersion }),
    };
  }

  /** Hides the credentials in a text. */
  readonly redact = hideSecrets;

  /** What the build's process is given. */
  forJob(): Pick<Job, 'endpoint' | 'nameEnd' | 'restartable' | 'serverGroup'> {
    const { endpoint, restart, controlGroup: serverGroup } = this.launched;
    return { endpoint, serverGroup, nameEnd: this.nameEnd, restartable: restart !== undefined };
  }

  /** Restarts it for the build's process. */
  async restart(how: 'stop' | 'kill'): Promise<ServerReply> {
    try {
      return { type: 'server', endpoint: await this.launched.restart!(how) };
    } catch (error) {
      return { type: 'server', error: messageOf(error) };
    }
  }

  /** Resolves when the server ends while it is needed. */
  async endedBecause(): Promise<string> {
    const { state } = await this.launched.ended;
    return `the server ${state === 'exited' ? 'ended' : state} while the build needed it`;
  }

  /** Why a trial failed whose build goes on, with the server's last words; its log is kept then. */
  explainTrial(error: string): string {
    this.#trialFailed = true;
    return this.redact(`${error}${this.#lastWords()}`);
  }

  /** The build's end with what the server knows of it: its cost, and why it failed. The log is kept then. */
  async close(end: BuildEnd, folder: RunFolder, name: string): Promise<BuildEnd> {
    // A container that is frozen meanwhile never answers.
    await atMost(DISK_MS, this.#disk);
    const report = { ...end.report, server: this.cost };
    if (end.state !== 'failed') {
      if (this.#trialFailed) this.#keepLog(folder, name);
      return { ...end, report };
    }
    // Clients see a server die a moment before Docker does.
    if (!end.orderly) await atMost(DEATH_MS, this.launched.ended);
    const error = this.redact(await this.#explain(end.error));
    const kept = this.#keepLog(folder, name);
    return { ...end, report, error: kept === undefined ? error : `${error}\nits whole log: ${kept}` };
  }

  /** Follows the build's phases; what the server uses in between belongs to none of them. */
  follow(message: BuildMessage): void {
    if (message.type === 'begin') {
      const now = this.#memoryNow();
      if (message.phase === 'create') this.#noteHeld('start', now);
      this.#cpuBefore = this.launched.cpuSeconds();
    } else if (message.type === 'end' && message.phase !== 'warmup' && message.phase !== 'probe') {
      this.#note(message.phase, message.subject);
      if (message.phase === 'index') this.#disk = this.#noteDisk();
    }
  }

  /** What the server used for one trial so far; undefined where that cannot be measured. */
  useOf(trial: string): TrialUse | undefined {
    return this.#trials.get(trial);
  }

  /** Why a build on this server failed, as far as the server knows: its state and its last words. */
  async #explain(error: string): Promise<string> {
    let about = '';
    try {
      const state = await this.#settled();
      if (state !== undefined) about = this.#words(state);
    } catch (failure) {
      about = `Docker cannot be asked about the server: ${messageOf(failure)}\n`;
    }
    return `${about}${error}${this.#lastWords()}`;
  }

  #lastWords(): string {
    const tail = this.launched.logTail(LOG_LINES);
    return tail.length === 0 ? '' : `\nlast lines of the server's log:\n${tail.join('\n')}`;
  }

  /** A connection breaks a moment before Docker knows that its server has ended: it is asked for a while. */
  async #settled(): Promise<ServerState | undefined> {
    const end = performance.now() + SETTLE_MS;
    for (;;) {
      const state = await this.launched.status();
      if (state?.state !== 'running' || performance.now() > end) return state;
      await patience(ASK_MS);
    }
  }

  #words({ state, code, outOfMemory }: ServerState): string {
    const limit = this.#limit === undefined ? '' : ` of ${Math.round(this.#limit / 2 ** 20)} MiB`;
    const memory = outOfMemory
      ? `the server ran out of memory: the kernel killed one of its processes at the limit${limit} (memory)\n`
      : '';
    if (state === 'paused') return `${memory}the server's container is paused\n`;
    return state === 'exited'
      ? `${memory}the server ended${code === undefined ? '' : ` with exit code ${code}`}\n`
      : memory;
  }

  /** Keeps the server's whole log beside the run; returns where, relative to the run's folder. */
  #keepLog(folder: RunFolder, name: string): string | undefined {
    if (!existsSync(this.#logFile)) return undefined;
    return writeLog(folder, name, readFileSync(this.#logFile, 'utf8'));
  }

  async stop(): Promise<void> {
    await this.launched.stop();
  }

  #note(phase: string, trial: string | undefined): void {
    const { cost, launched } = this;
    const peak = launched.memoryPeak();
    if (phase === 'index' || phase === 'search') this.#noteHeld(phase, this.#memoryNow());
    const now = launched.cpuSeconds();
    const cpu = now === undefined || this.#cpuBefore === undefined ? undefined : now - this.#cpuBefore;
    const use = {
      ...(peak !== undefined && { memoryPeakBytes: peak }),
      ...(cpu !== undefined && { cpuSeconds: cpu }),
    };
    if (peak !== undefined)
      cost.memoryPeakBytes = {
        ...cost.memoryPeakBytes,
        [phase]: larger(cost.memoryPeakBytes?.[phase], peak),
      };
    if (cpu !== undefined)
      cost.cpuSeconds = { ...cost.cpuSeconds, [phase]: (cost.cpuSeconds?.[phase] ?? 0) + cpu };
    if (trial !== undefined && phase === 'search')
      this.#trials.set(trial, together(this.#trials.get(trial), use));
  }

  /** Working set at this moment: the peak since the look before. */
  #memoryNow(): number | undefined {
    this.launched.memoryPeak();
    return this.launched.memoryPeak();
  }

  #noteHeld(moment: 'start' | 'index' | 'search', bytes: number | undefined): void {
    if (bytes === undefined) return;
    const { memoryHeldBytes: held } = this.cost;
    this.cost.memoryHeldBytes = { ...held, [moment]: larger(held?.[moment], bytes) };
  }

  /** A server that cannot be asked any more leaves the figure absent; what happened to it shows elsewhere. */
  async #noteDisk(): Promise<void> {
    const bytes = await this.launched.diskBytes().catch(() => undefined);
    if (bytes !== undefined) this.cost.diskBytes = bytes;
  }
}

function writeLog({ path }: RunFolder, name: string, text: string): string {
  const folder = join(path, 'logs');
  makeFolder(folder);
  writeFileAtomic(join(folder, `${name}.log`), hideSecrets(text));
  return `logs/${name}.log`;
}

/** What a server used while one trial was searched. */
export interface TrialUse {
  memoryPeakBytes?: number;
  cpuSeconds?: number;
}

function together(before: TrialUse | undefined, now: TrialUse): TrialUse {
  if (before === undefined) return now;
  return {
    ...(now.memoryPeakBytes !== undefined && {
      memoryPeakBytes: larger(before.memoryPeakBytes, now.memoryPeakBytes),
    }),
    ...(now.cpuSeconds !== undefined && { cpuSeconds: (before.cpuSeconds ?? 0) + now.cpuSeconds }),
  };
}

/**
 * Waits for something that may never come. The timer holds this process: with a server that somebody else runs
 * nothing else does, and the run would end here without a word.
 */
async function atMost(milliseconds: number, work: Promise<unknown> | undefined): Promise<void> {
  const over = new AbortController();
  const end = patience(milliseconds, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([work, end]).finally(() => over.abort());
}

function larger(before: number | undefined, now: number): number {
  return Math.max(before ?? 0, now);
}
