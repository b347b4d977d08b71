import { formatTimestamp } from '../../common/timestamps.js';
import type { Filter, FilterValue } from '../../filters/filter.js';
import { elementType } from '../../filters/values.js';

/** A filter as people write it (docs/filters.md): the reverse of `parseFilter`. */
export function filterJson(filter: Filter): Readonly<Record<string, unknown>> {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { [`$${filter.op}`]: filter.filters.map(filterJson) };
    case 'not':
      return { $not: filterJson(filter.filter) };
    case 'exists':
      return { [filter.field.name]: { $exists: filter.value } };
    default: {
      const written = (value: FilterValue) => valueJson(filter.field, value);
      const value = 'values' in filter ? filter.values.map(written) : written(filter.value);
      return { [filter.field.name]: { [`$${filter.op}`]: value } };
    }
  }
}

function valueJson({ type }: { type: Parameters<typeof elementType>[0] }, value: FilterValue): unknown {
  if (typeof value !== 'bigint') return value;
  return elementType(type) === 'timestamp' ? timeOf(value) : String(value);
}

function timeOf(value: bigint): string {
  try {
    return formatTimestamp(value);
  } catch {
    return String(value);
  }
}
