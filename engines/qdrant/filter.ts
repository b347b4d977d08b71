import { FailureError } from '../../common/errors.js';
import type { FieldType } from '../../datasets/dataset.js';
import { type Condition, type Filter, type FilterValue, withoutNot } from '../../filters/filter.js';
import { type FilterSupport, operatorsWithout } from '../../filters/support.js';
import { payloadPath, timestampText } from './fields.js';
import type { Json } from './json.js';
import { EMPTY_KEY } from './keys.js';
import type { Layout } from './layout.js';

const ORDERED: readonly FieldType[] = ['integer', 'float', 'timestamp'];
const NO_ORDER = 'Qdrant has no order of texts: its ranges are for numbers and dates';

export const FILTERS: FilterSupport = {
  operators: {
    ...operatorsWithout('startsWith', 'like'),
    gt: ORDERED,
    gte: ORDERED,
    lt: ORDERED,
    lte: ORDERED,
  },
  refused: {
    'gt string': NO_ORDER,
    'gte string': NO_ORDER,
    'lt string': NO_ORDER,
    'lte string': NO_ORDER,
    startsWith: 'Qdrant 1.17 has no match by prefix; its full-text match is for words or parts anywhere',
    like: 'Qdrant has no patterns',
  },
};

/** A filter, or one condition of it, as the server takes it. */
export type NativeCondition = { readonly [key: string]: Json };

/**
 * A filter in the server's own form, with the meaning of docs/filters.md. `must_not` also returns points without the
 * key, so it is the exact complement that `ne`, `nin` and `not` are. The server's parser refuses JSON nested more than
 * 128 deep: one `or` stands beside the `must` of its `and`, so that a level of the language costs one and a half.
 */
export function translate(filter: Filter, made: Made = { own: true }): NativeCondition {
  const native = translated(withoutNot(filter), made);
  return ['must', 'should', 'must_not'].some((key) => key in native) ? native : { must: [native] };
}

/** Of a collection that was created here, or of another. */
type Made = Pick<Layout, 'own'>;

function translated(filter: Filter, made: Made): NativeCondition {
  const inner = (each: Filter) => translated(each, made);
  switch (filter.op) {
    case 'and': {
      const parts = alike(filter.filters, 'and');
      const should = deepest(parts.filter(({ op }) => op === 'or'));
      const must = parts.filter((part) => part !== should).map(inner);
      return { ...(must.length > 0 && { must }), ...(should !== undefined && inner(should)) };
    }
    case 'or': {
      const parts = alike(filter.filters, 'or');
      return parts.length === 0 ? NOTHING : { should: parts.map(inner) };
    }
    case 'not':
      return { must_not: [inner(filter.filter)] };
    default:
      return condition(filter, made);
  }
}

/** What no point passes; an empty `should` would let all of them pass. */
const NOTHING: NativeCondition = { must: [{ has_id: [] }] };

/** The parts of nested filters of one kind as parts of one. */
function alike(filters: readonly Filter[], op: 'and' | 'or'): Filter[] {
  return filters.flatMap((each) => (each.op === op ? alike(each.filters, op) : [each]));
}

function deepest(filters: readonly Filter[]): Filter | undefined {
  return filters.toSorted((a, b) => depth(b) - depth(a))[0];
}

function depth(filter: Filter): number {
  if (filter.op === 'and' || filter.op === 'or') return 1 + Math.max(0, ...filter.filters.map(depth));
  return filter.op === 'not' ? 1 + depth(filter.filter) : 1;
}

