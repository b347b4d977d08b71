import type { ParameterSet } from '../../common/parameters.js';
import type { Points } from './points.js';
import type { PreparedSearch } from './search.js';
import type { Endpoint } from './server.js';
import type { LoadBatch } from './spec.js';

/** What the engine answered when asked whether everything is searchable and indexed. */
export interface Readiness {
  /** Points the engine counts. */
  count: number;
  /** Points covered by the index; null where the engine has no index (flat) or cannot tell. */
  indexed: number | null;
  /** What the engine says of its index (partitions, levels, plan, …), recorded with the build. */
  details: Readonly<Record<string, string | number | boolean>>;
}

/** How what one connection has built is reached from another thread or process; survives a structured clone. */
export interface Shared {
  /** Where the server is now; absent: where the connection that shares was sent. */
  endpoint?: Endpoint | undefined;
  /** Opaque to all but the adapter. */
  collection: unknown;
}

/** A collection that was shared: for searches alone. */
export type SharedCollection = Pick<Collection, 'prepare'>;

/** Read from the engine's own counters, without changing anything. */
export interface Vitals {
  /** Of the whole collection on disk. */
  diskBytes?: number | undefined;
  memoryBytes?: number | undefined;
  /** Share of the collection's reads that the engine has answered from its own memory. */
  cacheHits?: number | undefined;
}

export interface Collection {
  readonly name: string;
  load(batch: LoadBatch, signal: AbortSignal): Promise<void>;
  /**
   * Builds what is still to build, also after points were written one by one, then asks the engine until everything is
   * searchable and indexed.
   */
  ready(signal: AbortSignal): Promise<Readiness>;
  /**
   * A search with its settings; may be called again for another setting after the previous one was closed.
   * @param vector name of the vector that is compared; the first one if absent
   */
  prepare(search: ParameterSet, k: number, vector?: string): Promise<PreparedSearch>;
  /**
   * A search that compares every point with the query, whatever index the collection has. Absent: the engine has none
   * beside `Capabilities.exhaustive`.
   */
  prepareExact?(k: number, vector?: string): Promise<PreparedSearch>;
  /**
   * For `ConnectedEngine.attach`, once the collection is ready. Absent, like `attach`, where `Capabilities.shares` does
   * not say so.
   */
  share?(): Promise<Shared>;
  /**
   * Of a collection that was opened: who made it has loaded so many points, all of them, and nobody writes to it any more, so that
   * it is searched exactly as its maker does. Absent: that makes no difference.
   */
  settled?(points: number): void;
  count(): Promise<number>;
  /** What the engine tells of its own state, for people who watch it; what it does not tell is absent. */
  vitals?(): Promise<Vitals>;
  /** Bytes of the index on disk (as the engine would ship it); undefined where there is none. */
  indexBytes(): Promise<number | undefined>;
  /**
   * Merges what many small writes have left behind (fragments, old versions), and lets the index cover it, of a collection that
   * was made here; of others' it does nothing. States that were the newest one in the last `keepMs` stay readable. Absent: the
   * engine does that by itself.
   */
  tidy?(keepMs: number): Promise<void>;
  drop(): Promise<void>;
  /** Absent where the engine keeps no whole points (`Capabilities.points`). */
  readonly points?: Points | undefined;
}
