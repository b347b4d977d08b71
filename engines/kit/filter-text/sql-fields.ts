import type { NativeField } from '../../contract/engine.js';
import { Refused } from './logic.js';

/** A column, or what `->` and `->>` take out of one with JSON. */
export interface Operand {
  path: readonly string[];
  /** `->>`: JSON's value as its text. */
  asText: boolean;
  /** Type that it was cast to, in lower case. */
  cast: string | undefined;
}

/** By the type of a field, what may be cast to without another meaning. */
const CASTS: Readonly<Record<string, readonly string[]>> = {
  string: ['text', 'varchar', 'character varying'],
  integer: ['int', 'int2', 'int4', 'int8', 'integer', 'bigint', 'smallint', 'numeric', 'decimal'],
  float: ['float', 'float8', 'double precision', 'double', 'numeric', 'decimal'],
  boolean: ['bool', 'boolean'],
  timestamp: ['timestamptz', 'timestamp with time zone'],
};

/** Types of columns that are read as text, and whose equality is not that of their texts. */
const OTHERS =
  /^(numeric|decimal|date|time|timestamp|interval|uuid|citext|char|bpchar|inet|cidr|macaddr|bit|varbit|.*range)\b(?! varying)/i;

/**
 * The field that an operand means.
 * @param asked what is done with it
 * @throws Refused if the data have no such field of one type, or a cast changes what it means
 */
export function fieldOf(
  { path, asText, cast }: Operand,
  fields: ReadonlyMap<string, NativeField>,
  asked: 'equality' | 'order' | 'existence',
): NativeField {
  const name = path.join('.');
  const field = fields.get(name);
  if (field === undefined) throw new Refused(`"${name}" is no field of one type in the data`);
  // JSON's null is a value for ->.
  if (asked === 'existence' && path.length > 1 && !asText)
    throw new Refused(`whether "${name}" is null is asked of JSON: read it with ->>`);
  if (asked === 'existence') return field;
  if (field.type === 'string' && path.length === 1 && OTHERS.test(field.native ?? ''))
    throw new Refused(`"${name}" is of type ${field.native}, which is not compared as its text`);
  const fits = cast === undefined || (CASTS[field.type]?.includes(cast) ?? false);
  if (!fits) throw new Refused(`"${name}" is of type ${field.type}, and is cast to ${cast}`);
  if (path.length > 1 && !asText && field.type !== 'boolean' && cast === undefined)
    throw new Refused(`"${name}" is compared as JSON: read it with ->>`);
  if (asText && cast === undefined && asked === 'order' && field.type !== 'string')
    throw new Refused(`"${name}" is ordered as text, and is of type ${field.type}: cast it`);
  if (asked === 'order' && field.type === 'string')
    throw new Refused(`the order of texts ("${name}") depends on a collation`);
  return field;
}
