import type { ArrayColumn, ColumnStore, ScalarColumn } from './columns.js';
import type { Condition, Filter, FilterValue } from './filter.js';
import { likeMatcher } from './like.js';
import { compare } from './matches.js';
import { type Comparison, scanBig, scanFlags, scanNumbers, type Test } from './scan.js';
import { Selection } from './selection.js';

/**
 * The rows of a dataset that a filter lets through, by scans of typed columns: the meaning of `matches`, for all rows
 * at once. A text condition is decided once for each different word. Throws RangeError if the store lacks a field.
 */
export function compile(filter: Filter, columns: ColumnStore): Selection {
  switch (filter.op) {
    case 'and':
      return filter.filters.reduce(
        (all, each) => all.and(compile(each, columns)),
        Selection.all(columns.count),
      );
    case 'or':
      return filter.filters.reduce(
        (all, each) => all.or(compile(each, columns)),
        new Selection(columns.count),
      );
    case 'not':
      return compile(filter.filter, columns).complement();
    case 'ne':
      return compile({ ...filter, op: 'eq' }, columns).complement();
    case 'nin':
      return compile({ ...filter, op: 'in' }, columns).complement();
    default: {
      const column = columns.column(filter.field.name);
      return column.kind === 'array'
        ? scanArrays(filter, column)
        : scanScalars(filter, column, columns.count);
    }
  }
}

function scanScalars(condition: Condition, column: ScalarColumn, count: number): Selection {
  if (condition.op === 'exists') {
    const present = presentOf(column, count);
    return condition.value ? present : present.complement();
  }
  const test = testOf(condition);
  if (column.kind === 'number') return scanNumbers(column.values, numberTest(test));
  if (column.kind === 'big') return scanBig(column.values, bigTest(test)).and(column.present);
  return scanFlags(column.codes, flagsOf(column, test));
}

function presentOf(column: ScalarColumn, count: number): Selection {
  if (column.kind === 'big') return column.present;
  if (column.kind === 'text') return scanFlags(column.codes, new Uint8Array(column.words.length).fill(1));
  const present = new Selection(count);
  for (let row = 0; row < count; row++) if (!Number.isNaN(column.values[row]!)) present.add(row);
  return present;
}

/** A condition on one value, in the form that scans know. */
function testOf(condition: Exclude<Condition, { op: 'exists' }>): Test<FilterValue> {
  switch (condition.op) {
    case 'in':
    case 'containsAny':
      return { op: 'in', values: condition.values };
    case 'contains':
    case 'eq':
      return { op: 'in', values: [condition.value] };
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return { op: condition.op, value: condition.value };
    case 'startsWith':
      return { op: 'text', holds: (text) => text.startsWith(condition.value) };
    case 'like':
      return { op: 'text', holds: likeMatcher(condition.value) };
    default:
      throw new RangeError(`$${condition.op} is no condition on one value`);
  }
}

/** Values beyond ±(2^53 - 1) are beyond all of such a column, also when rounded. */
function numberTest(test: Test<FilterValue>): Test<number> {
  if (test.op === 'text') return test;
  if (test.op === 'in') return { op: 'in', values: test.values.map(Number) };
  return { op: test.op, value: Number(test.value) };
}

function bigTest(test: Test<FilterValue>): Test<bigint> {
  const big = (value: FilterValue) => BigInt(value as number | bigint);
  if (test.op === 'text') return test;
  if (test.op === 'in') return { op: 'in', values: test.values.map(big) };
  return { op: test.op, value: big(test.value) };
}

/** By word of the dictionary: whether it passes. */
function flagsOf({ words }: ScalarColumn & { kind: 'text' }, test: Test<FilterValue>): Uint8Array {
  const holds = textPredicate(test);
  return Uint8Array.from(words, (word) => Number(holds(word)));
}

function textPredicate(test: Test<FilterValue>): (text: string) => boolean {
  if (test.op === 'text') return test.holds;
  if (test.op === 'in') {
    const values = new Set(test.values);
    return (text) => values.has(text);
  }
  const holds = SIGNS[test.op];
  return (text) => holds(compare(text, test.value));
}

const SIGNS: Readonly<Record<Comparison, (sign: number) => boolean>> = {
  gt: (sign) => sign > 0,
  gte: (sign) => sign >= 0,
  lt: (sign) => sign < 0,
  lte: (sign) => sign <= 0,
};

function scanArrays(condition: Condition, { offsets, elements, present }: ArrayColumn): Selection {
  if (condition.op === 'exists') return condition.value ? present : present.complement();
  if (condition.op === 'containsAll') {
    const { field, values } = condition;
    return values
      .map((value) =>
        scanArrays({ op: 'contains', field, value }, { kind: 'array', offsets, elements, present }),
      )
      .reduce((all, each) => all.and(each), present);
  }
  const passing = scanScalars(condition, elements, offsets.at(-1)!);
  const found = new Selection(offsets.length - 1);
  for (let row = 0; row < found.length; row++) {
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      if (!passing.has(i)) continue;
      found.add(row);
      break;
    }
  }
  return found;
}
