import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { debug, isDebugLine, printDebugLine } from '../../common/debug.js';
import { FailureError } from '../../common/errors.js';
import { makeFolder } from '../../common/files.js';
import { compiledModule } from '../../common/paths.js';
import { knownSecrets } from '../../common/secrets.js';
import { type Leavings, type ProcessMessage, READY, type ServerReply, type Start, TURN } from './protocol.js';
import { residentBytes } from './resources.js';
import type { Task, TaskEnd, TaskTypes } from './task.js';
import type { Place, Turn } from './turns.js';

const MEMORY_LOOK_MS = 100;
const ABORT_GRACE_MS = 3000;
/** A process that is stopped while it still starts has this long to begin. */
const START_GRACE_MS = 30_000;
const LOG_LINES = 40;

export interface Limits<T extends TaskTypes> {
  memoryLimitBytes: number | null;
  /** By key of `Task.phases`; the time between two phases has that of the phase before. */
  deadlineSeconds: Readonly<Record<T['deadline'], number>>;
}

/** What the supervision of a task has to do with its server. */
export interface SupervisedServer {
  /** Resolves with the reason if the server ends by itself. */
  endedBecause(): Promise<string>;
  restart(how: 'stop' | 'kill'): Promise<ServerReply>;
}

/** A task to be run in a process of its own. */
export interface Supervision<T extends TaskTypes> {
  task: Task<T>;
  input: T['input'];
  /** Exists only while the process does; the folder for temporary files is in it. */
  workFolder: string;
  leavings: Leavings;
  limits: Limits<T>;
  signal: AbortSignal;
  onMessage: (message: ProcessMessage<T>) => void;
  /** The task's server, if it has one: once that has ended there is nothing left to ask. */
  server?: SupervisedServer | undefined;
  /** Where it works in turns with others; it is its turn when it starts. */
  turn?: Turn | undefined;
  /** Port of a Node inspector, which the process waits for. There are no deadlines then. */
  inspect?: number | undefined;
}

/**
 * Runs one task in a process of its own and watches it: a crash, a hang past its deadline or too much memory ends
 * that process and becomes a recorded failure.
 */
