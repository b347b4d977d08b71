/** What a write does to one point: it is new, its vector is replaced, it goes, its metadata are replaced. */
export const WRITE_KINDS = ['insert', 'update', 'delete', 'metadata'] as const;
export type WriteKind = (typeof WRITE_KINDS)[number];

/**
 * One write of a trial that changes its collection while it is searched. Times are milliseconds as in `Samples`; null: it
 * did not happen.
 */
export interface Write {
  kind: WriteKind;
  /** The dataset's row; of an insert the number that the new point has as its id, from the dataset's size on. */
  row: number;
  due: number;
  /** Null: it found no free place within the time-out. */
  sent: number | null;
  acknowledged: number | null;
  /** Why it was not acknowledged. */
  error: string | null;
  /** Looked for after it was acknowledged, until its effect showed or the time-out passed. */
  followed: boolean;
  /**
   * Of a followed delete, or of metadata after which a filter should no longer find the point: whether a query for its own
   * vector (under that filter) found it just before. Where it did not, that it is not found later proves nothing, and nobody looks.
   */
  before: boolean | null;
  /** Queries that looked for the effect. */
  looks: number;
  /** When the last look was sent that did not show it. */
  unseen: number | null;
  /** When the first look was answered that showed it. */
  seen: number | null;
  /** Asked by id at the end of the pass, of inserts and deletes that were acknowledged: whether the point is as it should be. */
  kept: boolean | null;
}

/** All writes of a trial in the order in which they were due. */
export interface WriteLog {
  /** When recording began and ended, ms as in `Samples`. */
  from: number;
  to: number;
  /** Points before the first write. */
  points: number;
  writes: readonly Write[];
}

/**
 * A point as it was loaded, or as the write has left it; 2: it is the same to the query in both (its metadata are written, and
 * pass the query's filter before and after).
 */
export type Version = 0 | 1 | 2;

/**
 * By query every version of a point that passes its filter and can be among its nearest at any time of the pass, ascending by
 * (distance, row):
 * the nearest of those that are never written, and all versions of others that are not farther than the last of these.
 */
export interface Candidates {
  /** Entries of query q: `starts[q] .. starts[q + 1] - 1`. */
  starts: Int32Array;
  rows: Int32Array;
  versions: Uint8Array;
  distances: Float64Array;
}

/** The workload that changes its collection. */
export const WRITES_WORKLOAD = 'search-under-writes';
