import { conditionsOf, type Filter } from '../../../filters/filter.js';
import type { FilterData } from './data.js';

/** A filter as people write it, for the message of a failed test. */
export function showFilter(filter: Filter): string {
  return JSON.stringify(written(filter), (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : Object.is(value, -0) ? '-0' : value,
  );
}

function written(filter: Filter): unknown {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { [`$${filter.op}`]: filter.filters.map(written) };
    case 'not':
      return { $not: written(filter.filter) };
    default:
      return {
        [filter.field.name]: { [`$${filter.op}`]: 'values' in filter ? filter.values : filter.value },
      };
  }
}

/** What an engine returned too much or too little, with the values that the filter is about; undefined: nothing. */
export function showDifference(
  { metadata }: FilterData,
  filter: Filter,
  found: readonly number[],
  expected: readonly number[],
): string | undefined {
  const names = [...new Set(conditionsOf(filter).map(({ field }) => field.name))];
  const valuesOf = (row: number) =>
    JSON.stringify(
      Object.fromEntries(names.map((name) => [name, metadata[name]?.[row]])),
      (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
    );
  const list = (rows: readonly number[]) => rows.slice(0, 5).map((row) => `\n    ${row} ${valuesOf(row)}`);
  const surplus = found.filter((row) => !expected.includes(row));
  const missing = expected.filter((row) => !found.includes(row));
  const twice = found.filter((row, i) => found.indexOf(row) !== i);
  const parts = [
    ...part('must not be returned', surplus, list),
    ...part('must be returned', missing, list),
    ...part('returned twice', twice, list),
  ];
  return parts.length === 0
    ? undefined
    : `${expected.length} points pass, ${found.length} came\n${parts.join('\n')}`;
}

function part(what: string, rows: readonly number[], list: (rows: readonly number[]) => string[]): string[] {
  return rows.length === 0 ? [] : [`  ${rows.length} ${what}:${list(rows).join('')}`];
}
