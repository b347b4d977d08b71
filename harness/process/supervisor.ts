import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import { compiledModule } from '../../common/paths.js';
import type { BuildCost } from '../model/events.js';
import type { ChildMessage, Job, Phase, ServerReply } from './protocol.js';
import { residentBytes } from './resources.js';

const MEMORY_LOOK_MS = 100;
const ABORT_GRACE_MS = 3000;
const LOG_LINES = 40;

export interface Limits {
  memoryLimitBytes: number | null;
  /** `record` and `probe` have the deadline of `search`; the time between two phases has that of the phase before. */
  deadlineSeconds: Readonly<Record<Exclude<Phase, 'record' | 'probe'>, number>>;
}

/** What the supervision of a build has to do with its server. */
export interface SupervisedServer {
  /** Resolves with the reason if the server ends by itself. */
  endedBecause(): Promise<string>;
  restart(how: 'stop' | 'kill'): Promise<ServerReply>;
}

/** How a build's process ended. */
export type ChildEnd =
  | { state: 'completed'; cost: BuildCost }
  | { state: 'aborted'; cost: BuildCost }
  | {
      state: 'failed';
      cost: BuildCost;
      error: string;
      /** Where it happened; undefined before the first phase. */
      phase: Phase | undefined;
      trial: string | undefined;
      /** The child ended by itself after saying why; otherwise it crashed, was killed, or lost its server. */
      orderly: boolean;
    };

/**
 * Runs one build in a process of its own and watches it: a crash, a hang past its deadline or too much memory ends
 * that process and becomes a recorded failure. The work folder exists only meanwhile.
 *
 * @param server the build's server, if it has one: once that has ended there is nothing left to ask
 */
