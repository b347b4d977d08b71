import type { Fault } from '../common/faults.js';
import type { FieldSchema } from '../datasets/dataset.js';
import { wrongValue } from './faults.js';
import type { ConditionOperator, FieldRef, Filter, FilterValue } from './filter.js';
import { elementType, isArrayType, parseValue } from './values.js';

export type ParsedCondition =
  | { state: 'ok'; filter: Filter }
  | { state: 'invalid'; faults: readonly Fault[] };

type Path = Fault['path'];

/** Which types an operator is for, and what to write instead for the others. */
const SCALARS = { arrays: 'is not for arrays: use $contains, $containsAny or $containsAll' };
const ARRAYS = { scalars: 'is for arrays only' };
const FIT: Readonly<Record<ConditionOperator, { arrays?: string; scalars?: string }>> = {
  eq: SCALARS,
  ne: SCALARS,
  in: SCALARS,
  nin: SCALARS,
  gt: SCALARS,
  gte: SCALARS,
  lt: SCALARS,
  lte: SCALARS,
  startsWith: SCALARS,
  like: SCALARS,
  exists: {},
  contains: ARRAYS,
  containsAny: ARRAYS,
  containsAll: ARRAYS,
};

/**
 * One operator of a field with its value. Nulls are rewritten: `$eq: null` is `$exists: false`, a null in `$in` an
 * alternative of its own, a null in `$nin` a value that has to be there.
 *
 * @param operator a known one, with its `$`
 */
export function parseCondition(
  schema: FieldSchema,
  operator: string,
  value: unknown,
  path: Path,
): ParsedCondition {
  const op = operator.slice(1) as ConditionOperator;
  const field: FieldRef = { name: schema.name, type: schema.type };
  const misfit = misfitOf(op, field, value);
  if (misfit !== undefined) return invalid(wrongValue(path, misfit, value));
  switch (op) {
    case 'exists':
      if (typeof value !== 'boolean') return invalid(wrongValue(path, 'must be true or false', value));
      return ok({ op, field, value });
    case 'eq':
    case 'ne':
      if (value === null) return ok({ op: 'exists', field, value: op === 'ne' });
      return oneValue(field, value, path, (parsed) => ({ op, field, value: parsed }));
    case 'in':
    case 'nin':
      return membership(op, field, value, path);
    case 'containsAny':
    case 'containsAll':
      return valueList(field, value, path, 1, (values) => ({ op, field, values }));
    case 'startsWith':
      return oneValue(field, value, path, (parsed) => ({ op, field, value: parsed as string }));
    case 'like':
      return likeCondition(field, value, path);
    default:
      return oneValue(field, value, path, (parsed) => ({ op, field, value: parsed }));
  }
}

function ok(filter: Filter): ParsedCondition {
  return { state: 'ok', filter };
}

function invalid(...faults: Fault[]): ParsedCondition {
  return { state: 'invalid', faults };
}

/** Why an operator does not go with a field, whatever its value. */
function misfitOf(op: ConditionOperator, { name, type }: FieldRef, value: unknown): string | undefined {
  const of = `, and "${name}" is of type ${type}`;
  if (isArrayType(type)) {
    if (value === null && (op === 'eq' || op === 'ne')) return undefined;
    return FIT[op].arrays === undefined ? undefined : `${FIT[op].arrays}${of}`;
  }
  if (FIT[op].scalars !== undefined) {
    const remedy = type === 'string' && op === 'contains' ? ', for a part of a text use $like: "%…%"' : '';
    return `${FIT[op].scalars}${of}${remedy || (op === 'contains' ? '; use $eq' : '; use $in')}`;
  }
  if ((op === 'startsWith' || op === 'like') && type !== 'string') return `is for text only${of}`;
  if (type === 'boolean' && ['gt', 'gte', 'lt', 'lte'].includes(op)) {
    return `is not for booleans, which have no order: use $eq${of}`;
  }
  return undefined;
}

function oneValue(
  field: FieldRef,
  value: unknown,
  path: Path,
  make: (value: FilterValue) => Filter,
): ParsedCondition {
  const remedy = remedyFor(value);
  if (remedy !== undefined) return invalid(wrongValue(path, remedy, value));
  const parsed = parseValue(value, elementType(field.type));
  if (parsed.state === 'invalid') return invalid(valueFault(field, path, parsed.why, value));
  return ok(make(parsed.value));
}

function remedyFor(value: unknown): string | undefined {
  if (value === null) return 'must have a value; for points without one use $exists: false';
  return Array.isArray(value)
    ? 'must be one value; for a list use $in (arrays: $containsAny, $containsAll)'
    : undefined;
}

function valueFault(field: FieldRef, path: Path, why: string, value: unknown): Fault {
  return wrongValue(path, `${why}, as "${field.name}" is of type ${field.type}`, value);
}

function valueList(
  field: FieldRef,
  value: unknown,
  path: Path,
  least: number,
  make: (values: FilterValue[]) => Filter,
): ParsedCondition {
  if (!Array.isArray(value)) return invalid(wrongValue(path, 'must be a list of values', value));
  if (value.length < least) return invalid({ path, what: 'must be a list of at least one value' });
  const values: FilterValue[] = [];
  const faults: Fault[] = [];
  for (const [i, each] of (value as unknown[]).entries()) {
    const at = [...path, i];
    if (each === null) {
      faults.push(wrongValue(at, 'must have a value: elements of arrays are never null', each));
      continue;
    }
    const parsed = parseValue(each, elementType(field.type));
    if (parsed.state === 'ok') values.push(parsed.value);
    else faults.push(valueFault(field, at, parsed.why, each));
  }
  return faults.length > 0 ? { state: 'invalid', faults } : ok(make(values));
}

/** `$in` and `$nin`, with the meaning that `$eq` and `$ne` give to null. */
function membership(op: 'in' | 'nin', field: FieldRef, value: unknown, path: Path): ParsedCondition {
  if (!Array.isArray(value)) return invalid(wrongValue(path, 'must be a list of values', value));
  const present = { op: 'exists', field, value: op === 'nin' } as const;
  // Faults keep the places of the list as it was written.
  const places = value.map((each: unknown, i) => ({ each, i })).filter(({ each }) => each !== null);
  const parsed = valueList(
    field,
    places.map(({ each }) => each),
    path,
    0,
    (values) => ({ op, field, values }),
  );
  if (parsed.state === 'invalid') {
    const faults = parsed.faults.map((fault) => ({
      ...fault,
      path: [...path, places[fault.path.at(-1) as number]!.i],
    }));
    return { state: 'invalid', faults };
  }
  if (places.length === value.length) return parsed;
  if (places.length === 0) return ok(present);
  return ok({ op: op === 'in' ? 'or' : 'and', filters: [parsed.filter, present] });
}

function likeCondition(field: FieldRef, value: unknown, path: Path): ParsedCondition {
  if (typeof value === 'string' && endsInEscape(value)) {
    return invalid(
      wrongValue(path, 'ends with a lone backslash: write it twice to mean the sign itself', value),
    );
  }
  return oneValue(field, value, path, (parsed) => ({ op: 'like', field, value: parsed as string }));
}

function endsInEscape(pattern: string): boolean {
  return (/\\*$/.exec(pattern)?.[0].length ?? 0) % 2 === 1;
}
