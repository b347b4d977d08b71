import type { Point } from '../../engines/contract/points.js';
import type { RowChange, RowKey } from './change.js';

/**
 * `applied`: it is in the target now. `superseded`: the target knew this version or a newer one of the row; nothing was
 * written. Both mean that the change need not come again.
 */
export type Applied = 'applied' | 'superseded';

/** A change as far as a target needs it. A backfilled row is one of version `BEFORE_CAPTURE`. */
export type Write = RowKey &
  Pick<RowChange, 'version' | 'embeddingVersion'> &
  ({ kind: 'upsert'; point: Point } | { kind: 'delete' });

/** What a target knows of a row. */
export interface StoredRow {
  /** Of the last change that was applied; `BEFORE_CAPTURE`: it was backfilled, or others wrote it. */
  version: bigint;
  /** A tombstone: the row was deleted by that change. */
  deleted: boolean;
  embeddingVersion?: string | undefined;
  /** As it is in the target; undefined: it is not there. */
  point: Point | undefined;
}

/**
 * Where changes are applied: a collection of an engine, or the application's own store. Safe to repeat, and an older
 * version never overwrites a newer, also not a deletion: tombstones are kept.
 */
export interface ChangeTarget {
  /** For people: without credentials. */
  readonly place: string;
  /**
   * How the condition on the version is kept. `atomic`: by one statement of the engine's. `locked`: it is read, then
   * written under a lock of the row: whoever writes past this object can come between.
   */
  readonly condition: 'atomic' | 'locked';
  /**
   * Writes each change whose version is larger than what is known of its row; those of version `BEFORE_CAPTURE` only
   * where nothing is known and nothing is there. Each row at most once in a call. Resolves when the target has
   * acknowledged; after a rejection any of them may have been written.
   */
  apply(changes: readonly Write[], signal?: AbortSignal): Promise<readonly Applied[]>;
  /** A point of the application as this target keeps it (of a mapping: other names, other parts). Absent: as it is. */
  kept?(point: Point): Point;
  /** What is known of rows, in the order asked for; undefined: nothing, and nothing is there. */
  read(keys: readonly RowKey[]): Promise<readonly (StoredRow | undefined)[]>;
}
