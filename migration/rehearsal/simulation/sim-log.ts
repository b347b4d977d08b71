import type { Change, Logged, NewChange, Position } from '../../changes/change.js';
import type { Appended, Backlog, ChangeLog, Start } from '../../changes/log.js';
import type { Process, Schedule } from './schedule.js';

interface Entry {
  xid: bigint;
  change: Change;
  key: string;
}

type Body =
  | (NewChange & { kind: 'upsert' | 'delete' })
  | { kind: 'marker'; collection: string; name: string; at: number };

/** What a log is in the database: transactions that are committed, and those that are under way. */
export class LogState {
  readonly committed: Entry[] = [];
  readonly open = new Map<bigint, { process: Process; entries: Entry[] }>();
  readonly cursors = new Map<string, Position>();
  readonly floors = new Map<string, bigint>();
  #xid = 0n;
  #seq = 0n;

  begin(process: Process): bigint {
    this.open.set(++this.#xid, { process, entries: [] });
    return this.#xid;
  }

  add(xid: bigint, body: Body, key: string): Logged {
    const seq = ++this.#seq;
    const logged = { position: (xid << 32n) | seq, version: seq };
    this.open.get(xid)!.entries.push({ xid, change: { ...body, ...logged } as Change, key });
    return logged;
  }

  find(key: string): Entry | undefined {
    return this.committed.find((entry) => entry.key === key);
  }

  isPending(key: string): boolean {
    return [...this.open.values()].some(({ entries }) => entries.some((entry) => entry.key === key));
  }

  /** @throws Error if its process has died, and it was rolled back */
  commit(xid: bigint): void {
    const transaction = this.open.get(xid);
    if (transaction === undefined) throw new Error('rolled back');
    this.open.delete(xid);
    this.committed.push(...transaction.entries);
    this.committed.sort((a, b) => (a.change.position < b.change.position ? -1 : 1));
  }

  /** Transactions of a process that died. */
  rollBack(process: Process): void {
    for (const [xid, transaction] of this.open) if (transaction.process === process) this.open.delete(xid);
  }

  /** The oldest transaction that is still open. */
  xmin(): bigint {
    const open = [...this.open.keys()];
    return open.length === 0 ? this.#xid + 1n : open.reduce((a, b) => (a < b ? a : b));
  }
}

/** Mistakes in a log, to see that they are found. */
export interface LogBugs {
  /** An append is acknowledged before it is committed. */
  acknowledgesEarly?: boolean;
  /** What is behind an open transaction is read, too. */
  readsPastOpen?: boolean;
  /** A consumer gets versions that its snapshot holds already. */
  hasNoFloor?: boolean;
}

/** The log as a process reaches it: transactions that overlap, as PostgreSQL has them. */
export class SimLog implements ChangeLog {
  readonly place = 'log';
  readonly #state: LogState;
  readonly #schedule: Schedule;
  readonly #process: Process;
  readonly #bugs: LogBugs;

  constructor(state: LogState, schedule: Schedule, process: Process, bugs: LogBugs = {}) {
    this.#state = state;
    this.#schedule = schedule;
    this.#process = process;
    this.#bugs = bugs;
  }

  async append([change]: readonly NewChange[]): Promise<readonly Appended[]> {
    const key = change!.idempotencyKey;
    const { logged, xid } = await this.#add(change! as Body, key);
    if (xid === undefined) return [{ ...logged, repeated: true }];
    const committed = this.#commit(xid);
    if (this.#bugs.acknowledgesEarly) committed.catch(() => undefined);
    else await committed;
    return [{ ...logged, repeated: false }];
  }

  async mark(collection: string, name: string): Promise<Logged> {
    const body = { kind: 'marker', collection, name, at: this.#schedule.steps } as const;
    const { logged, xid } = await this.#add(body, `marker ${this.#schedule.random.uint32()}`);
    await this.#commit(xid!);
    return logged;
  }

  /**
   * A transaction gets its number first, and the entry's from a sequence later: the two orders differ where transactions
   * overlap. A unique key that another one holds is waited for.
   */
  async #add(body: Body, key: string): Promise<{ logged: Logged; xid: bigint | undefined }> {
    const begin = () => this.#state.begin(this.#process);
    const xid = await this.#schedule.call(this.#process, 'begins', begin, { mayFail: false });
    const effect = () => {
      const there = this.#state.find(key);
      if (there === undefined) return { logged: this.#state.add(xid, body, key), xid };
      this.#state.open.delete(xid);
      return { logged: placeOf(there.change), xid: undefined };
    };
    const options = { ready: () => !this.#state.isPending(key), mayFail: false };
    return this.#schedule.call(this.#process, `logs ${key} ${body.kind}`, effect, options);
  }

  async #commit(xid: bigint): Promise<void> {
    try {
      await this.#schedule.call(this.#process, `commits ${xid}`, () => this.#state.commit(xid));
    } catch (error) {
      // Where it was not committed, it is rolled back with its connection.
      this.#state.open.delete(xid);
      throw error;
    }
  }

  read(after: Position | null, limit: number): Promise<readonly Change[]> {
    return this.#ask('reads the log', () => {
      const xmin = this.#bugs.readsPastOpen ? null : this.#state.xmin();
      return this.#state.committed
        .filter(({ xid, change }) => change.position > (after ?? 0n) && (xmin === null || xid < xmin))
        .slice(0, limit)
        .map(({ change }) => change);
    });
  }

  watermark(): Promise<Position> {
    return this.#ask('asks the watermark', () => (this.#state.xmin() << 32n) - 1n);
  }

  begin(consumer: string, { after, floor }: Start): Promise<void> {
    return this.#ask(`begins ${consumer} above ${floor}`, () => {
      if (this.#state.cursors.has(consumer)) return;
      this.#state.cursors.set(consumer, after);
      this.#state.floors.set(consumer, this.#bugs.hasNoFloor ? 0n : floor);
    });
  }

  floor(consumer: string): Promise<bigint> {
    return this.#ask('asks a floor', () => this.#state.floors.get(consumer) ?? 0n);
  }

  cursor(consumer: string): Promise<Position | null> {
    return this.#ask('asks a cursor', () => this.#state.cursors.get(consumer) ?? null);
  }

  acknowledge(consumer: string, position: Position): Promise<void> {
    return this.#ask(`acknowledges ${consumer} ${position & 0xffffffffn}`, () => {
      const there = this.#state.cursors.get(consumer);
      if (there === undefined || there < position) this.#state.cursors.set(consumer, position);
    });
  }

  backlog(): Promise<Backlog> {
    throw new Error('not asked here');
  }

  async close(): Promise<void> {}

  #ask<T>(what: string, effect: () => T): Promise<T> {
    return this.#schedule.call(this.#process, what, effect);
  }
}

function placeOf({ position, version }: Change): Logged {
  return { position, version };
}
