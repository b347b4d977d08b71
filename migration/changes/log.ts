import type { Change, Logged, NewChange, Position } from './change.js';

/**
 * Where changes are read from: a log of ours, or the feed of a database. To follow one:
 *
 * ```ts
 * let cursor = await log.cursor('target');
 * for (;;) {
 *   const changes = await log.read(cursor, 500);   // settled ones, in order; empty: none at the moment
 *   …apply by version, read back…
 *   cursor = changes.at(-1)?.position ?? cursor;
 *   if (cursor !== null) await log.acknowledge('target', cursor);
 * }
 * ```
 */
export interface ChangeSource {
  /** For people: what is followed, without credentials. */
  readonly place: string;
  /**
   * Changes behind a position, in the order of positions. Only settled ones: nothing will appear later at or before a
   * position that was read. Empty: there is none at the moment.
   *
   * Delivery is at least once. Versions of one row may come in another order than they were made in where transactions
   * overlapped: compare versions.
   *
   * @param after null: from the beginning
   */
  read(after: Position | null, limit: number, signal?: AbortSignal): Promise<readonly Change[]>;
  /** Everything at or before this position is settled, and in every snapshot of the source that is opened from now on. */
  watermark(): Promise<Position>;
  close(): Promise<void>;
}

/** What a log says of a change that it took. `repeated`: the idempotency key was there; nothing was added. */
export interface Appended extends Logged {
  repeated: boolean;
}

/**
 * Where a consumer begins. Positions and versions are two orders (of transactions, and of the changes of a row), so that it
 * takes both: what is behind `after` may be older than what a snapshot holds of a row.
 */
export interface Start {
  after: Position;
  floor: bigint;
}

/** How far a consumer is behind. */
export interface Backlog {
  /** Settled changes that it has not acknowledged. */
  changes: number;
  /** `at` of the oldest of them; null: there is none. */
  oldestAt: number | null;
}

/** A durable log of ours. */
export interface ChangeLog extends ChangeSource {
  /**
   * Resolves when all changes are durable, in the order given; otherwise rejects. After a rejection it is unknown whether
   * they are there: append them again with the same idempotency keys.
   *
   * A key of a mutation that the log has is taken once; another mutation with it is refused with an InputError.
   *
   * Versions are given by the log. An append that begins after another one has resolved gets larger versions.
   */
  append(changes: readonly NewChange[], signal?: AbortSignal): Promise<readonly Appended[]>;
  /** Adds a marker. That it is durable proves nothing yet: what follows waits until it is *read*. */
  mark(collection: string, name: string): Promise<Logged>;
  /**
   * Begins a consumer that has something already, such as a snapshot: behind a position, and without the versions up to
   * `floor`, which it holds. One that has begun stays as it is.
   */
  begin(consumer: string, start: Start): Promise<void>;
  /** Versions up to this one never come to the consumer; 0: all do. */
  floor(consumer: string): Promise<bigint>;
  /** As far as a consumer has acknowledged; null: it has not yet. */
  cursor(consumer: string): Promise<Position | null>;
  /** Never goes back: an earlier position than the one that is there changes nothing. */
  acknowledge(consumer: string, position: Position): Promise<void>;
  backlog(consumer: string): Promise<Backlog>;
}
