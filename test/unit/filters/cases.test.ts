import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MetadataValue } from '../../../datasets/dataset.js';
import type { Condition, Filter } from '../../../filters/filter.js';
import { CONDITION_OPERATORS } from '../../../filters/filter.js';
import { type FieldValue, matches } from '../../../filters/matches.js';
import { ALL_TYPES } from '../../../filters/support.js';
import { filtersFor } from '../../../harness/conformance/filters/cases.js';
import { filterData } from '../../../harness/conformance/filters/data.js';
import { fieldName, ROWS, TABLE } from '../../../harness/conformance/filters/table.js';
import { ALL_OPERATORS, EVERYTHING_KEPT } from './everything.js';

const data = filterData(EVERYTHING_KEPT, 240, 23);
const rows = Array.from({ length: data.count }, (_, row) => row);
const filters = fc.sample(filtersFor(data, ALL_OPERATORS), { seed: 5, numRuns: 600 });

test.each(TABLE)('the reference by hand: $op $asked of $type', ({ filter, rows: expected }) => {
  const found = ROWS.string
    .map((_, row) => row)
    .filter((row) =>
      matches(filter, (name) => ROWS[ALL_TYPES.find((type) => fieldName(type) === name)!][row]),
    );
  expect(found).toEqual(expected);
});

test('the table names every operator with every type it is for', () => {
  const named = new Set(TABLE.map(({ op, type }) => `${op} ${type}`));
  const all = CONDITION_OPERATORS.flatMap((op) =>
    ALL_OPERATORS.operators[op]!.map((type) => `${op} ${type}`),
  );
  expect([...all, 'and string', 'or string', 'not string'].filter((each) => !named.has(each))).toEqual([]);
});

/** What engines get wrong: each must show in the filters that the conformance tests try. */
const number = (value: MetadataValue) =>
  typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? value : value;
const MUTANTS: Readonly<Record<string, (filter: Condition, value: FieldValue) => boolean>> = {
  'a missing value fails $ne and $nin, as in SQL': (filter, value) =>
    !(['ne', 'nin'].includes(filter.op) && value(filter.field.name) === null) && matches(filter, value),
  'case does not count in $like': (filter, value) =>
    filter.op === 'like'
      ? matches({ ...filter, value: filter.value.toLowerCase() }, (name) => lower(value(name)))
      : matches(filter, value),
  'a backslash of $like is a sign': (filter, value) =>
    matches(
      filter.op === 'like' ? { ...filter, value: filter.value.replaceAll('\\', '\\\\') } : filter,
      value,
    ),
  'integers compared as float64': (filter, value) =>
    filter.field.type === 'integer'
      ? matches(mapped(filter, number), (name) => number(value(name)!))
      : matches(filter, value),
  'floats compared as float32': (filter, value) =>
    filter.field.type === 'float'
      ? matches(
          mapped(filter, (each) => Math.fround(each as number)),
          (name) => (value(name) === null ? null : Math.fround(value(name) as number)),
        )
      : matches(filter, value),
  'timestamps cut to milliseconds': (filter, value) =>
    filter.field.type === 'timestamp'
      ? matches(
          mapped(filter, (each) => (each as bigint) / 1000n),
          (name) => (value(name) === null ? null : (value(name) as bigint) / 1000n),
        )
      : matches(filter, value),
  'text ordered by UTF-16': (filter, value) =>
    filter.op === 'gt' && filter.field.type === 'string'
      ? value(filter.field.name) !== null && (value(filter.field.name) as string) > (filter.value as string)
      : matches(filter, value),
  'composed and decomposed letters are one': (filter, value) =>
    ofText(filter)
      ? matches(mapped(filter, composed), (name) => composed(value(name)!))
      : matches(filter, value),
  'an empty array has no value': (filter, value) =>
    filter.op === 'exists'
      ? matches(filter, (name) =>
          Array.isArray(value(name)) && (value(name) as unknown[]).length === 0 ? null : value(name),
        )
      : matches(filter, value),
  'an empty $in is left out': (filter, value) =>
    (filter.op === 'in' && filter.values.length === 0) || matches(filter, value),
  'trailing spaces do not count': (filter, value) =>
    ofText(filter)
      ? matches(mapped(filter, trimmed), (name) => trimmed(value(name)!))
      : matches(filter, value),
};

const ofText = (filter: Condition) =>
  filter.field.type === 'string' && ['eq', 'ne', 'in', 'nin'].includes(filter.op);
const composed = (value: MetadataValue) => (typeof value === 'string' ? value.normalize('NFC') : value);
const trimmed = (value: MetadataValue) => (typeof value === 'string' ? value.trimEnd() : value);

function lower(value: MetadataValue | undefined): MetadataValue | undefined {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function mapped(filter: Condition, map: (value: never) => unknown): Condition {
  if (filter.op === 'exists') return filter;
  if ('values' in filter)
    return { ...filter, values: filter.values.map((each) => map(each as never)) } as Condition;
  return { ...filter, value: map(filter.value as never) } as Condition;
}

function mutated(
  filter: Filter,
  value: FieldValue,
  mutant: (filter: Condition, value: FieldValue) => boolean,
): boolean {
  switch (filter.op) {
    case 'and':
      return filter.filters.every((each) => mutated(each, value, mutant));
    case 'or':
      return filter.filters.some((each) => mutated(each, value, mutant));
    case 'not':
      return !mutated(filter.filter, value, mutant);
    default:
      return mutant(filter, value);
  }
}

test.each(Object.entries(MUTANTS))('the generated filters show an engine where %s', (_, mutant) => {
  const differs = (filter: Filter) =>
    rows.some((row) => {
      const value: FieldValue = (name) => data.metadata[name]![row];
      return matches(filter, value) !== mutated(filter, value, mutant);
    });
  expect(filters.some(differs)).toBe(true);
});

test('the generated filters are of all kinds: none, few, some and nearly all points pass', () => {
  const shares = filters.map(
    (filter) =>
      rows.filter((row) => matches(filter, (name) => data.metadata[name]![row])).length / data.count,
  );
  for (const [from, to] of [
    [0, 0],
    [0.001, 0.02],
    [0.02, 0.2],
    [0.2, 0.8],
    [0.8, 1],
  ] as const) {
    expect(shares.filter((share) => share >= from && share <= to).length, `${from}-${to}`).toBeGreaterThan(
      10,
    );
  }
});
