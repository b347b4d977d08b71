import { createHash } from 'node:crypto';
import type { ParameterSet } from '../../common/parameters.js';
import type { Workload } from './plan.js';

const LONGEST = 120;

/**
 * Gives out ids that name all parameters, are safe as file names and HTML anchors, and unique among those given out, letter
 * case aside. Where two differ only in what no file name can hold, the second ends in a hash of what it stands for.
 */
export class Identifiers {
  readonly #taken = new Set<string>();

  /**
   * @param workload stands at the end, with its options; absent for `serial`
   * @param all named instead of `parameters` where these would not tell it from another
   */
  next(prefix: string, parameters: ParameterSet, { workload, all = parameters }: More = {}): string {
    const { name } = identifier(prefix, parameters, workload);
    if (this.#take(name)) return name;
    const full = identifier(prefix, all, workload);
    if (this.#take(full.name)) return full.name;
    const hashed = `${full.name}-${full.hash}`;
    if (this.#take(hashed)) return hashed;
    // What differs is hidden, such as a value from the environment.
    for (let i = 2; ; i++) if (this.#take(`${hashed}-${i}`)) return `${hashed}-${i}`;
  }

  #take(id: string): boolean {
    const key = id.toLowerCase();
    return !this.#taken.has(key) && this.#taken.add(key).has(key);
  }
}

interface More {
  workload?: Workload | undefined;
  all?: ParameterSet;
}

function identifier(prefix: string, parameters: ParameterSet, workload: Workload | undefined) {
  const words = (of: ParameterSet) => Object.entries(of).map(([key, value]) => `${key}${value}`);
  const sent = workload === undefined ? [] : [workload.type, ...words(workload.options)];
  const parts = [prefix, ...words(parameters), ...sent];
  const slug = parts.map((part) => part.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^-|-$/g, '')).join('-');
  // A name that begins with a dot would be hidden.
  const name = slug.replace(/^[.-]+/, '') || 'x';
  const hash = createHash('sha256')
    .update([prefix, canonical(parameters), ...sent].join(' '))
    .digest('hex')
    .slice(0, 8);
  return { name: name.length <= LONGEST ? name : `${name.slice(0, LONGEST - 10)}-${hash}`, hash };
}

/** ParameterSet as text, the same for any order of keys. */
export function canonical(parameters: ParameterSet): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  );
}
