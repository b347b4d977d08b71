/** In lists of rows: fills what comes after the last hit or neighbour. */
export const NO_ROW = -1;
/** In `rows`: a hit whose key is no row of the dataset. */
export const UNKNOWN_KEY = -2;
/** In `returned`: the query failed. */
export const NOT_ANSWERED = -1;
/**
 * `repetition` of the answers of an exhaustive search (`samples/<trial>.exact.parquet`): asked as the trial asked, or
 * without the queries' filters.
 */
export const EXACT = { asAsked: 0, unfiltered: 1 } as const;

/**
 * Raw observations of one trial, columnar: entry `i` is one query in one repetition.
 * Times are milliseconds since the trial's first measured pass began, on the monotonic clock.
 */
export interface Samples {
  /** Number of entries: queries x repetitions that were measured. */
  length: number;
  /** Hits asked for (the largest k of the suite). */
  k: number;
  /** Index of the query in the run's query set. */
  query: Int32Array;
  repetition: Int32Array;
  /** When the query should have been sent; equals `sent` where a client sends when it is free (`serial`). */
  due: Float64Array;
  sent: Float64Array;
  answered: Float64Array;
  /** What the engine threw, or null. */
  error: (string | null)[];
  /** Hits returned, 0..k; `NOT_ANSWERED` where the query failed. */
  returned: Int32Array;
  /** Row numbers in the order returned, `length * k`, padded with `NO_ROW`; `UNKNOWN_KEY` for a key that is no row of the dataset. */
  rows: Int32Array;
  /** The engine's own scores, `length * k`, padded with NaN. */
  scores: Float64Array;
  /** Distances recomputed by the harness from the dataset's vectors, float64, `length * k`, padded with NaN. */
  distances: Float64Array;
  /**
   * What is wrong with a hit under its query's filter, recomputed by the harness from the dataset's metadata,
   * `length * k` sums of `FLAW` (harness/measures/filters.ts); absent where no query had a filter.
   */
  flaws?: Uint8Array | undefined;
}

/** Samples without their answers. */
export type Times = Pick<
  Samples,
  'length' | 'query' | 'repetition' | 'due' | 'sent' | 'answered' | 'returned' | 'error'
>;

/**
 * Exact nearest neighbours, ascending by (float64 distance, row); of queries with a filter, those among the points that
 * pass it. Where fewer than `depth` pass, the rest of the list is `NO_ROW` and NaN.
 */
export interface Truth {
  /** Queries. */
  count: number;
  /** Neighbours kept per query (the dataset's size if that is smaller than what was asked for). */
  depth: number;
  /** `count * depth` row numbers. */
  rows: Int32Array;
  /** `count * depth` distances as defined in `harness/measures/distance.ts`. */
  distances: Float64Array;
  /** Within which two of its distances are tied (harness/measures/distance.ts); absent in truths of earlier versions. */
  margin?: { relative: number; absolute: number } | undefined;
  /** By query the points that its filter lets through (all, where it has none); absent: no query has a filter. */
  matches?: Int32Array | undefined;
}
