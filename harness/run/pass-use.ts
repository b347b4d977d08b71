import { controlGroup } from '../../engines/launcher/control-group.js';
import { ownCpuSeconds } from '../process/resources.js';
import type { Job } from './job.js';

/** CPU that client and server use while the queries of a pass are sent. */
export class PassUse {
  readonly #serverCpu: () => number | undefined;
  #begin = { at: performance.now(), own: ownCpuSeconds(), server: undefined as number | undefined };
  #leftOut = 0;

  constructor({ serverGroup }: Job) {
    const server = serverGroup === undefined ? undefined : controlGroup(serverGroup);
    this.#serverCpu = () => server?.cpuSeconds();
    this.begin();
  }

  /** Everything is open: what that took is no part of it. @returns the moment, as of performance.now() */
  begin(): number {
    const at = performance.now();
    this.#begin = { at, own: ownCpuSeconds(), server: this.#serverCpu() };
    return at;
  }

  /** CPU time (ms) of this process that would have been free for queries. */
  leaveOut(ms: number): void {
    this.#leftOut += ms;
  }

  /** Cores since the beginning. `server`: undefined where that cannot be measured. */
  cores(): { client: number; server: number | undefined } {
    const seconds = (performance.now() - this.#begin.at) / 1000;
    const own = ownCpuSeconds() - this.#begin.own - this.#leftOut / 1000;
    const [before, now] = [this.#begin.server, this.#serverCpu()];
    return {
      client: Math.max(0, own) / seconds,
      server: before === undefined || now === undefined ? undefined : (now - before) / seconds,
    };
  }
}
