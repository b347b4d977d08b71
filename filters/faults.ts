import type { Fault } from '../common/faults.js';
import { suggest } from '../common/nearest.js';

/** A fault of an unknown operator or field, which names the nearest known one, or else all. */
export function unknownName(
  path: Fault['path'],
  name: string,
  what: string,
  known: readonly string[],
): Fault {
  return { path, what: suggest(`is no ${what}`, name, known), got: name, inKey: true };
}

/** A fault of a value: shows it where a line can, and says what it is otherwise. */
export function wrongValue(path: Fault['path'], what: string, value: unknown): Fault {
  if (value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value)) {
    return { path, what, got: value as Exclude<Fault['got'], undefined> };
  }
  return { path, what: `${what} (got ${kindOf(value)})` };
}

/** What a value is, in words: deep or endless ones are never written out. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Date) return 'a Date object; write it as text with its zone';
  return value === undefined ? 'nothing' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