export async function superviseBuild(
  job: Job,
  limits: Limits,
  signal: AbortSignal,
  onMessage: (message: ChildMessage) => void,
  server?: SupervisedServer,
): Promise<ChildEnd> {
  const temporary = join(job.workFolder, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const child = fork(compiledModule('harness/process/child.js'), [], {
    execArgv: ['--expose-gc', '--enable-source-maps'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    // Some engines leave files in the folder for temporary ones: it is removed with the rest.
    env: { ...process.env, TMPDIR: temporary },
  });
  try {
    const watch = new Watch(child, job, limits, signal, onMessage, server);
    void server?.endedBecause().then((reason) => watch.kill(reason));
    return await watch.end;
  } finally {
    rmSync(job.workFolder, { recursive: true, force: true, maxRetries: 5 });
  }
}

type Restart = Extract<ChildMessage, { type: 'restartServer' }>;

class Watch {
  readonly end: Promise<ChildEnd>;
  readonly #child: ChildProcess;
  readonly #limits: Limits;
  readonly #log: string[] = [];
  #cost: BuildCost = {};
  #phase: Phase | undefined;
  #trial: string | undefined;
  #deadline: NodeJS.Timeout | undefined;
  /** Why we killed it, or what it said itself. */
  #reason: string | undefined;
  #orderly = false;
  #fatal: { error: unknown } | undefined;
  #done = false;

  constructor(
    child: ChildProcess,
    job: Job,
    limits: Limits,
    signal: AbortSignal,
    onMessage: (m: ChildMessage) => void,
    server: SupervisedServer | undefined,
  ) {
    this.#child = child;
    this.#limits = limits;
    child.stdout?.on('data', (data: Buffer) => this.#keepLog(data));
    child.stderr?.on('data', (data: Buffer) => this.#keepLog(data));
    child.on('message', (message) => {
      try {
        this.#note(message as ChildMessage);
        if ((message as ChildMessage).type === 'restartServer')
          void this.#restart(message as Restart, server);
        onMessage(message as ChildMessage);
      } catch (error) {
        // The run itself can no longer be recorded (a full disk, say): nothing more to measure.
        this.#fatal ??= { error };
        this.kill('the run cannot be recorded');
      }
    });
    this.#startDeadline('create', 'the process of the build did not start within the deadline');
    const memory = this.#watchMemory();
    const stop = () => this.#abort();
    signal.addEventListener('abort', stop, { once: true });
    this.end = new Promise<ChildEnd>((resolve, reject) => {
      child.once('error', reject);
      // 'close' comes after the last message and the last line of output.
      child.once('close', (code, killedBy) => {
        if (this.#fatal !== undefined) reject(this.#fatal.error);
        else resolve(this.#ended(code, killedBy, signal.aborted));
      });
    }).finally(() => {
      clearInterval(memory);
      clearTimeout(this.#deadline);
      signal.removeEventListener('abort', stop);
    });
    child.send(job, (error) => {
      if (error !== null) this.#keepLog(Buffer.from(`the job could not be sent: ${error.message}`));
    });
    if (signal.aborted) this.#abort();
  }

  #note(message: ChildMessage): void {
    switch (message.type) {
      case 'begin':
        this.#phase = message.phase;
        this.#trial = message.trial;
        this.#startDeadline(message.phase, `${message.phase} took longer than its deadline`);
        break;
      case 'end':
        // What follows until the next phase begins (a write, closing the engine) can hang as well.
        if (message.phase !== 'warmup')
          this.#startDeadline(message.phase, `what follows ${message.phase} took longer than its deadline`);
        break;
      case 'cost':
        this.#cost = message.cost;
        break;
      case 'failed':
        this.#reason = message.error;
        this.#orderly = !message.lost;
        break;
      case 'unrecordable':
        throw new FailureError(message.error);
      case 'done':
        this.#done = true;
        break;
    }
  }

  async #restart({ how }: Restart, server: SupervisedServer | undefined): Promise<void> {
    const reply = await server!.restart(how);
    if (this.#child.connected) this.#child.send(reply);
  }

  #startDeadline(phase: Phase, what: string): void {
    clearTimeout(this.#deadline);
    const key = phase === 'record' || phase === 'probe' ? 'search' : phase;
    const seconds = this.#limits.deadlineSeconds[key];
    this.#deadline = setTimeout(() => {
      this.kill(`${what} of ${seconds} s (deadline.${key})`);
    }, seconds * 1000);
  }

  #watchMemory(): NodeJS.Timeout | undefined {
    const limit = this.#limits.memoryLimitBytes;
    if (limit === null) return undefined;
    return setInterval(async () => {
      const pid = this.#child.pid;
      const bytes = pid === undefined ? undefined : await residentBytes(pid);
      if (bytes !== undefined && bytes > limit) {
        this.kill(
          `resident memory reached ${mib(bytes)} MiB, over the limit of ${mib(limit)} MiB (memoryLimit)`,
        );
      }
    }, MEMORY_LOOK_MS);
  }

  /** Ends the process for a reason that is recorded; one that has ended is left alone. */
  kill(reason: string): void {
    this.#reason ??= reason;
    this.#child.kill('SIGKILL');
  }

  /** Asks first, so that the engine can close; insists after a while. */
  #abort(): void {
    if (this.#child.connected) this.#child.send('abort');
    setTimeout(() => this.#child.kill('SIGKILL'), ABORT_GRACE_MS).unref();
  }

  #keepLog(data: Buffer): void {
    this.#log.push(
      ...data
        .toString('utf8')
        .split('\n')
        .filter((line) => line.trim() !== ''),
    );
    this.#log.splice(0, Math.max(0, this.#log.length - LOG_LINES));
  }

  #ended(code: number | null, killedBy: NodeJS.Signals | null, aborted: boolean): ChildEnd {
    const cost = this.#cost;
    if (this.#done) return { state: 'completed', cost };
    if (aborted) return { state: 'aborted', cost };
    const how = killedBy === null ? `exit code ${code}` : `signal ${killedBy}`;
    const reason = this.#reason ?? `the process of the build crashed with ${how}`;
    const log = this.#log.length === 0 ? '' : `\nlast output:\n${this.#log.slice(-8).join('\n')}`;
    const error = reason + log;
    return { state: 'failed', cost, error, phase: this.#phase, trial: this.#trial, orderly: this.#orderly };
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
