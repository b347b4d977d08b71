import { FailureError } from '../../common/errors.js';
import {
  type Condition,
  conditionsOf,
  type FieldRef,
  type Filter,
  type FilterValue,
  withoutNot,
} from '../../filters/filter.js';
import {
  elementKey,
  highKey,
  isSafe,
  keyOf,
  lowKey,
  NEVER_KEY,
  noneKey,
  orderedBits,
  split,
} from './fields.js';

/** The server's own language: one operator for each key, `$and` and `$or` of at least two. */
export type Where = Readonly<Record<string, unknown>>;

const NEVER: Where = { [NEVER_KEY]: true };
const ALWAYS: Where = { [NEVER_KEY]: { $ne: true } };
/** The server reads JSON of up to 128 levels, of which each `$and` takes two. */
const MAX_DEPTH = 50;
/** Its SQLite takes expressions of up to 1000. */
const MAX_CONDITIONS = 900;

/** Exactly the filter's meaning on what `encodeField` wrote. Throws FailureError for one too large for the server. */
export function translateFilter(filter: Filter): Where {
  const where = translate(withoutNot(filter));
  const { depth, conditions } = sizeOf(where);
  if (depth > MAX_DEPTH || conditions > MAX_CONDITIONS) {
    throw new FailureError(
      `a filter of ${conditions} conditions, ${depth} deep, is more than the server takes`,
      {
        where: 'chroma: filter',
        next: `use at most ${MAX_CONDITIONS} conditions, ${MAX_DEPTH} deep; $in counts as one`,
      },
    );
  }
  return where;
}

function translate(filter: Filter): Where {
  switch (filter.op) {
    case 'and':
      return and(filter.filters.map(translate));
    case 'or':
      return or(filter.filters.map(translate));
    case 'not':
      return membership(filter.filter as Condition, true);
    default:
      return condition(filter);
  }
}

function condition(filter: Condition): Where {
  const { field } = filter;
  switch (filter.op) {
    case 'exists':
      return { [noneKey(field.name)]: filter.value ? { $ne: true } : true };
    case 'eq':
      return equal(field, filter.value);
    case 'ne':
      return different(field, filter.value);
    case 'in':
      return or([
        ...among(field, filter.values, '$in'),
        ...wideOf(field, filter.values).map((each) => equal(field, each)),
      ]);
    case 'nin':
      return and([
        ...among(field, filter.values, '$nin'),
        ...wideOf(field, filter.values).map((each) => different(field, each)),
      ]);
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return range(field, filter.op, filter.value as number | bigint);
    default:
      return membership(filter, false);
  }
}

/** Whether a value is kept in two halves. */
function isWide({ type }: FieldRef, value: FilterValue): boolean {
  return type === 'float' || ((type === 'integer' || type === 'timestamp') && !isSafe(value));
}

function bitsOf({ type }: FieldRef, value: FilterValue): bigint {
  return type === 'float' ? orderedBits(value as number) : BigInt(value as bigint);
}

function plain(value: FilterValue): string | number | boolean {
  return typeof value === 'bigint' ? Number(value) : value;
}

/** A missing key is matched by `$ne` and `$nin`, by nothing else. */
function equal(field: FieldRef, value: FilterValue): Where {
  if (!isWide(field, value)) return { [keyOf(field.name)]: { $eq: plain(value) } };
  const [high, low] = split(bitsOf(field, value));
  return and([{ [highKey(field.name)]: { $eq: high } }, { [lowKey(field.name)]: { $eq: low } }]);
}

function different(field: FieldRef, value: FilterValue): Where {
  if (!isWide(field, value)) return { [keyOf(field.name)]: { $ne: plain(value) } };
  const [high, low] = split(bitsOf(field, value));
  return or([{ [highKey(field.name)]: { $ne: high } }, { [lowKey(field.name)]: { $ne: low } }]);
}

function wideOf(field: FieldRef, values: readonly FilterValue[]): FilterValue[] {
  return values.filter((each) => isWide(field, each));
}

