import type { FieldType } from '../datasets/dataset.js';

/** Operators of one field, as people write them after a `$`. */
export const CONDITION_OPERATORS = [
  'eq',
  'ne',
  'gt',
  'gte',
  'lt',
  'lte',
  'in',
  'nin',
  'exists',
  'contains',
  'containsAny',
  'containsAll',
  'startsWith',
  'like',
] as const;
export const LOGICAL_OPERATORS = ['and', 'or', 'not'] as const;
export type ConditionOperator = (typeof CONDITION_OPERATORS)[number];
export type FilterOperator = ConditionOperator | (typeof LOGICAL_OPERATORS)[number];

/**
 * A value of the field's type (of its elements for arrays), never null. `integer`: a number, or a bigint beyond
 * ±(2^53 - 1), within 64 bits; `timestamp`: a bigint, microseconds since 1970 in UTC; `float`: finite.
 */
export type FilterValue = string | number | bigint | boolean;

/** The field a condition is about: its dotted path, and its type as the dataset's schema declares it. */
export interface FieldRef {
  name: string;
  type: FieldType;
}

/** A condition on one field. */
export type Condition =
  | { op: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'; field: FieldRef; value: FilterValue }
  | { op: 'in' | 'nin'; field: FieldRef; values: readonly FilterValue[] }
  | { op: 'exists'; field: FieldRef; value: boolean }
  | { op: 'contains'; field: FieldRef; value: FilterValue }
  | { op: 'containsAny' | 'containsAll'; field: FieldRef; values: readonly FilterValue[] }
  | { op: 'startsWith' | 'like'; field: FieldRef; value: string };

/**
 * A filter after parsing: typed, complete, without nulls (`$eq: null` has become `exists: false`). Its meaning is
 * that of `matches` and of docs/filters.md: two-valued, a missing field and a null are the same (no value), a
 * condition other than `ne`, `nin` and `exists: false` needs a value, and `ne`, `nin` and `not` are the exact
 * complements of `eq`, `in` and what they negate.
 */
export type Filter =
  | Condition
  | { op: 'and' | 'or'; filters: readonly Filter[] }
  | { op: 'not'; filter: Filter };

/** All conditions of a filter, from left to right. */
export function conditionsOf(filter: Filter): Condition[] {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.filters.flatMap(conditionsOf);
    case 'not':
      return conditionsOf(filter.filter);
    default:
      return [filter];
  }
}

/** A filter without `not`, but directly above conditions that have no opposite (`contains…`, `startsWith`, `like`). */
export function withoutNot(filter: Filter, negated = false): Filter {
  switch (filter.op) {
    case 'not':
      return withoutNot(filter.filter, !negated);
    case 'and':
    case 'or': {
      const op = negated ? (filter.op === 'and' ? 'or' : 'and') : filter.op;
      return { op, filters: filter.filters.map((each) => withoutNot(each, negated)) };
    }
    default:
      return negated ? opposite(filter) : filter;
  }
}

const OPPOSITES = {
  eq: 'ne',
  ne: 'eq',
  gt: 'lte',
  gte: 'lt',
  lt: 'gte',
  lte: 'gt',
  in: 'nin',
  nin: 'in',
} as const;

function opposite(condition: Condition): Filter {
  switch (condition.op) {
    case 'exists':
      return { ...condition, value: !condition.value };
    case 'eq':
    case 'ne':
      return { ...condition, op: OPPOSITES[condition.op] };
    case 'in':
    case 'nin':
      return { ...condition, op: OPPOSITES[condition.op] };
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      // What has no value is not above, and so belongs to the opposite.
      return {
        op: 'or',
        filters: [
          { ...condition, op: OPPOSITES[condition.op] },
          { op: 'exists', field: condition.field, value: false },
        ],
      };
    default:
      return { op: 'not', filter: condition };
  }
}
