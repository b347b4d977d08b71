import { createHash } from 'node:crypto';
import type { ParameterSet } from '../../common/parameters.js';
import type { Workload } from './plan.js';

const LONGEST = 120;

/** Gives out ids that are readable, safe as file names and HTML anchors, and unique, letter case aside. */
export class Identifiers {
  readonly #taken = new Set<string>();

  /** @param workload stands at the end, with its options; absent for `serial` */
  next(prefix: string, parameters: ParameterSet, workload?: Workload): string {
    const id = identifier(prefix, parameters, workload);
    for (let i = 1; ; i++) {
      const candidate = i === 1 ? id : `${id}-${i}`;
      if (this.#taken.has(candidate.toLowerCase())) continue;
      this.#taken.add(candidate.toLowerCase());
      return candidate;
    }
  }
}

function identifier(prefix: string, parameters: ParameterSet, workload: Workload | undefined): string {
  const words = (of: ParameterSet) => Object.entries(of).map(([key, value]) => `${key}${value}`);
  const sent = workload === undefined ? [] : [workload.type, ...words(workload.options)];
  const parts = [prefix, ...words(parameters), ...sent];
  const slug = parts.map((part) => part.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^-|-$/g, '')).join('-');
  // A name that begins with a dot would be hidden.
  const name = slug.replace(/^[.-]+/, '') || 'x';
  if (name.length <= LONGEST) return name;
  const hash = createHash('sha256')
    .update([prefix, canonical(parameters), ...sent].join(' '))
    .digest('hex')
    .slice(0, 8);
  return `${name.slice(0, LONGEST - 10)}-${hash}`;
}

/** ParameterSet as text, the same for any order of keys. */
export function canonical(parameters: ParameterSet): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  );
}
