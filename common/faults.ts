import { shorten } from './errors.js';

/** One fault of what a user wrote. Several are collected and told at once, each at its place. */
export interface Fault {
  /** From the root of the suite, filter or options: `['engines', 0, 'index', 'm']`; empty: the whole. */
  path: readonly (string | number)[];
  /** Completes a sentence that begins with the place: `must be …`, and says what to do where it can. */
  message: string;
  /** The value at fault, as it was written. */
  got?: unknown;
  /** The key at the end of the path is wrong, not its value. */
  inKey?: boolean;
  /** Characters into the key or value at which the fault lies. */
  offset?: number;
}

/** `suites/x.yaml:12:17 engines[0].index.m must be an integer from 2 to 256 (got "16k")` */
export function describeFault(place: string, { path, message, got }: Fault): string {
  const parts = [place, pathName(path), message].filter((part) => part !== '');
  return `${parts.join(' ')}${got === undefined ? '' : ` (got ${shorten(got)})`}`;
}

/** Parts of a path that are shown: of a longer one the middle is left out, as the ends tell where it is. */
const SHOWN_PARTS = 16;

export function pathName(path: readonly (string | number)[]): string {
  const parts = path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`));
  if (parts.length <= SHOWN_PARTS) return parts.join('');
  const half = SHOWN_PARTS / 2;
  return `${parts.slice(0, half).join('')} … ${parts.slice(-half).join('')}`;
}
