import type { FieldType, MetadataValue } from '../../../datasets/dataset.js';
import type { MetadataSupport } from '../../../engines/contract/points.js';
import type { Condition, Filter, FilterOperator, FilterValue } from '../../../filters/filter.js';
import { ALL_TYPES } from '../../../filters/support.js';
import { type FilterData, vectors } from './data.js';

const SPRING = 1774746000000000n;
const BIG = 2n ** 53n;

/** Six points; the fourth has no value. Texts of other case, neighbours that are one number in float64, an empty array. */
export const ROWS: Readonly<Record<FieldType, readonly MetadataValue[]>> = {
  string: ['libs', 'Libs', '', null, 'math', 'li_s'],
  integer: [0, -5, BIG + 1n, null, 7, BIG],
  float: [0, -2.5, 0.1, null, 7.25, 1e300],
  boolean: [true, false, true, null, false, true],
  timestamp: [0n, SPRING - 1n, SPRING, null, SPRING + 1n, -1n],
  'string[]': [['a', 'b'], ['A'], [], null, ['b', 'b'], ['a']],
  'integer[]': [[1, 2], [-1], [], null, [2, 2], [1]],
  'float[]': [[0.1, 1], [-0.5], [], null, [1, 1], [0.1]],
  'boolean[]': [[true, false], [false], [], null, [false, false], [true]],
};

/** In place of the empty array, where an engine keeps none: it changes no expectation. */
const INSTEAD: Readonly<Partial<Record<FieldType, MetadataValue>>> = {
  'string[]': ['c'],
  'integer[]': [3],
  'float[]': [3],
  'boolean[]': [false],
};

export interface TableCase {
  op: FilterOperator;
  type: FieldType;
  /** What is asked for, as the case's name shows it. */
  asked: string;
  filter: Filter;
  /** Worked out by hand. */
  rows: readonly number[];
}

/** Operator, value or values, rows that pass. */
type Line = readonly [Condition['op'], FilterValue | readonly FilterValue[], ...(readonly number[])];

const EXISTS: readonly Line[] = [
  ['exists', true, 0, 1, 2, 4, 5],
  ['exists', false, 3],
];

const LINES: Readonly<Record<FieldType, readonly Line[]>> = {
  string: [
    ['eq', 'libs', 0],
    ['eq', '', 2],
    ['ne', 'libs', 1, 2, 3, 4, 5],
    ['in', ['libs', ''], 0, 2],
    ['in', []],
    ['nin', ['libs', ''], 1, 3, 4, 5],
    ['nin', [], 0, 1, 2, 3, 4, 5],
    ['gt', 'libs', 4],
    ['gte', 'libs', 0, 4],
    ['lt', 'libs', 1, 2, 5],
    ['lte', 'libs', 0, 1, 2, 5],
    ['startsWith', 'li', 0, 5],
    ['startsWith', '', 0, 1, 2, 4, 5],
    ['startsWith', 'li_', 5],
    ['like', 'li_s', 0, 5],
    ['like', 'li\\_s', 5],
    ['like', '%', 0, 1, 2, 4, 5],
    ['like', 'l%s', 0, 5],
    ['like', '', 2],
    ...EXISTS,
  ],
  integer: [
    ['eq', BIG + 1n, 2],
    ['ne', BIG + 1n, 0, 1, 3, 4, 5],
    ['in', [BIG + 1n, 7], 2, 4],
    ['in', []],
    ['nin', [BIG + 1n, 7], 0, 1, 3, 5],
    ['nin', [], 0, 1, 2, 3, 4, 5],
    ['gt', BIG, 2],
    ['gte', BIG, 2, 5],
    ['lt', 0, 1],
    ['lte', 0, 0, 1],
    ['lt', BIG + 1n, 0, 1, 4, 5],
    ...EXISTS,
  ],
  float: [
    ['eq', 0.1, 2],
    ['ne', 0.1, 0, 1, 3, 4, 5],
    ['in', [0.1, 7.25], 2, 4],
    ['in', []],
    ['nin', [0.1, 7.25], 0, 1, 3, 5],
    ['nin', [], 0, 1, 2, 3, 4, 5],
    ['gt', 0.1, 4, 5],
    ['gte', 0.1, 2, 4, 5],
    ['lt', 0, 1],
    ['lte', 0, 0, 1],
    // 0.1 as float32 is above 0.1.
    ['eq', Math.fround(0.1)],
    ['lt', Math.fround(0.1), 0, 1, 2],
    ...EXISTS,
  ],
  boolean: [
    ['eq', true, 0, 2, 5],
    ['ne', true, 1, 3, 4],
    ['in', [true], 0, 2, 5],
    ['in', []],
    ['nin', [true], 1, 3, 4],
    ['nin', [], 0, 1, 2, 3, 4, 5],
    ...EXISTS,
  ],
  timestamp: [
    ['eq', SPRING, 2],
    ['ne', SPRING, 0, 1, 3, 4, 5],
    ['in', [SPRING, 0n], 0, 2],
    ['in', []],
    ['nin', [SPRING, 0n], 1, 3, 4, 5],
    ['nin', [], 0, 1, 2, 3, 4, 5],
    ['gt', SPRING, 4],
    ['gte', SPRING, 2, 4],
    ['lt', 0n, 5],
    ['lte', 0n, 0, 5],
    ...EXISTS,
  ],
  'string[]': arrays('a', 'b', 'x'),
  'integer[]': arrays(1, 2, 9),
  'float[]': arrays(0.1, 1, Math.fround(0.1)),
  // Only what holds with [false] in place of [], too.
  'boolean[]': [
    ['contains', true, 0, 5],
    ['containsAny', [true], 0, 5],
    ['containsAll', [true, false], 0],
    ...EXISTS,
  ],
};

