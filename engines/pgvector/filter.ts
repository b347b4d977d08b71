import { FailureError } from '../../common/errors.js';
import type { FieldType } from '../../datasets/dataset.js';
import { type Condition, type Filter, type FilterValue, withoutNot } from '../../filters/filter.js';
import { arrayText, COLUMN_TYPES, FIRST_TIMESTAMP, LAST_TIMESTAMP, quoted, textOf } from './fields.js';
import type { FieldColumn } from './layout.js';

/** A condition in SQL whose values are parameters. */
export interface SqlFilter {
  sql: string;
  /** Text forms of `$first`, `$first + 1`, … */
  parameters: readonly string[];
}

/**
 * True for exactly the rows of `matches`. SQL's third value never matters: negations are moved to the conditions
 * first, and each negated condition is written so that it holds where there is no value.
 */
export function sqlFilter(filter: Filter, first: number, fields: readonly FieldColumn[]): SqlFilter {
  const parameters: string[] = [];
  const parameter = (type: FieldType, text: string) => {
    parameters.push(text);
    return `$${first + parameters.length - 1}::${COLUMN_TYPES[type]}`;
  };
  const columns = new Map(fields.map(({ name, column }) => [name, quoted(column)]));
  return { sql: clause(withoutNot(filter), { columns, parameter }), parameters };
}

interface Context {
  /** By field. */
  columns: ReadonlyMap<string, string>;
  parameter(type: FieldType, text: string): string;
}

function clause(filter: Filter, context: Context): string {
  switch (filter.op) {
    case 'and':
    case 'or': {
      const parts = filter.filters.map((each) => clause(each, context));
      if (parts.length === 0) return filter.op === 'and' ? 'TRUE' : 'FALSE';
      return `(${parts.join(` ${filter.op.toUpperCase()} `)})`;
    }
    case 'not':
      return `(${clause(filter.filter, context)}) IS NOT TRUE`;
    default:
      return condition(filter, context);
  }
}

const COMPARISONS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

function condition(filter: Condition, { columns, parameter }: Context): string {
  const { name, type } = filter.field;
  const column = columns.get(name)!;
  const text = type === 'string' ? `${column} COLLATE "C"` : column;
  const one = (value: FilterValue) => parameter(type, textOf(type, value));
  const element = type.replace('[]', '') as FieldType;
  const list = (values: readonly FilterValue[]) =>
    parameter(`${element}[]` as FieldType, arrayText(values.map((value) => textOf(element, value))));
  /** Also against values that no column can hold, but that come before or after others. */
  const compared = (op: keyof typeof COMPARISONS, value: FilterValue) => {
    const above = op === 'gt' || op === 'gte';
    if (canBe(type, value)) return `${text} ${COMPARISONS[op]} ${one(value)}`;
    if (typeof value === 'string') {
      // Comes directly after what stands before the U+0000, and before all that goes on otherwise.
      return `${text} ${above ? '>' : '<='} ${one(value.slice(0, value.indexOf('\0')))}`;
    }
    return above === (value as bigint) < FIRST_TIMESTAMP ? `${column} IS NOT NULL` : 'FALSE';
  };
  switch (filter.op) {
    case 'exists':
      return `${column} IS ${filter.value ? 'NOT NULL' : 'NULL'}`;
    case 'eq':
      return canBe(type, filter.value) ? `${column} = ${one(filter.value)}` : 'FALSE';
    case 'ne':
      return canBe(type, filter.value) ? `${column} IS DISTINCT FROM ${one(filter.value)}` : 'TRUE';
    case 'in':
    case 'nin': {
      const values = filter.values.filter((value) => canBe(type, value));
      if (type === 'timestamp') return oneOf(column, filter.op, values.map(one));
      if (filter.op === 'in') return `${column} = ANY(${list(values)})`;
      return `(${column} IS NULL OR ${column} <> ALL(${list(values)}))`;
    }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return compared(filter.op, filter.value);
    case 'contains':
      return canBe(element, filter.value) ? `${column} @> ${list([filter.value])}` : 'FALSE';
    case 'containsAny':
      return `${column} && ${list(filter.values.filter((value) => canBe(element, value)))}`;
    case 'containsAll':
      return filter.values.every((value) => canBe(element, value))
        ? `${column} @> ${list(filter.values)}`
        : 'FALSE';
    case 'startsWith':
      return canBe(type, filter.value) ? `${text} ^@ ${one(filter.value)}` : 'FALSE';
    case 'like':
      return canBe(type, filter.value) ? `${text} LIKE ${one(completed(filter.value))}` : 'FALSE';
  }
}

function oneOf(column: string, op: 'in' | 'nin', values: readonly string[]): string {
  const list = values.join(', ');
  if (op === 'in') return values.length === 0 ? 'FALSE' : `${column} IN (${list})`;
  return values.length === 0 ? 'TRUE' : `(${column} IS NULL OR ${column} NOT IN (${list}))`;
}

/** Whether a column can hold a value at all: no text with U+0000, no time stamp beyond PostgreSQL's. */
function canBe(type: FieldType, value: FilterValue): boolean {
  if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) {
    throw new FailureError('a filter holds half of a surrogate pair, which has no UTF-8', {
      where: 'pgvector',
      got: value,
    });
  }
  if (type === 'timestamp')
    return (value as bigint) >= FIRST_TIMESTAMP && (value as bigint) <= LAST_TIMESTAMP;
  return typeof value !== 'string' || !value.includes('\0');
}

/** A last `\` that escapes nothing stands for itself; PostgreSQL wants it doubled. */
function completed(pattern: string): string {
  const trailing = /\\*$/.exec(pattern)![0].length;
  return trailing % 2 === 1 ? `${pattern}\\` : pattern;
}