function condition(given: Condition, made: Made): NativeCondition {
  const key = payloadPath(given.field.name, made);
  const type = given.field.type.replace('[]', '') as FieldType;
  switch (given.op) {
    case 'eq':
    case 'contains':
      return equal(key, type, given.value);
    case 'ne':
      return { must_not: [equal(key, type, given.value)] };
    case 'in':
    case 'containsAny':
      return oneOf(key, type, given.values);
    case 'nin':
      return { must_not: [oneOf(key, type, given.values)] };
    case 'containsAll':
      return { must: given.values.map((value) => equal(key, type, value)) };
    case 'exists':
      if (given.field.type.endsWith('[]')) return hasArray(key, given.field.name, given.value, made);
      return given.value ? { must_not: [{ is_empty: { key } }] } : { is_empty: { key } };
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      if (typeof given.value !== 'bigint') return { key, range: { [given.op]: given.value } };
      return type === 'timestamp'
        ? timeRange(key, given.op, given.value)
        : longRange(key, given.op, given.value);
    default:
      throw new RangeError(`Qdrant has no ${given.op}`);
  }
}

/** `match` takes texts, integers and booleans; floats and dates are ranges of one value. */
function equal(key: string, type: FieldType, value: FilterValue): NativeCondition {
  if (type === 'timestamp') {
    if ((value as bigint) < FIRST || (value as bigint) > LAST) return NOTHING;
    const text = timestampText(value as bigint);
    return { key, range: { gte: text, lte: text } };
  }
  return type === 'float' ? { key, range: { gte: value, lte: value } } : { key, match: { value } };
}

function oneOf(key: string, type: FieldType, values: readonly FilterValue[]): NativeCondition {
  if (values.length === 0) return NOTHING;
  // The server's description calls for a set.
  const once = [...new Set(values)];
  if (type === 'string' || type === 'integer') return { key, match: { any: once } };
  return { should: once.map((value) => equal(key, type, value)) };
}

/** `is_empty` is true of missing, of null and of an empty array; that is a value here, and so it is named once more. */
function hasArray(key: string, name: string, wanted: boolean, { own }: Made): NativeCondition {
  if (!own) {
    throw new FailureError(
      'whether a point has an array cannot be asked: Qdrant takes a missing one for empty',
      {
        where: 'qdrant',
      },
    );
  }
  const absent = { is_empty: { key } };
  const named = { key: EMPTY_KEY, match: { value: name } };
  return wanted ? { should: [{ must_not: [absent] }, named] } : { must: [absent], must_not: [named] };
}

type Comparison = 'gt' | 'gte' | 'lt' | 'lte';

/** Of the years 0000 to 9999, which is all that RFC 3339 can write, and so all that is stored. */
const FIRST = -62_167_219_200_000_000n;
const LAST = 253_402_300_799_999_999n;

function timeRange(key: string, op: Comparison, value: bigint): NativeCondition {
  const rises = op === 'gt' || op === 'gte';
  if (value >= FIRST && value <= LAST) return { key, range: { [op]: timestampText(value) } };
  if (rises === value > LAST) return NOTHING;
  return { key, range: rises ? { gte: timestampText(FIRST) } : { lte: timestampText(LAST) } };
}

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/**
 * Bounds of ranges are float64, and so are the stored integers where the field has no index: beyond 2^53 both are
 * rounded. The integers that share a float64 with the bound are listed (at most 1536), the rest is a range whose bound
 * is the next float64.
 */
function longRange(key: string, op: Comparison, value: bigint): NativeCondition {
  const rises = op === 'gt' || op === 'gte';
  const end = op === 'gt' ? value + 1n : op === 'lt' ? value - 1n : value;
  if (end < MIN || end > MAX) return NOTHING;
  const next = nextFloat(Number(end), rises);
  const stop = BigInt(next);
  const listed: (number | bigint)[] = [];
  for (let each = end; each !== stop && each >= MIN && each <= MAX; each += rises ? 1n : -1n)
    listed.push(Number.isSafeInteger(Number(each)) ? Number(each) : each);
  const near = { key, match: { any: listed } };
  if (stop < MIN || stop > MAX) return near;
  return { should: [near, { key, range: { [rises ? 'gte' : 'lte']: next } }] };
}

/** The next float64 above or below a number that is not 0. */
function nextFloat(value: number, above: boolean): number {
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0]! += above === value > 0 ? 1n : -1n;
  return new Float64Array(bits.buffer)[0]!;
}
