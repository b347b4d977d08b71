import { FailureError } from '../../common/errors.js';
import type { FieldType } from '../../datasets/dataset.js';
import { type Condition, type Filter, type FilterValue, withoutNot } from '../../filters/filter.js';
import { literal } from './fields.js';

const OPERATORS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/**
 * SQL that is true for exactly the rows of `matches`. Negations are moved to the conditions first, so that SQL's third
 * value never matters, and each negated condition holds where there is no value.
 *
 * @param columns SQL of each field's column
 */
export function sqlFilter(filter: Filter, columns: Columns): string {
  return clause(withoutNot(filter), columns);
}

type Columns = ReadonlyMap<string, string>;

function clause(filter: Filter, columns: Columns): string {
  switch (filter.op) {
    case 'and':
    case 'or': {
      const parts = filter.filters.map((each) => clause(each, columns));
      if (parts.length === 0) return filter.op === 'and' ? 'true' : 'false';
      return `(${parts.join(` ${filter.op} `)})`;
    }
    case 'not':
      return `((${clause(filter.filter, columns)}) IS NOT TRUE)`;
    default:
      return condition(filter, columnOf(columns, filter));
  }
}

function columnOf(columns: Columns, { field }: Condition): string {
  const column = columns.get(field.name);
  if (column !== undefined) return column;
  throw new FailureError(`the collection holds no field "${field.name}"`, {
    where: 'lancedb',
    next: `it holds ${[...columns.keys()].join(', ') || 'none'}`,
  });
}

/** -0 and 0 are one number to the language and two to the engine. */
function bothZeros(type: FieldType, values: readonly FilterValue[]): FilterValue[] {
  const hasZero = type === 'float' && values.some((value) => value === 0);
  return hasZero ? [...values.filter((value) => value !== 0), 0, -0] : [...values];
}

/** The zero on the side of the bound that takes in, or leaves out, both. */
function bound(op: 'gt' | 'gte' | 'lt' | 'lte', value: FilterValue): FilterValue {
  if (value !== 0) return value;
  return op === 'gt' || op === 'lte' ? 0 : -0;
}

function condition(filter: Condition, column: string): string {
  const element = filter.field.type.replace('[]', '') as FieldType;
  const one = (value: FilterValue) => literal(element, value);
  const list = (values: readonly FilterValue[]) => bothZeros(element, values).map(one).join(', ');
  switch (filter.op) {
    case 'exists':
      return `${column} IS ${filter.value ? 'NOT NULL' : 'NULL'}`;
    case 'eq':
    case 'in': {
      const values = bothZeros(element, 'value' in filter ? [filter.value] : filter.values);
      if (values.length === 0) return 'false';
      return values.length === 1 ? `${column} = ${one(values[0]!)}` : `${column} IN (${list(values)})`;
    }
    case 'ne':
    case 'nin': {
      const values = bothZeros(element, 'value' in filter ? [filter.value] : filter.values);
      if (values.length === 0) return 'true';
      const differs = values.length === 1 ? `<> ${one(values[0]!)}` : `NOT IN (${list(values)})`;
      return `(${column} ${differs} OR ${column} IS NULL)`;
    }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return `${column} ${OPERATORS[filter.op]} ${one(element === 'float' ? bound(filter.op, filter.value) : filter.value)}`;
    case 'contains': {
      const values = bothZeros(element, [filter.value]);
      if (values.length === 1) return `array_has(${column}, ${one(filter.value)})`;
      return `array_has_any(${column}, [${list(values)}])`;
    }
    case 'containsAny':
      return filter.values.length === 0 ? 'false' : `array_has_any(${column}, [${list(filter.values)}])`;
    case 'containsAll':
      return containsAll(column, element, filter.values);
    case 'startsWith':
      return `starts_with(${column}, ${one(filter.value)})`;
    case 'like':
      return `${column} LIKE ${one(filter.value)}`;
  }
}

function containsAll(column: string, element: FieldType, values: readonly FilterValue[]): string {
  const others = element === 'float' ? values.filter((value) => value !== 0) : values;
  const list = (each: readonly FilterValue[]) => each.map((value) => literal(element, value)).join(', ');
  const parts = [
    ...(others.length === 0 ? [] : [`array_has_all(${column}, [${list(others)}])`]),
    ...(others.length === values.length ? [] : [`array_has_any(${column}, [${list([0, -0])}])`]),
  ];
  return parts.length === 0 ? `${column} IS NOT NULL` : `(${parts.join(' AND ')})`;
}
