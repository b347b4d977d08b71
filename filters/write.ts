import { formatTimestamp } from '../common/timestamps.js';
import type { Condition, FieldRef, Filter, FilterValue } from './filter.js';

type Plain = { [key: string]: unknown };

/**
 * A filter as people write it: `parseFilter` reads it back as the same. Integers beyond 2^53 become text, timestamps
 * RFC 3339.
 */
export function writeFilter(filter: Filter): Plain {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { [`$${filter.op}`]: filter.filters.map(writeFilter) };
    case 'not':
      return { $not: writeFilter(filter.filter) };
    default:
      return { [filter.field.name]: { [`$${filter.op}`]: operand(filter) } };
  }
}

function operand(condition: Condition): unknown {
  if (condition.op === 'exists') return condition.value;
  if ('values' in condition) return condition.values.map((value) => written(value, condition.field));
  return written(condition.value, condition.field);
}

function written(value: FilterValue, { type }: FieldRef): string | number | boolean {
  if (typeof value !== 'bigint') return value;
  return type === 'timestamp' ? formatTimestamp(value) : String(value);
}

/** Fields and operators without values: `price gte and tenant eq`. Queries of one application have few of them. */
export function filterShape(filter: Filter): string {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.filters.map((each) => nested(each)).join(` ${filter.op} `);
    case 'not':
      return `not ${nested(filter.filter)}`;
    default:
      return `${filter.field.name} ${filter.op}`;
  }
}

function nested(filter: Filter): string {
  const shape = filterShape(filter);
  return filter.op === 'and' || filter.op === 'or' ? `(${shape})` : shape;
}
