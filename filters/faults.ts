import { nearestName } from '../common/nearest.js';

/** One fault of a filter: where inside it, what, what was got, and the known name that was most likely meant. */
export interface FilterFault {
  /** From the filter's root: `['$and', 0, 'section', '$eq']`; empty: the filter itself. */
  path: readonly (string | number)[];
  /** Completes a sentence that begins with the place, with the remedy: `must be …`. */
  message: string;
  /** The value at fault if it is one that a line can show; never a list or an object. */
  got?: string | number | bigint | boolean | null;
  /** The key at the end of the path is wrong, not its value. */
  inKey?: boolean;
  /** Nearest known operator or field, where one is near; the message names it, too. */
  near?: string;
}

/** A fault of an unknown operator or field, which names the nearest known one, or else all. */
export function unknownName(
  path: FilterFault['path'],
  name: string,
  what: string,
  known: readonly string[],
): FilterFault {
  const near = nearestName(name, known);
  const remedy = near === undefined ? `Known: ${known.join(', ')}.` : `Did you mean "${near}"?`;
  const fault: FilterFault = { path, message: `is no ${what}. ${remedy}`, got: name, inKey: true };
  return near === undefined ? fault : { ...fault, near };
}

/** A fault of a value: shows it where a line can, and says what it is otherwise. */
export function wrongValue(path: FilterFault['path'], message: string, value: unknown): FilterFault {
  if (value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value)) {
    return { path, message, got: value as Exclude<FilterFault['got'], undefined> };
  }
  return { path, message: `${message} (got ${kindOf(value)})` };
}

/** What a value is, in words: deep or endless ones are never written out. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Date) return 'a Date object; write it as text with its zone';
  return value === undefined ? 'nothing' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
