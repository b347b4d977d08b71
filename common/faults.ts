import { shorten } from './errors.js';

/** One fault of what a user wrote. Several are collected and told at once, each at its place. */
export interface Fault {
  /** From the root of the suite, filter or options: `['engines', 0, 'index', 'm']`; empty: the whole. */
  path: readonly (string | number)[];
  /** Completes a sentence that begins with the place: `must be …`. */
  what: string;
  /** The value at fault, as it was written. */
  got?: unknown;
  /** What to do about it, where `what` does not say it. */
  next?: string;
  /** The key at the end of the path is wrong, not its value. */
  inKey?: boolean;
  /** Characters into the key or value at which the fault lies. */
  offset?: number;
}

/** A fault with its place, in the words of errors. */
export interface PlacedFault {
  /** `suites/x.yaml:12:17 engines[0].index.m` */
  where: string;
  what: string;
  got?: unknown;
  next?: string;
}

/** @param place file, line and column */
export function placeFault(place: string, { path, what, got, next }: Fault): PlacedFault {
  const where = [place, pathName(path)].filter((part) => part !== '').join(' ');
  return { where, what, ...(got !== undefined && { got }), ...(next !== undefined && { next }) };
}

/**
 * `suites/x.yaml:12:17 engines[0].index.m must be an integer from 2 to 256 (got "16k")`, and what to do about it on a line of
 * its own.
 */
export function faultText({ where, what, got, next }: PlacedFault): string {
  const found = got === undefined ? '' : ` (got ${shorten(got)})`;
  return `${where} ${what}${found}${next === undefined ? '' : `\n  next: ${next}`}`;
}

/** Parts of a path that are shown: of a longer one the middle is left out, as the ends tell where it is. */
const SHOWN_PARTS = 16;

export function pathName(path: readonly (string | number)[]): string {
  const parts = path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`));
  if (parts.length <= SHOWN_PARTS) return parts.join('');
  const half = SHOWN_PARTS / 2;
  return `${parts.slice(0, half).join('')} … ${parts.slice(-half).join('')}`;
}
