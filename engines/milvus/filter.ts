import { FailureError } from '../../common/errors.js';
import type { FieldSchema, FieldType } from '../../datasets/dataset.js';
import { type Condition, type Filter, type FilterValue, withoutNot } from '../../filters/filter.js';
import { matches } from '../../filters/matches.js';
import { type FilterSupport, operatorsWithout } from '../../filters/support.js';
import { columnName, emptyValue, flagOf, HAS } from './fields.js';
import type { Layout } from './layout.js';

const ORDERED = ['string', 'integer', 'float', 'timestamp'] as const;

export const FILTERS: FilterSupport = {
  operators: { ...operatorsWithout('like'), gt: ORDERED, gte: ORDERED, lt: ORDERED, lte: ORDERED },
  refused: {
    like: 'Milvus 2.3 knows patterns for the beginning of a text only (use $startsWith).',
  },
};

/** An expression, or what is known before any point is looked at. */
type Expression = string | boolean;

/** With more conditions the server's parser takes minutes. */
const MAX_CONDITIONS = 500;

/** Whose columns a filter is about: see `Layout`. */
type Columns = Pick<Layout, 'fields' | 'own' | 'key'>;

/** Exactly the filter's meaning on what `columnData` wrote, or on others' columns; empty: every point passes. */
export function translateFilter(filter: Filter, { fields, own, key }: Columns): string {
  const schema = new Map(fields.map((field) => [field.name, field]));
  let conditions = 0;
  const translate = (each: Filter): Expression => {
    switch (each.op) {
      case 'and':
        return joined('and', each.filters.map(translate));
      case 'or':
        return joined('or', each.filters.map(translate));
      case 'not':
        return negated(translate(each.filter));
      default:
        conditions += 'values' in each && each.op.startsWith('contains') ? each.values.length : 1;
        return condition(each, schema.get(each.field.name)!, own);
    }
  };
  const expression = translate(withoutNot(filter));
  if (conditions > MAX_CONDITIONS) {
    throw new FailureError(`a filter of ${conditions} conditions is more than the server takes`, {
      where: 'milvus: filter',
      next: `use at most ${MAX_CONDITIONS}; $in counts as one`,
    });
  }
  return expression === true ? '' : expression === false ? `${key} in []` : expression;
}

function condition(filter: Condition, { name, nullable }: FieldSchema, own: boolean): Expression {
  const { type } = filter.field;
  const column = own ? columnName(name) : name;
  const present: Expression = nullable ? `${flagOf(name)} == ${HAS.value}` : true;
  // A point without a value holds an empty one: where that would pass, the flag is asked, too.
  const some = (expression: Expression): Expression =>
    matches(filter, () => emptyValue(type)) ? joined('and', [present, expression]) : expression;
  const none = (expression: Expression): Expression =>
    matches(filter, () => emptyValue(type)) ? expression : joined('or', [negated(present), expression]);
  switch (filter.op) {
    case 'exists':
      return filter.value ? present : negated(present);
    case 'eq':
      return some(`${column} == ${literal(type, filter.value)}`);
    case 'ne':
      return none(`${column} != ${literal(type, filter.value)}`);
    case 'in':
      return filter.values.length === 0 ? false : some(`${column} in ${list(type, filter.values)}`);
    case 'nin':
      return filter.values.length === 0 ? true : none(`${column} not in ${list(type, filter.values)}`);
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return some(`${column} ${COMPARISONS[filter.op]} ${literal(type, filter.value)}`);
    case 'contains':
      return holds(column, type, filter.value);
    case 'containsAny':
      return joined(
        'or',
        filter.values.map((each) => holds(column, type, each)),
      );
    case 'containsAll':
      return filter.values.length === 0
        ? present
        : joined(
            'and',
            filter.values.map((each) => holds(column, type, each)),
          );
    case 'startsWith':
      return filter.value === '' ? present : prefix(column, filter.value);
    default:
      throw new Error(`milvus has no translation of ${filter.op}`);
  }
}

const COMPARISONS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

function holds(column: string, type: FieldType, value: FilterValue): string {
  return `array_contains(${column}, ${literal(type, value)})`;
}

/**
 * The range of texts that begin with it, in the order of their bytes: a pattern would need signs that the server
 * does not take as they are.
 */
function prefix(column: string, text: string): Expression {
  const from = `${column} >= ${literal('string', text)}`;
  const signs = [...text].map((sign) => sign.codePointAt(0)!);
  while (signs.at(-1) === 0x10ffff) signs.pop();
  if (signs.length === 0) return from;
  const last = signs.pop()!;
  // What follows the last sign before the surrogates, which are no signs.
  const after = String.fromCodePoint(...signs, last === 0xd7ff ? 0xe000 : last + 1);
  return joined('and', [from, `${column} < ${literal('string', after)}`]);
}

/** A value in the server's expressions. */
export function literal(type: FieldType, value: FilterValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean') return String(value);
  // Without an exponent a whole float would be read as an integer, which has 64 bits.
  if (type.startsWith('float')) return (value as number).toExponential();
  // The sign is read after the digits, and these would be one too many.
  return BigInt(value) === -(2n ** 63n) ? '-9223372036854775807 - 1' : String(value);
}

function list(type: FieldType, values: readonly FilterValue[]): string {
  return `[${values.map((each) => literal(type, each)).join(', ')}]`;
}

function joined(op: 'and' | 'or', all: readonly Expression[]): Expression {
  const decides = op === 'or';
  if (all.includes(decides)) return decides;
  const open = all.filter((each) => typeof each === 'string');
  if (open.length === 0) return !decides;
  return open.length === 1 ? open[0]! : open.map((each) => `(${each})`).join(` ${op} `);
}

function negated(expression: Expression): Expression {
  return typeof expression === 'boolean' ? !expression : `not (${expression})`;
}
