import { type Change, type Logged, type NewChange, type Position, requireSame } from './change.js';
import type { Appended, Backlog, ChangeLog, Start } from './log.js';

/** A log in this process' memory: for tests and rehearsals. What it holds ends with the process. */
export class MemoryChangeLog implements ChangeLog {
  readonly place = 'memory';
  /** Entry n has position and version n + 1. */
  readonly #changes: Change[] = [];
  readonly #keys = new Map<string, Logged>();
  readonly #cursors = new Map<string, Position>();
  readonly #floors = new Map<string, bigint>();

  async append(changes: readonly NewChange[]): Promise<readonly Appended[]> {
    return changes.map((change) => {
      const there = this.#keys.get(change.idempotencyKey);
      if (there !== undefined) {
        requireSame(change, this.#changes[Number(there.position) - 1] as NewChange, this.place);
        return { ...there, repeated: true };
      }
      const logged = this.#next();
      this.#keys.set(change.idempotencyKey, logged);
      this.#changes.push({ ...change, ...logged });
      return { ...logged, repeated: false };
    });
  }

  async mark(collection: string, name: string): Promise<Logged> {
    const logged = this.#next();
    this.#changes.push({ kind: 'marker', collection, name, at: Date.now(), ...logged });
    return logged;
  }

  async read(after: Position | null, limit: number): Promise<readonly Change[]> {
    const from = Number(after ?? 0n);
    return this.#changes.slice(from, from + limit);
  }

  async watermark(): Promise<Position> {
    return BigInt(this.#changes.length);
  }

  async begin(consumer: string, { after, floor }: Start): Promise<void> {
    if (this.#cursors.has(consumer)) return;
    this.#cursors.set(consumer, after);
    this.#floors.set(consumer, floor);
  }

  async floor(consumer: string): Promise<bigint> {
    return this.#floors.get(consumer) ?? 0n;
  }

  async cursor(consumer: string): Promise<Position | null> {
    return this.#cursors.get(consumer) ?? null;
  }

  async acknowledge(consumer: string, position: Position): Promise<void> {
    const there = this.#cursors.get(consumer);
    if (there === undefined || there < position) this.#cursors.set(consumer, position);
  }

  async backlog(consumer: string): Promise<Backlog> {
    const open = this.#changes
      .slice(Number(this.#cursors.get(consumer) ?? 0n))
      .filter(({ kind }) => kind !== 'marker');
    return { changes: open.length, oldestAt: open[0]?.at ?? null };
  }

  async close(): Promise<void> {}

  #next(): Logged {
    const next = BigInt(this.#changes.length + 1);
    return { position: next, version: next };
  }
}