/** `first` is in points 0 and 5, `second` in 0 and 4, `absent` in none. */
function arrays(first: FilterValue, second: FilterValue, absent: FilterValue): readonly Line[] {
  return [
    ['contains', first, 0, 5],
    ['contains', absent],
    ['containsAny', [first, second], 0, 4, 5],
    ['containsAny', [absent, second], 0, 4],
    ['containsAll', [first, second], 0],
    ['containsAll', [first, absent]],
    ['containsAll', [second, second], 0, 4],
    ...EXISTS,
  ];
}

/** Every operator with every type that it is for, and every logical one over text. */
export const TABLE: readonly TableCase[] = [
  ...ALL_TYPES.flatMap((type) => LINES[type].map((line) => conditionCase(type, line))),
  ...logicalCases(),
];

function conditionCase(type: FieldType, [op, value, ...rows]: Line): TableCase {
  const field = { name: fieldName(type), type };
  const filter = (Array.isArray(value) ? { op, field, values: value } : { op, field, value }) as Condition;
  const shown = Array.isArray(value) ? `[${value.map(show).join(', ')}]` : show(value as FilterValue);
  return { op, type, asked: shown, filter, rows };
}

function show(value: FilterValue): string {
  return typeof value === 'string' ? `"${value}"` : String(value);
}

function logicalCases(): TableCase[] {
  const field = { name: fieldName('string'), type: 'string' } as const;
  const eq = (value: string): Filter => ({ op: 'eq', field, value });
  const lines: [string, Filter, number[]][] = [
    ['two that hold', { op: 'and', filters: [eq('libs'), eq('libs')] }, [0]],
    ['two that exclude each other', { op: 'and', filters: [eq('libs'), eq('math')] }, []],
    ['one of two', { op: 'or', filters: [eq('libs'), eq('math')] }, [0, 4]],
    ['none of two', { op: 'or', filters: [eq('x'), eq('y')] }, []],
    ['with the point without a value', { op: 'not', filter: eq('libs') }, [1, 2, 3, 4, 5]],
    ['of $not', { op: 'not', filter: { op: 'not', filter: eq('libs') } }, [0]],
    ['of $and', { op: 'not', filter: { op: 'and', filters: [eq('libs'), eq('math')] } }, [0, 1, 2, 3, 4, 5]],
    ['of $or', { op: 'not', filter: { op: 'or', filters: [eq('libs'), eq('math')] } }, [1, 2, 3, 5]],
  ];
  return lines.map(([asked, filter, rows]) => ({
    op: filter.op,
    type: 'string',
    asked,
    filter,
    rows,
  }));
}

export function fieldName(type: FieldType): string {
  return `of_${type.replace('[]', '_array')}`;
}

/** The six points, with a field of every type that the engine keeps. */
export function tableData(support: MetadataSupport): FilterData {
  const types = ALL_TYPES.filter((type) => support.types[type] !== undefined);
  const fields = types.map((type) => ({ name: fieldName(type), type, nullable: true }));
  const metadata = Object.fromEntries(types.map((type) => [fieldName(type), rowsOf(type, support)]));
  return { ...vectors(ROWS.string.length, 11), fields, metadata };
}

function rowsOf(type: FieldType, { emptyArrays }: MetadataSupport): readonly MetadataValue[] {
  const isEmpty = (value: MetadataValue) => Array.isArray(value) && value.length === 0;
  return ROWS[type].map((value) => (emptyArrays !== 'kept' && isEmpty(value) ? INSTEAD[type]! : value));
}