function among(field: FieldRef, values: readonly FilterValue[], op: '$in' | '$nin'): Where[] {
  const kept = values.filter((each) => !isWide(field, each)).map(plain);
  return kept.length === 0 ? [] : [{ [keyOf(field.name)]: { [op]: kept } }];
}

type RangeOp = 'gt' | 'gte' | 'lt' | 'lte';

function range(field: FieldRef, op: RangeOp, value: number | bigint): Where {
  const upwards = op === 'gt' || op === 'gte';
  const key = keyOf(field.name);
  if (field.type === 'float') return wideRange(field, op, value);
  // Integers kept in halves lie beyond all that are kept whole.
  if (isSafe(value)) {
    return or([
      { [key]: { [`$${op}`]: Number(value) } },
      { [highKey(field.name)]: { [upwards ? '$gt' : '$lt']: 0 } },
    ]);
  }
  const wholeOnes = upwards === value < 0 ? [{ [key]: { $gte: Number.MIN_SAFE_INTEGER } }] : [];
  return or([...wholeOnes, wideRange(field, op, value)]);
}

function wideRange(field: FieldRef, op: RangeOp, value: number | bigint): Where {
  const [high, low] = split(bitsOf(field, value));
  const strict = op.startsWith('gt') ? '$gt' : '$lt';
  return or([
    { [highKey(field.name)]: { [strict]: high } },
    and([{ [highKey(field.name)]: { $eq: high } }, { [lowKey(field.name)]: { [`$${op}`]: low } }]),
  ]);
}

/** `contains…`, or its complement, by the flags of the elements. */
function membership(filter: Condition, negated: boolean): Where {
  const { field } = filter;
  const each = (value: FilterValue) => holds(field, value, negated);
  switch (filter.op) {
    case 'contains':
      return each(filter.value);
    case 'containsAny':
      return (negated ? and : or)(filter.values.map(each));
    case 'containsAll':
      // Of no elements, an array has all.
      if (filter.values.length === 0) return condition({ op: 'exists', field, value: !negated });
      return (negated ? or : and)(filter.values.map(each));
    default:
      throw new Error(`chroma has no translation of ${filter.op}`);
  }
}

function holds({ name }: FieldRef, value: FilterValue, negated: boolean): Where {
  return { [elementKey(name, value)]: negated ? { $ne: true } : true };
}

function and(all: readonly Where[]): Where {
  return joinedBy('$and', all, ALWAYS);
}

function or(all: readonly Where[]): Where {
  return joinedBy('$or', all, NEVER);
}

function joinedBy(op: '$and' | '$or', all: readonly Where[], none: Where): Where {
  // One level for what the language nests: a list in a list of the same kind is one list.
  const flat = all.flatMap((each) => (each[op] as readonly Where[] | undefined) ?? [each]);
  if (flat.length === 0) return none;
  return flat.length === 1 ? flat[0]! : { [op]: flat };
}

function sizeOf(where: Where): { depth: number; conditions: number } {
  const inner = (where['$and'] ?? where['$or']) as readonly Where[] | undefined;
  if (inner === undefined) return { depth: 0, conditions: 1 };
  const sizes = inner.map(sizeOf);
  return {
    depth: 1 + Math.max(...sizes.map(({ depth }) => depth)),
    conditions: sizes.reduce((sum, { conditions }) => sum + conditions, 0),
  };
}

/** Of points that others wrote, some things cannot be told: whether text is missing, and floats from integers. */
export function requireNative(filter: Filter): void {
  const inexact = conditionsOf(withoutNot(filter)).find(
    ({ op, field }) => op === 'exists' || !['string', 'integer', 'boolean'].includes(field.type),
  );
  if (inexact === undefined) return;
  const what = `$${inexact.op} of a field of type ${inexact.field.type}`;
  throw new FailureError(`${what} is not exact in a collection that others made`, {
    where: 'chroma: filter',
  });
}
