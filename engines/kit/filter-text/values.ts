import { parseTimestamp } from '../../../common/timestamps.js';
import type { FieldSchema, FieldType } from '../../../datasets/dataset.js';
import { Refused } from './logic.js';

/** A value that stands in a filter. Numbers keep their digits. */
export type Literal =
  | { kind: 'text'; value: string }
  | { kind: 'number'; value: string }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'null' };

/** A value that came with the filter beside its text. */
export function literalOf(value: unknown): Literal {
  if (value === null) return { kind: 'null' };
  if (typeof value === 'string') return { kind: 'text', value };
  if (typeof value === 'boolean') return { kind: 'boolean', value };
  if (typeof value === 'number' || typeof value === 'bigint') return { kind: 'number', value: String(value) };
  throw new Refused('a parameter is no single value');
}

/**
 * The value as portable filters write one of a field, or of its elements.
 * @param texts numbers and booleans may stand in quotes, as in SQL
 */
export function valueFor(
  { name, type }: Pick<FieldSchema, 'name' | 'type'>,
  literal: Literal,
  texts: boolean,
): string | number | boolean {
  const element = type.replace('[]', '') as FieldType;
  const found = portable(element, literal, texts);
  if (found !== undefined) return found;
  // The value itself may be what nobody is to see.
  throw new Refused(`a ${literal.kind} is compared with "${name}", which is of type ${type}`);
}

function portable(type: FieldType, literal: Literal, texts: boolean): string | number | boolean | undefined {
  if (literal.kind === 'null') return undefined;
  if (literal.kind === 'boolean') return type === 'boolean' ? literal.value : undefined;
  const { kind, value } = literal;
  if (type === 'string') return kind === 'text' ? value : undefined;
  if (type === 'timestamp') return kind === 'text' ? instant(value) : undefined;
  if (kind === 'text' && !texts) return undefined;
  if (type === 'boolean') return BOOLEANS[value.toLowerCase()];
  if (type === 'integer') return integer(value);
  const number = Number(value);
  return value.trim() !== '' && Number.isFinite(number) ? number : undefined;
}

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, t: true, false: false, f: false };

/** Beyond ±(2^53 - 1) as text. */
function integer(value: string): number | string | undefined {
  if (!/^[+-]?\d+(\.0*)?$/.test(value)) return undefined;
  const exact = BigInt(value.replace(/\.0*$/, ''));
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : String(exact);
}

/** `2024-01-02 03:04:05+00` as RFC 3339; without a zone it is whatever the session's is. */
function instant(value: string): string | undefined {
  const [, day, time, zone = ''] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)(.*)$/.exec(value) ?? [];
  if (day === undefined) return undefined;
  const [, sign, hours, minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const text = `${day}T${time}${sign === undefined ? zone : `${sign}${hours}:${minutes}`}`;
  return parseTimestamp(text).state === 'ok' ? text : undefined;
}
