import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { FailureError } from '../../common/errors.js';
import { compiledModule } from '../../common/paths.js';
import type { CallName, Calls, Reply, StopPlace } from './protocol.js';

/** The worker ended before it answered. */
export class WorkerGoneError extends FailureError {}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A worker process. It is killed and started again by the rehearsal, and never trusted to have done anything. */
export class WorkerLink {
  #child: ChildProcess | undefined;
  #calls = 0;
  readonly #waiting = new Map<number, Waiting>();
  #stop: { resolve(place: StopPlace): void; reject(error: Error): void } | undefined;
  #stderr = '';

  get isAlive(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    const child = fork(compiledModule('migration/rehearsal/worker/main.js'), [], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#stderr = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-4000);
    });
    child.on('message', (reply) => this.#take(reply as Reply));
    child.once('exit', (code, signal) => this.#gone(child, signal ?? `exit code ${code}`));
    child.once('error', (error) => this.#gone(child, error.message));
  }

  /** @throws FailureError with what the worker said, WorkerGoneError if it ended first */
  call<N extends CallName>(name: N, ...argument: Parameters<Calls[N]>): Promise<ReturnType<Calls[N]>> {
    const child = this.#child;
    if (child === undefined) return Promise.reject(new WorkerGoneError('the worker is not there'));
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve: resolve as (value: unknown) => void, reject });
      child.send({ call, name, argument: argument[0] }, (error) => {
        if (error !== null) this.#settle(call)?.reject(new WorkerGoneError(error.message));
      });
    });
  }

  /**
   * Resolves when the worker has stopped at a place where it was told to.
   * @throws WorkerGoneError if it ends first
   */
  stopped(): Promise<StopPlace> {
    return new Promise((resolve, reject) => {
      this.#stop = { resolve, reject };
    });
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  #take(reply: Reply): void {
    if (reply.state === 'stopped') {
      this.#stop?.resolve(reply.place);
      return;
    }
    const waiting = this.#settle(reply.call);
    if (reply.state === 'done') waiting?.resolve(reply.value);
    else waiting?.reject(new FailureError(reply.error, { where: 'worker' }));
  }

  #settle(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    return waiting;
  }

  #gone(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const said = this.#stderr.trim().split('\n').slice(-3).join(' ');
    const error = new WorkerGoneError(`the worker ended (${how})${said === '' ? '' : `: ${said}`}`);
    this.#stop?.reject(error);
    for (const call of [...this.#waiting.keys()]) this.#settle(call)!.reject(error);
  }
}
