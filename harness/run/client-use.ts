import { ownCpuSeconds } from '../process/resources.js';

/** CPU that this process uses while it sends the queries of a pass. */
export class ClientUse {
  #cpu = ownCpuSeconds();
  #begin = performance.now();
  #leftOut = 0;

  /** Everything is open: what that took is no part of it. @returns the moment, as of performance.now() */
  begin(): number {
    this.#cpu = ownCpuSeconds();
    this.#begin = performance.now();
    return this.#begin;
  }

  /** CPU time (ms) that would have been free for queries. */
  leaveOut(ms: number): void {
    this.#leftOut += ms;
  }

  /** Since the beginning. */
  cores(): number {
    const used = ownCpuSeconds() - this.#cpu - this.#leftOut / 1000;
    return Math.max(0, used) / ((performance.now() - this.#begin) / 1000);
  }
}
