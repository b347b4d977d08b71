import type { MetadataValue } from '../datasets/dataset.js';
import type { Condition, Filter, FilterValue } from './filter.js';
import { likeMatcher } from './like.js';

/** Value of a field in one point; null and undefined are the same: no value. */
export type FieldValue = (name: string) => MetadataValue | undefined;

/**
 * The meaning of a filter, written to be read: one point, no compilation. Everything else (the column scan that
 * makes truth, the engines' own filters) is tested against this.
 */
export function matches(filter: Filter, fieldOf: FieldValue): boolean {
  switch (filter.op) {
    case 'and':
      return filter.filters.every((each) => matches(each, fieldOf));
    case 'or':
      return filter.filters.some((each) => matches(each, fieldOf));
    case 'not':
      return !matches(filter.filter, fieldOf);
    case 'ne':
      return !matches({ ...filter, op: 'eq' }, fieldOf);
    case 'nin':
      return !matches({ ...filter, op: 'in' }, fieldOf);
    default: {
      const value = fieldOf(filter.field.name) ?? null;
      if (filter.op === 'exists') return (value !== null) === filter.value;
      return value !== null && holds(filter, value);
    }
  }
}

function holds(
  condition: Exclude<Condition, { op: 'exists' }>,
  value: Exclude<MetadataValue, null>,
): boolean {
  switch (condition.op) {
    case 'in':
      return condition.values.some((each) => compare(value as FilterValue, each) === 0);
    case 'contains':
      return elements(value).some((each) => compare(each, condition.value) === 0);
    case 'containsAny':
      return condition.values.some((wanted) => elements(value).some((each) => compare(each, wanted) === 0));
    case 'containsAll':
      return condition.values.every((wanted) => elements(value).some((each) => compare(each, wanted) === 0));
    case 'startsWith':
      return (value as string).startsWith(condition.value);
    case 'like':
      return likeMatcher(condition.value)(value as string);
    case 'eq':
      return compare(value as FilterValue, condition.value) === 0;
    case 'gt':
      return compare(value as FilterValue, condition.value) > 0;
    case 'gte':
      return compare(value as FilterValue, condition.value) >= 0;
    case 'lt':
      return compare(value as FilterValue, condition.value) < 0;
    case 'lte':
      return compare(value as FilterValue, condition.value) <= 0;
    default:
      throw new RangeError(`no meaning for ${condition.op}`);
  }
}

function elements(value: MetadataValue): readonly FilterValue[] {
  return value as readonly FilterValue[];
}

/**
 * Negative, 0 or positive as a is below, equal to or above b. Numbers compare by value (also a bigint with a number),
 * text by code points, which is the order of its UTF-8 bytes, false before true.
 */
export function compare(a: FilterValue, b: FilterValue): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** UTF-16 order differs from that of code points only where one of the units is a surrogate. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const surrogateX = x >= 0xd800 && x <= 0xdfff;
    const surrogateY = y >= 0xd800 && y <= 0xdfff;
    return surrogateX === surrogateY ? x - y : surrogateX ? 1 : -1;
  }
  return a.length - b.length;
}
