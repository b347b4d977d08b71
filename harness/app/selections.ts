import type { PreparedMetadata } from '../../datasets/prepare.js';
import { ColumnStore } from '../../filters/columns.js';
import { compile } from '../../filters/compile.js';
import type { Filter } from '../../filters/filter.js';
import { NO_ROW, type Truth } from '../model/samples.js';
import { NO_SELECTION, type QuerySelections } from '../truth/selections.js';
import type { GroupedQuery } from './run-queries.js';

const BATCH = 4096;

/** The metadata as columns in memory, which filters are compiled against. */
export function columnsOf(metadata: PreparedMetadata): ColumnStore {
  const store = new ColumnStore(metadata.fields);
  for (let start = 0; start < metadata.count; start += BATCH) {
    const rows = Math.min(BATCH, metadata.count - start);
    store.add(rows, metadata.read(start, rows).columns);
  }
  return store;
}

/** Which points each query may find; undefined where no query has a filter. Equal texts are one filter. */
export function selectionsOf(
  grouped: readonly GroupedQuery[],
  metadata: PreparedMetadata | undefined,
): QuerySelections | undefined {
  if (metadata === undefined) return undefined;
  const numbers = new Map<string, number>();
  const filters: Filter[] = [];
  const of = Int32Array.from(grouped, ({ filter, text }) => {
    if (filter === null || text === null) return NO_SELECTION;
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, filters.length);
    return filters.push(filter) - 1;
  });
  if (filters.length === 0) return undefined;
  const columns = columnsOf(metadata);
  return { of, list: filters.map((filter) => compile(filter, columns)) };
}

/** A truth as queries see it that ask for fewer hits than others: what lies beyond their k does not count. */
export function cutToK(truth: Truth, grouped: readonly GroupedQuery[], maxK: number): Truth {
  if (grouped.every(({ k }) => k >= maxK)) return truth;
  const rows = truth.rows.slice();
  const distances = truth.distances.slice();
  for (const [q, { k }] of grouped.entries()) {
    if (k >= maxK) continue;
    rows.fill(NO_ROW, q * truth.depth + k, (q + 1) * truth.depth);
    distances.fill(Number.NaN, q * truth.depth + k, (q + 1) * truth.depth);
  }
  return { ...truth, rows, distances };
}
