import type { FieldType } from '../../datasets/dataset.js';
import { type Condition, type Filter, type FilterValue, withoutNot } from '../../filters/filter.js';
import { ALL_TYPES, ARRAY_TYPES, type FilterSupport, SCALAR_TYPES } from '../../filters/support.js';
import { columnName, literal, quoted } from './fields.js';

export const FILTERS: FilterSupport = {
  operators: {
    eq: SCALAR_TYPES,
    ne: SCALAR_TYPES,
    gt: SCALAR_TYPES,
    gte: SCALAR_TYPES,
    lt: SCALAR_TYPES,
    lte: SCALAR_TYPES,
    in: SCALAR_TYPES,
    nin: SCALAR_TYPES,
    exists: ALL_TYPES,
    contains: ARRAY_TYPES,
    containsAny: ARRAY_TYPES,
    containsAll: ARRAY_TYPES,
    startsWith: ['string'],
    like: ['string'],
    and: [],
    or: [],
    not: [],
  },
  refused: {},
};

const OPERATORS = { eq: '=', ne: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/**
 * SQL that is true for exactly the rows of `matches`. Negations are moved to the conditions first, so that SQL's third
 * value never matters, and each negated condition holds where there is no value.
 */
export function sqlFilter(filter: Filter): string {
  return clause(withoutNot(filter));
}

function clause(filter: Filter): string {
  switch (filter.op) {
    case 'and':
    case 'or': {
      const parts = filter.filters.map(clause);
      if (parts.length === 0) return filter.op === 'and' ? 'true' : 'false';
      return `(${parts.join(` ${filter.op} `)})`;
    }
    case 'not':
      return `((${clause(filter.filter)}) IS NOT TRUE)`;
    default:
      return condition(filter);
  }
}

function condition(filter: Condition): string {
  const { name, type } = filter.field;
  const column = quoted(columnName(name));
  const element = type.replace('[]', '') as FieldType;
  const one = (value: FilterValue) => literal(element, value);
  const list = (values: readonly FilterValue[]) => values.map(one).join(', ');
  switch (filter.op) {
    case 'exists':
      return `${column} IS ${filter.value ? 'NOT NULL' : 'NULL'}`;
    case 'ne':
      return `(${column} <> ${one(filter.value)} OR ${column} IS NULL)`;
    case 'eq':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return `${column} ${OPERATORS[filter.op]} ${one(filter.value)}`;
    case 'in':
      return filter.values.length === 0 ? 'false' : `${column} IN (${list(filter.values)})`;
    case 'nin':
      if (filter.values.length === 0) return 'true';
      return `(${column} NOT IN (${list(filter.values)}) OR ${column} IS NULL)`;
    case 'contains':
      return `array_has(${column}, ${one(filter.value)})`;
    case 'containsAny':
      return filter.values.length === 0 ? 'false' : `array_has_any(${column}, [${list(filter.values)}])`;
    case 'containsAll':
      if (filter.values.length === 0) return `${column} IS NOT NULL`;
      return `array_has_all(${column}, [${list(filter.values)}])`;
    case 'startsWith':
      return `starts_with(${column}, ${one(filter.value)})`;
    case 'like':
      return `${column} LIKE ${one(filter.value)}`;
  }
}
