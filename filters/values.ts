import { parseTimestamp } from '../common/timestamps.js';
import type { FieldType } from '../datasets/dataset.js';
import type { FilterValue } from './filter.js';

export type ScalarType = 'string' | 'integer' | 'float' | 'boolean' | 'timestamp';

/** `why` completes a sentence that begins with the value's place. */
export type ParsedValue = { state: 'ok'; value: FilterValue } | { state: 'invalid'; why: string };

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

export const isArrayType = (type: FieldType): boolean => type.endsWith('[]');

/** Type of a field's values, or of its elements if it is an array. */
export function elementType(type: FieldType): ScalarType {
  return (isArrayType(type) ? type.slice(0, -2) : type) as ScalarType;
}

/** A filter's value as its field's type wants it, or why it does not fit. */
export function parseValue(value: unknown, type: ScalarType): ParsedValue {
  switch (type) {
    case 'string':
      return parseText(value);
    case 'integer':
      return parseInteger(value);
    case 'float':
      return parseFloat64(value);
    case 'boolean':
      return typeof value === 'boolean' ? ok(value) : invalid('must be true or false');
    case 'timestamp':
      if (typeof value !== 'string') {
        return invalid('must be an RFC 3339 timestamp as text, e.g. "2026-03-29T02:30:00+01:00"');
      }
      return parseTimestamp(value);
  }
}

function ok(value: FilterValue): ParsedValue {
  return { state: 'ok', value };
}

function invalid(why: string): ParsedValue {
  return { state: 'invalid', why };
}

function parseText(value: unknown): ParsedValue {
  if (typeof value !== 'string') return invalid('must be text');
  if (!isWellFormed(value)) return invalid('holds half of a surrogate pair, which is no Unicode text');
  return ok(value);
}

/** Whether text can be written as UTF-8 without loss. */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/u.test(text);
}

function parseInteger(value: unknown): ParsedValue {
  if (typeof value === 'bigint') return parseBig(value);
  if (typeof value === 'string' && /^[+-]?\d{1,40}$/.test(value))
    return parseBig(BigInt(value.replace('+', '')));
  if (typeof value !== 'number' || !Number.isInteger(value)) return invalid('must be an integer');
  if (!Number.isSafeInteger(value)) {
    return invalid('is beyond 2^53, where numbers are rounded: write it as text, in quotes');
  }
  return ok(value + 0);
}

function parseBig(value: bigint): ParsedValue {
  if (value < INT64_MIN || value > INT64_MAX)
    return invalid(`must be from ${INT64_MIN} to ${INT64_MAX} (64 bits)`);
  return ok(value >= -SAFE && value <= SAFE ? Number(value) : value);
}

function parseFloat64(value: unknown): ParsedValue {
  if (typeof value !== 'number' && typeof value !== 'bigint') return invalid('must be a number');
  const float = Number(value);
  // -0 is 0 to every comparison, but not in every engine's text or hash.
  return Number.isFinite(float) ? ok(float + 0) : invalid('must be a finite number');
}
