import type { FieldType } from '../datasets/dataset.js';
import { type Filter, type FilterOperator, LOGICAL_OPERATORS } from './filter.js';

/** Which filters an engine answers with exactly the meaning of docs/filters.md; everything else it refuses. */
export interface FilterSupport {
  /** By operator: types of fields (for arrays `string[]`, …) it is exact for. An absent operator is refused. */
  operators: Readonly<Partial<Record<FilterOperator, readonly FieldType[]>>>;
  /** Why an operator (or `operator type`, e.g. `gt string`) is refused, a sentence each; part of the docs. */
  refused: Readonly<Partial<Record<string, string>>>;
}

export const NO_FILTERS: FilterSupport = { operators: {}, refused: {} };

export const SCALAR_TYPES = [
  'string',
  'integer',
  'float',
  'boolean',
  'timestamp',
] as const satisfies FieldType[];
export const ARRAY_TYPES = ['string[]', 'integer[]', 'float[]', 'boolean[]'] as const satisfies FieldType[];
export const ALL_TYPES: readonly FieldType[] = [...SCALAR_TYPES, ...ARRAY_TYPES];

/** Every operator, with the types of fields that it is for; logical ones are for filters. */
export const EVERY_OPERATOR = {
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
} as const satisfies Required<FilterSupport['operators']>;

/** Of an engine that answers everything. */
export const EVERY_FILTER: FilterSupport = { operators: EVERY_OPERATOR, refused: {} };

/** Operators of an engine that lacks some; all others are for every type that they can be for. */
export function operatorsWithout(...lacking: readonly FilterOperator[]): FilterSupport['operators'] {
  const rest = Object.entries(EVERY_OPERATOR).filter(([op]) => !lacking.includes(op as FilterOperator));
  return Object.fromEntries(rest);
}

/** Why an engine refuses a filter, one sentence for each operator and type; empty: it answers it exactly. */
export function refusals(filter: Filter, { operators, refused }: FilterSupport): string[] {
  const found = new Set<string>();
  const visit = (each: Filter): void => {
    const logical = (LOGICAL_OPERATORS as readonly string[]).includes(each.op);
    const type = 'field' in each ? each.field.type : undefined;
    const types = operators[each.op];
    if (types === undefined || (!logical && !types.includes(type!))) {
      const why = refused[`${each.op} ${type}`] ?? refused[each.op];
      const what = `$${each.op}${type === undefined || types === undefined ? '' : ` of a field of type ${type}`}`;
      found.add(why === undefined ? `${what} is not supported` : `${what} is not supported: ${why}`);
    }
    if (each.op === 'and' || each.op === 'or') each.filters.forEach(visit);
    if (each.op === 'not') visit(each.filter);
  };
  visit(filter);
  return [...found];
}
