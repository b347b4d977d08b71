import { setTimeout as pause } from 'node:timers/promises';
import type { PointId } from '../../engines/contract/ids.js';
import type { Ledger } from './ledger.js';
import type { WorkerLink } from './link.js';
import type { Operation, Operations } from './operations.js';
import type { Side } from './protocol.js';

export interface TrafficSettings {
  /** Per second. */
  writes: number;
  reads: number;
  /** Milliseconds after a text was written until the vector of it is. */
  embeddingLag: number;
  /** Requests under way at most, of each kind; what is due beyond them is counted as late, and made afterwards. */
  clients: number;
}

/** Everything that traffic has counted since it began. */
export interface TrafficCounts {
  written: number;
  /** No answer, or an error: it may have happened or not. */
  unknown: number;
  read: number;
  failedReads: number;
  /** Reads by who answered. */
  by: Record<Side, number>;
  /** Rows in answers of which an older state was served than had been acknowledged before the read was sent. */
  stale: Record<Side, number>;
  /** Rows in answers that had been deleted before the read was sent. */
  deletedServed: Record<Side, number>;
  /** Oldest of both: milliseconds between the acknowledgement of what should have been served and the read. */
  stalest: Record<Side, number>;
}

interface Due {
  at: number;
  kind: 'write' | 'read' | { embed: PointId };
}

/** An application: it writes and reads at a rate, and knows what was acknowledged to it. */
export class Traffic {
  readonly counts: TrafficCounts = {
    written: 0,
    unknown: 0,
    read: 0,
    failedReads: 0,
    by: { source: 0, target: 0 },
    stale: { source: 0, target: 0 },
    deletedServed: { source: 0, target: 0 },
    stalest: { source: 0, target: 0 },
  };
  readonly #link: WorkerLink;
  readonly #ledger: Ledger;
  readonly #operations: Operations;
  readonly #settings: TrafficSettings;
  readonly #busy = new Set<PointId>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #embeddings: Due[] = [];
  #running: Promise<void> | undefined;
  #stop = false;

  constructor(link: WorkerLink, ledger: Ledger, operations: Operations, settings: TrafficSettings) {
    this.#link = link;
    this.#ledger = ledger;
    this.#operations = operations;
    this.#settings = settings;
  }

  /** Writes that have ended, whichever way. */
  get ended(): number {
    return this.counts.written + this.counts.unknown;
  }

  start(): void {
    if (this.#running !== undefined) return;
    this.#stop = false;
    this.#running = this.#run();
  }

  /** Resolves when nothing is under way any more. */
  async pause(): Promise<void> {
    this.#stop = true;
    await this.#running;
    this.#running = undefined;
    await Promise.all(this.#underWay);
  }

  /** Resolves when so many more writes and reads have ended, or the worker is gone. */
  async more(writes: number, reads = 0): Promise<void> {
    const [until, untilRead] = [this.ended + writes, this.counts.read + this.counts.failedReads + reads];
    while (
      (this.ended < until || this.counts.read + this.counts.failedReads < untilRead) &&
      this.#link.isAlive &&
      this.#running !== undefined
    )
      await pause(5);
  }

  /** One write beside the rate, of a row that is chosen by the caller. */
  async write(operation: Operation): Promise<void> {
    this.#busy.add(operation.id);
    await this.#write(operation);
  }

  isBusy(id: PointId): boolean {
    return this.#busy.has(id);
  }

  async #run(): Promise<void> {
    const { writes, reads, clients } = this.#settings;
    const begun = performance.now();
    let [writesDone, readsDone] = [0, 0];
    while (!this.#stop && this.#link.isAlive) {
      const seconds = (performance.now() - begun) / 1000;
      if (writesDone < seconds * writes && this.#busy.size < clients) {
        writesDone++;
        this.#begin(this.#write(this.#next()));
      } else if (readsDone < seconds * reads && this.#underWay.size < 2 * clients) {
        readsDone++;
        this.#begin(this.#read());
      } else await pause(2);
    }
  }

  /** The embedding of a text that was written a while ago comes first. */
  #next(): Operation {
    const now = performance.now();
    const at = this.#embeddings.findIndex(
      ({ at: due, kind }) => due <= now && typeof kind === 'object' && !this.#busy.has(kind.embed),
    );
    const [due] = at < 0 ? [] : this.#embeddings.splice(at, 1);
    const id = due !== undefined && typeof due.kind === 'object' ? due.kind.embed : undefined;
    const operation =
      id !== undefined && this.#ledger.latest(id) !== null
        ? this.#operations.change('vector', id)
        : this.#operations.next(this.#busy);
    this.#busy.add(operation.id);
    return operation;
  }

  #begin(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #write({ number, kind, id, point }: Operation): Promise<void> {
    const entry = this.#ledger.begin(number, id, point);
    try {
      await this.#link.call('write', { number, id, point });
      entry.at = performance.now();
      entry.state = 'acknowledged';
      this.counts.written++;
      const due = performance.now() + this.#settings.embeddingLag;
      if (kind === 'text') this.#embeddings.push({ at: due, kind: { embed: id } });
    } catch {
      // An error and a process that is gone say the same: nobody knows.
      entry.state = 'unknown';
      this.counts.unknown++;
    } finally {
      this.#busy.delete(id);
    }
  }

  async #read(): Promise<void> {
    const sent = performance.now();
    try {
      const { side, hits } = await this.#link.call('read', { vector: this.#operations.query() });
      this.counts.read++;
      this.counts.by[side]++;
      for (const { id, revision } of hits) this.#judge(side, id, revision, sent);
    } catch {
      this.counts.failedReads++;
    }
  }

  /** A row that was served, against what had been acknowledged when the read was sent. */
  #judge(side: Side, id: PointId, revision: number | undefined, sent: number): void {
    const writes = this.#ledger.writesOf(id);
    const settled = writes.findLast(({ state, at }) => state === 'acknowledged' && at <= sent);
    const served = writes.findIndex(({ operation }) => operation === revision);
    if (settled === undefined || served < 0) return;
    if (served >= writes.indexOf(settled)) return;
    if (settled.point === null) this.counts.deletedServed[side]++;
    else this.counts.stale[side]++;
    this.counts.stalest[side] = Math.max(this.counts.stalest[side], sent - settled.at);
  }
}