export async function supervise<T extends TaskTypes>(supervision: Supervision<T>): Promise<TaskEnd<T>> {
  const { task, workFolder, server, inspect } = supervision;
  const temporary = join(workFolder, 'tmp');
  makeFolder(temporary);
  const inspector = inspect === undefined ? [] : [`--inspect-brk=127.0.0.1:${inspect}`];
  const child = fork(compiledModule('harness/process/child.js'), [], {
    execArgv: ['--expose-gc', '--enable-source-maps', ...inspector],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    // Some engines leave files in the folder for temporary ones: it is removed with the rest.
    env: { ...process.env, TMPDIR: temporary },
  });
  debug('process', () => `${task.name} starts as process ${child.pid}`);
  try {
    const watch = new Watch(child, supervision);
    void server?.endedBecause().then((reason) => watch.kill(reason));
    const end = await watch.end;
    debug('process', () => `${task.name} (process ${child.pid}) ${end.state}`);
    return end;
  } finally {
    rmSync(workFolder, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Watch<T extends TaskTypes> {
  readonly end: Promise<TaskEnd<T>>;
  readonly #child: ChildProcess;
  readonly #supervision: Supervision<T>;
  readonly #log: string[] = [];
  #report: T['report'] | undefined;
  #phase: T['phase'] | undefined;
  #subject: string | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;
  #begun = false;
  /** Why we killed it, or what it said itself. */
  #reason: string | undefined;
  #orderly = false;
  #fatal: { error: unknown } | undefined;
  #done = false;
  #over = false;

  constructor(child: ChildProcess, supervision: Supervision<T>) {
    this.#child = child;
    this.#supervision = supervision;
    const { task, input, leavings, signal, onMessage } = supervision;
    child.stdout?.on('data', (data: Buffer) => this.#keepLog(data));
    child.stderr?.on('data', (data: Buffer) => this.#keepLog(data));
    child.on('message', (sent) => {
      if (sent === READY) return this.#begin();
      const message = sent as ProcessMessage<T>;
      try {
        this.#note(message);
        onMessage(message);
      } catch (error) {
        // The run itself can no longer be recorded (a full disk, say): nothing more to measure.
        this.#fatal ??= { error };
        this.kill('the run cannot be recorded');
      }
    });
    this.#startDeadline(task.first, `the process of the ${task.name} did not start within the deadline`);
    const memory = this.#watchMemory();
    const stop = () => this.#abort();
    signal.addEventListener('abort', stop, { once: true });
    this.end = new Promise<TaskEnd<T>>((resolve, reject) => {
      child.once('error', reject);
      // 'close' comes after the last message and the last line of output.
      child.once('close', (code, killedBy) => {
        if (this.#fatal !== undefined) reject(this.#fatal.error);
        else resolve(this.#ended(code, killedBy, signal.aborted));
      });
    }).finally(() => {
      this.#over = true;
      clearInterval(memory);
      clearTimeout(this.#deadline);
      clearTimeout(this.#grace);
      signal.removeEventListener('abort', stop);
    });
    child.send({ module: task.module, input, secrets: knownSecrets(), leavings } satisfies Start, (error) => {
      if (error !== null) this.#keepLog(Buffer.from(`the ${task.name} could not be sent: ${error.message}`));
    });
    if (signal.aborted) this.#abort();
  }

  /** A task's own messages are none of ours: their types do not meet these. */
  #note(sent: ProcessMessage<T>): void {
    const message = sent as ProcessMessage<TaskTypes & { message: never }>;
    switch (message.type) {
      case 'begin':
        this.#phase = message.phase;
        this.#subject = message.subject;
        debug('process', () => [message.phase, message.subject].filter(Boolean).join(' '));
        this.#startDeadline(message.phase, `${message.phase} took longer than its deadline`);
        break;
      case 'end':
        // What follows until the next phase begins (a write, closing the engine) can hang as well.
        this.#startDeadline(message.phase, `what follows ${message.phase} took longer than its deadline`);
        break;
      case 'report':
        this.#report = message.report;
        break;
      case 'restartServer':
        void this.#restart(message.how);
        break;
      case 'turn':
        void this.#wait(message.place);
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

  async #restart(how: 'stop' | 'kill'): Promise<void> {
    const reply = await this.#supervision.server!.restart(how);
    this.#tell(reply);
  }

  /** While others work no deadline passes. */
  async #wait(place: Place): Promise<void> {
    clearTimeout(this.#deadline);
    await this.#supervision.turn?.take(place);
    const phase = this.#phase ?? this.#supervision.task.first;
    if (!this.#over) this.#startDeadline(phase, `what follows ${phase} took longer than its deadline`);
    this.#tell(TURN);
  }

  #startDeadline(phase: T['phase'], what: string): void {
    const { task, limits, inspect } = this.#supervision;
    const key = task.phases[phase];
    if (key === null || inspect !== undefined) return;
    clearTimeout(this.#deadline);
    const seconds = limits.deadlineSeconds[key];
    this.#deadline = setTimeout(() => {
      this.kill(`${what} of ${seconds} s (${task.deadlineOption ?? `deadline.${key}`})`);
    }, seconds * 1000);
  }

  #watchMemory(): NodeJS.Timeout | undefined {
    const limit = this.#supervision.limits.memoryLimitBytes;
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
    this.#tell('abort');
    // Under an inspector a process may never begin.
    const starting = !this.#begun && this.#supervision.inspect === undefined;
    this.#insistAfter(starting ? START_GRACE_MS : ABORT_GRACE_MS);
  }

  /** The grace of a task that was stopped before it began counts from here: only now can it end in good order. */
  #begin(): void {
    this.#begun = true;
    if (this.#supervision.signal.aborted) this.#insistAfter(ABORT_GRACE_MS);
  }

  #insistAfter(milliseconds: number): void {
    clearTimeout(this.#grace);
    this.#grace = setTimeout(() => this.#child.kill('SIGKILL'), milliseconds);
  }

  /** A process that has ended meanwhile needs no message: how it ended is told by its `close`. */
  #tell(message: 'abort' | typeof TURN | ServerReply): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #keepLog(data: Buffer): void {
    const lines = data
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
    for (const line of lines) {
      if (isDebugLine(line)) printDebugLine(line);
      else this.#log.push(line);
    }
    this.#log.splice(0, Math.max(0, this.#log.length - LOG_LINES));
  }

  #ended(code: number | null, killedBy: NodeJS.Signals | null, aborted: boolean): TaskEnd<T> {
    const report = this.#report;
    if (this.#done) return { state: 'completed', report };
    if (aborted) return { state: 'aborted', report };
    const how = killedBy === null ? `exit code ${code}` : `signal ${killedBy}`;
    const { name } = this.#supervision.task;
    const reason = this.#reason ?? `the process of the ${name} crashed with ${how}`;
    const log = this.#log.length === 0 ? '' : `\nlast output:\n${this.#log.slice(-8).join('\n')}`;
    const error = reason + log;
    const where = { phase: this.#phase, subject: this.#subject, orderly: this.#orderly };
    return { state: 'failed', report, error, ...where };
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
