import type { Lease, WorkQueue } from '../work/queue.js';
import type { Item, Ledger, Settled } from './ledger.js';
import type { Reject } from './rejects.js';

/** Of a lease, after which a worker hands over what is left: the rest is for a batch that takes long. */
const HAND_OVER = 0.75;

/** The progress of a worker that holds one lease at a time; its cursor is in memory until it is handed over. */
export class SharedLedger implements Ledger {
  readonly #queue: WorkQueue;
  readonly #takeLease: () => Promise<Lease | undefined>;
  #held: { lease: Lease; row: number; leftOut: number } | undefined;

  /** @param takeLease of rows; undefined: there is none to be had */
  constructor(queue: WorkQueue, takeLease: () => Promise<Lease | undefined>) {
    this.#queue = queue;
    this.#takeLease = takeLease;
  }

  async take(): Promise<Item | undefined> {
    const lease = await this.#takeLease();
    if (lease === undefined) return undefined;
    this.#held = { lease, row: lease.from, leftOut: 0 };
    return { from: lease.from, to: lease.to, row: lease.from };
  }

  /** Rejects are in the queue before the cursor can be; the lease is given up before it ends. */
  async settle(item: Item, { row, leftOut, rejects }: Settled): Promise<boolean> {
    const held = this.#held!;
    await this.#queue.addRejects(rejects.map((each) => ({ row: each.row, entry: JSON.stringify(each) })));
    item.row = row;
    held.row = row;
    held.leftOut += leftOut;
    const { ends, seconds } = held.lease;
    if (row === item.to || performance.now() < ends - (1 - HAND_OVER) * seconds * 1000) return true;
    await this.handOver();
    return false;
  }

  async finish(): Promise<void> {
    await this.handOver();
  }

  /** What is settled stays so, and the rest is for anybody. A lease that has ended is somebody else's already. */
  async handOver(): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    await this.#queue.handOver(held.lease, held.row, held.leftOut);
  }
}

/** Rejects that all workers of a load have in common. */
export class SharedRejects {
  readonly #queue: WorkQueue;

  constructor(queue: WorkQueue) {
    this.#queue = queue;
  }

  async all(): Promise<Reject[]> {
    return (await this.#queue.rejects()).map((entry) => JSON.parse(entry) as Reject);
  }

  async open(): Promise<Reject[]> {
    return (await this.all()).filter(({ accepted }) => accepted === undefined);
  }

  async add(rejects: readonly Reject[]): Promise<void> {
    await this.#queue.addRejects(rejects.map((each) => ({ row: each.row, entry: JSON.stringify(each) })));
  }

  async resolve(rows: readonly number[]): Promise<void> {
    await this.#queue.removeRejects(rows);
  }

  async accept(reason: string): Promise<void> {
    await this.add((await this.open()).map((each) => ({ ...each, accepted: reason })));
  }
}
