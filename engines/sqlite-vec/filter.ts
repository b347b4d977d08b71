import type { FieldSchema, FieldType } from '../../datasets/dataset.js';
import { type Condition, type Filter, type FilterValue, withoutNot } from '../../filters/filter.js';
import { type SqlValue, sqlValue } from './fields.js';

export interface SqlFilter {
  /** A condition on the side table `metadata`. */
  sql: string;
  parameters: readonly SqlValue[];
}

const OPERATORS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** True for exactly the rows of `matches`; each negated condition is written so that it holds without a value. */
export function sqlFilter(filter: Filter, fields: readonly FieldSchema[]): SqlFilter {
  const parameters: SqlValue[] = [];
  const bind = (type: FieldType, value: FilterValue) => {
    parameters.push(sqlValue(type, value));
    return '?';
  };
  const clause = (each: Filter): string => {
    switch (each.op) {
      case 'and':
      case 'or':
        if (each.filters.length === 0) return each.op === 'and' ? 'true' : 'false';
        return `(${each.filters.map(clause).join(` ${each.op} `)})`;
      case 'not':
        return `((${clause(each.filter)}) is not true)`;
      default:
        return condition(
          each,
          fields.findIndex(({ name }) => name === each.field.name),
          bind,
        );
    }
  };
  return { sql: clause(withoutNot(filter)), parameters };
}

type Bind = (type: FieldType, value: FilterValue) => string;

function condition(filter: Condition, field: number, bind: Bind): string {
  const { type } = filter.field;
  const element = type.replace('[]', '') as FieldType;
  const column = `f${field}`;
  const one = (value: FilterValue) => bind(element, value);
  const list = (values: readonly FilterValue[]) => `(${values.map(one).join(', ')})`;
  const holding = (what: string) => `n in (select n from elements${field} where value ${what})`;
  switch (filter.op) {
    case 'exists':
      return `${column} is ${filter.value ? 'not null' : 'null'}`;
    case 'ne':
      return `${column} is not ${one(filter.value)}`;
    case 'eq':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return `${column} ${OPERATORS[filter.op]} ${one(filter.value)}`;
    case 'in':
      return `${column} in ${list(filter.values)}`;
    case 'nin':
      return `(${column} is null or ${column} not in ${list(filter.values)})`;
    case 'contains':
      return holding(`= ${one(filter.value)}`);
    case 'containsAny':
      return holding(`in ${list(filter.values)}`);
    case 'containsAll': {
      const each = filter.values.map((value) => holding(`= ${one(value)}`));
      return `(${[`${column} is not null`, ...each].join(' and ')})`;
    }
    case 'startsWith':
      return `substr(${column}, 1, length(${one(filter.value)})) = ${one(filter.value)}`;
    case 'like':
      // Case counts by a setting of the connection; a last `\` that escapes nothing is doubled.
      return `${column} like ${one(filter.value.replace(/(?<!\\)(?:\\\\)*\\$/, '$&\\'))} escape '\\'`;
  }
}
