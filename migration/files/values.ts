import { InputError } from '../../common/errors.js';
import { Decimal } from '../../datasets/formats/ids.js';
import { Instant } from '../../datasets/formats/instant.js';
import type { PointValue } from '../../engines/contract/points.js';

/** What metadata of files becomes, with what cannot stay as it is. */
export interface ValueNotes {
  /** Columns with bytes, which become base64. */
  binary: Set<string>;
  /** Columns with decimals that no double holds, which become text. */
  decimals: Set<string>;
  /** Dotted paths of timestamps. */
  timestamps: Set<string>;
  /** Dotted paths that are something else in a point: id, vectors, text. */
  elsewhere: ReadonlySet<string>;
}

export function noValueNotes(elsewhere: ReadonlySet<string> = new Set()): ValueNotes {
  return { binary: new Set(), decimals: new Set(), timestamps: new Set(), elsewhere };
}

/**
 * A file's value as a point has it: integers a number or, beyond 2^53, a bigint; timestamps microseconds since 1970; nested
 * objects as they are.
 * @param path dotted; arrays add nothing to it
 * @throws InputError for a timestamp that is finer than microseconds
 */
export function pointValue(value: unknown, path: string, notes: ValueNotes, place: () => string): PointValue {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    default:
      return objectValue(value, path, notes, place);
  }
}

function objectValue(value: unknown, path: string, notes: ValueNotes, place: () => string): PointValue {
  if (value instanceof Instant) {
    notes.timestamps.add(path);
    return microseconds(value, path, place);
  }
  if (value instanceof Decimal) return decimal(value, path, notes);
  if (value instanceof Uint8Array) {
    notes.binary.add(path);
    return Buffer.from(value).toString('base64');
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    return Array.from(value as ArrayLike<unknown>, (each) =>
      pointValue(each, path, notes, place),
    ) as PointValue;
  const object = Object.create(null) as Record<string, PointValue>;
  for (const [key, each] of Object.entries(value as object)) {
    const below = path === '' ? key : `${path}.${key}`;
    if (each !== undefined && !notes.elsewhere.has(below))
      object[key] = pointValue(each, below, notes, place);
  }
  return object;
}

function microseconds({ microseconds: value, finer }: Instant, path: string, place: () => string): bigint {
  if (!finer) return value;
  throw new InputError(`the timestamp in "${path}" is finer than microseconds, which are the limit`, {
    where: place(),
    got: value,
    next: 'round the timestamps of the file to microseconds',
  });
}

/** A number where it says the same, else the decimal's own digits. */
function decimal({ unscaled, scale }: Decimal, path: string, notes: ValueNotes): PointValue {
  if (scale <= 0) return pointValue(unscaled * 10n ** BigInt(-scale), path, notes, () => '');
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const text = `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  const number = Number(text);
  if (number.toFixed(Math.min(scale, 100)) === text && digits.length <= 17) return number;
  notes.decimals.add(path);
  return text;
}
