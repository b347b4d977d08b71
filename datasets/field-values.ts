import { InputError } from '../common/errors.js';
import { parseTimestamp } from '../common/timestamps.js';
import type { FieldSchema, FieldType, MetadataValue } from './dataset.js';
import { Instant } from './formats/instant.js';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * A file's value as its field holds it in memory (see `FieldSchema`): integers a number where that is exact, floats
 * finite numbers, timestamps bigint microseconds, arrays without nulls. Throws InputError with the place for a value
 * that the field cannot hold.
 *
 * @param where says the place; called only for a fault
 */
export function fieldValue(value: unknown, { name, type }: FieldSchema, where: () => string): MetadataValue {
  if (value === null || value === undefined) return null;
  const refuse = (what: string, got: unknown, next: string): never => {
    throw new InputError(`the field "${name}" of type ${type} ${what}`, { where: where(), got, next });
  };
  if (!type.endsWith('[]')) return scalar(value, type, refuse);
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) return refuse('must be an array', value, REMEDY);
  const element = type.slice(0, -2) as FieldType;
  return Array.from(value as ArrayLike<unknown>, (each, i) => {
    if (each !== null && each !== undefined) return scalar(each, element, refuse);
    return refuse(
      `holds a null at place ${i} of its array`,
      each,
      'remove the element, or make the array null',
    );
  });
}

const REMEDY = 'correct the value, or write null';
const ROUND = 'round the timestamps of the file to microseconds';
type Refuse = (what: string, got: unknown, next: string) => never;

function scalar(value: unknown, type: FieldType, refuse: Refuse): MetadataValue {
  switch (type) {
    case 'integer':
      return integer(value, refuse);
    case 'float': {
      const float = typeof value === 'bigint' ? Number(value) : value;
      if (typeof float === 'number' && Number.isFinite(float)) return float;
      return refuse('must be a finite number', typeof value === 'number' ? String(value) : value, REMEDY);
    }
    case 'timestamp':
      return timestamp(value, refuse);
    case 'boolean':
      return typeof value === 'boolean' ? value : refuse('must be true or false', value, REMEDY);
    default:
      return typeof value === 'string' ? value : refuse('must be text', value, REMEDY);
  }
}

function integer(value: unknown, refuse: Refuse): MetadataValue {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value !== 'bigint') return refuse('must be an integer', value, REMEDY);
  if (value < INT64_MIN || value > INT64_MAX) {
    return refuse('must be within 64 bits', value, 'keep such numbers as text');
  }
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function timestamp(value: unknown, refuse: Refuse): MetadataValue {
  if (value instanceof Instant) {
    return value.finer
      ? refuse('is finer than microseconds, which are the limit', value.microseconds, ROUND)
      : value.microseconds;
  }
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'string') {
    return refuse('must be whole microseconds', value, ROUND);
  }
  const parsed = parseTimestamp(value);
  return parsed.state === 'ok' ? parsed.value : refuse(parsed.why, value, REMEDY);
}
