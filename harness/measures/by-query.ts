import type { Figure } from './figures.js';

/** A measure by query: number of the query in the run's query set, and the value (mean over repetitions). */
export interface Column {
  queries: Int32Array;
  /** NaN: the query has no such figure. */
  values: Float64Array;
}

/** Means over queries taken apart again, by the measure's name. */
export function columnsByName(queries: Int32Array, figures: readonly Figure[]): Map<string, Column> {
  return new Map(
    figures.map(({ name, numerators, denominators }) => [
      name,
      { queries, values: numerators.map((above, u) => above / denominators[u]!) },
    ]),
  );
}
