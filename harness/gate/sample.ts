import type { Column } from '../measures/by-query.js';
import { bySource } from '../measures/figures.js';
import type { Observed, Range } from '../measures/mean-bounds.js';
import { renumbered } from '../measures/sources.js';
import type { MeasureDefinition } from '../model/measures/measure.js';

/** Number of the source by query number: queries of one source are not independent. Undefined: each is its own. */
export type SourceOf = ArrayLike<number> | undefined;

/** Values by query of several builds over the same queries, added up by source. */
export interface Sample {
  /** By build, then by source. */
  sums: readonly Float64Array[];
  /** Queries of each source. */
  sizes: Float64Array;
  /** Queries that some of the builds have a value for and others, though asked, have not. */
  missing: number;
}

/** Builds with the queries that all of them were asked; a query that has no value in any of them takes no part. */
export function sampleOf(columns: readonly Column[], sourceOf: SourceOf): Sample {
  const { queries, values } = aligned(columns);
  const kept: number[] = [];
  let missing = 0;
  for (let i = 0; i < queries.length; i++) {
    let valued = 0;
    for (const each of values) if (!Number.isNaN(each[i]!)) valued++;
    if (valued === values.length) kept.push(i);
    else if (valued > 0) missing++;
  }
  const sources = renumbered(
    kept.map((i) => queries[i]!),
    sourceOf,
  );
  const sum = (value: (i: number) => number) => bySource(Float64Array.from(kept, value), sources);
  return { sums: values.map((each) => sum((i) => each[i]!)), sizes: sum(() => 1), missing };
}

/** Values of the queries that all columns were asked. */
function aligned(columns: readonly Column[]): { queries: Int32Array; values: readonly Float64Array[] } {
  const first = columns[0]!.queries;
  const same = columns.every(
    ({ queries }) => queries.length === first.length && queries.every((query, i) => query === first[i]),
  );
  if (same) return { queries: first, values: columns.map(({ values }) => values) };
  const maps = columns.map(
    ({ queries, values }) => new Map(Array.from(queries, (query, i) => [query, values[i]!])),
  );
  const queries = first.filter((query) => maps.every((map) => map.has(query)));
  return { queries, values: maps.map((map) => Float64Array.from(queries, (query) => map.get(query)!)) };
}

/** By build the values of the sources, scaled so that their plain mean is that of the queries. */
export function scaled({ sums, sizes }: Pick<Sample, 'sums' | 'sizes'>): Float64Array[] {
  const typical = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  return typical === 1 ? [...sums] : sums.map((each) => each.map((sum) => sum / typical));
}

export const observedOf = (above: Float64Array, { sizes }: Pick<Sample, 'sizes'>): Observed => ({
  above,
  below: sizes,
});

/** Values that a measure can take; one without an upper end has that of the worst that was seen, at least 1. */
export function rangeOf({ unit }: Pick<MeasureDefinition, 'unit'>, samples: readonly Sample[]): Range {
  let [low, high] = [0, 1];
  if (unit === 'share') return { low, high };
  for (const { sums, sizes } of samples) {
    for (const each of sums) {
      for (let i = 0; i < each.length; i++) {
        low = Math.min(low, each[i]! / sizes[i]!);
        high = Math.max(high, each[i]! / sizes[i]!);
      }
    }
  }
  return { low, high };
}
