import { randomUUID } from 'node:crypto';
import type { Points } from '../../../engines/contract/points.js';
import type { Feed, FeedPage } from './feed.js';
import { deletion, inPages, pagesOf, Rows } from './rows.js';

/** What the last sweep has seen of each row: its key as text and its hash. */
export interface SweepState {
  /** Of rows that have been seen. */
  hashesOf(keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Stores what was seen in a sweep. */
  see(sweep: string, rows: ReadonlyMap<string, string>): Promise<void>;
  /** Rows that were seen before and not in this sweep. */
  unseen(sweep: string): Promise<readonly string[]>;
  forget(keys: readonly string[]): Promise<void>;
}

/** In this process' memory: the first sweep after its start takes every row for a change. */
export class MemorySweepState implements SweepState {
  readonly #rows = new Map<string, { hash: string; sweep: string }>();

  async hashesOf(keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return new Map(
      keys.flatMap((key) => {
        const row = this.#rows.get(key);
        return row === undefined ? [] : [[key, row.hash] as const];
      }),
    );
  }

  async see(sweep: string, rows: ReadonlyMap<string, string>): Promise<void> {
    for (const [key, hash] of rows) this.#rows.set(key, { hash, sweep });
  }

  async unseen(sweep: string): Promise<readonly string[]> {
    return [...this.#rows].filter(([, row]) => row.sweep !== sweep).map(([key]) => key);
  }

  async forget(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#rows.delete(key);
  }
}

/**
 * For engines without a feed: all rows are read again and again and compared by id and hash. Several changes between two
 * sweeps are one, and a row that comes and goes between them is never seen. What a sweep has found is remembered once it
 * is in the log; a sweep that breaks off is made again.
 *
 * An engine whose scan is no snapshot may leave out a row that is written meanwhile. A row that a sweep has not seen is
 * therefore asked for by its id before it counts as deleted.
 */
export class SweepFeed implements Feed {
  readonly place: string;
  readonly #points: Points;
  readonly #collection: string;
  readonly #state: SweepState;

  constructor(options: { points: Points; collection: string; place: string; state: SweepState }) {
    this.place = `sweeps of ${options.place}`;
    this.#points = options.points;
    this.#collection = options.collection;
    this.#state = options.state;
  }

  async *pages(after: string | null, signal?: AbortSignal): AsyncGenerator<FeedPage> {
    const at = Date.now();
    // Of this attempt alone: one that broke off may have seen rows that are gone, and other states.
    const sweep = randomUUID();
    const prefix = `sweep ${sweep}`;
    const rows = await Rows.of(this.#points, this.#collection);
    const snapshot = await this.#points.snapshot();
    try {
      for await (const points of pagesOf(snapshot, signal)) {
        const hashes = new Map(points.map((point) => [rows.textOf(point), rows.hashOf(point)]));
        const known = await this.#state.hashesOf([...hashes.keys()]);
        const changed = points.filter((point) => {
          const key = rows.textOf(point);
          return known.get(key) !== hashes.get(key);
        });
        yield { changes: changed.map((point) => rows.upsert(point, prefix, at)) };
        // The consumer comes back once they are in the log.
        await this.#state.see(sweep, hashes);
      }
    } finally {
      await snapshot.close();
    }
    for (const keys of inPages(await this.#state.unseen(sweep))) {
      const gone = await this.#gone(keys);
      yield { changes: gone.map((key) => deletion(key, prefix, at)) };
      await this.#state.forget(gone);
    }
    yield { changes: [], cursor: String(BigInt(after ?? 0) + 1n) };
  }

  async #gone(keys: readonly string[]): Promise<string[]> {
    const ids = keys.map((key) => deletion(key, '', 0).id);
    const there = new Set((await this.#points.get(ids)).map(({ id }) => id));
    return keys.filter((_, i) => !there.has(ids[i]!));
  }
}
