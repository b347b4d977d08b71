import type { Fault } from '../../common/faults.js';
import type { OptionsInput } from '../../engines/contract/options.js';
import type { EngineEntry, SweptValue } from './schema.js';

/** All combinations of swept values; the last key varies fastest. An empty map has one combination. */
export function combinations(
  swept: Readonly<Record<string, SweptValue>>,
): Record<string, string | number | boolean>[] {
  return Object.entries(swept).reduce<Record<string, string | number | boolean>[]>(
    (done, [key, value]) =>
      done.flatMap((partial) => [value].flat().map((each) => ({ ...partial, [key]: each }))),
    [{}],
  );
}

export function combinationCount(swept: Readonly<Record<string, SweptValue>>): number {
  return Object.values(swept).reduce<number>((product, value) => product * [value].flat().length, 1);
}

export function repeatedValues(
  path: readonly (string | number)[],
  entry: EngineEntry,
  faults: FaultList,
): void {
  for (const part of ['index', 'search'] as const) {
    for (const [key, value] of Object.entries(entry[part])) {
      if (!Array.isArray(value)) continue;
      for (const [j, each] of value.entries()) {
        if (value.indexOf(each) !== j)
          faults.add({ path: [...path, part, key, j], what: 'is listed twice', got: each });
      }
    }
  }
}

/** Path of an option's fault in the YAML: the element of the list where the value was swept. */
export function locate(
  base: readonly (string | number)[],
  entry: EngineEntry,
  path: readonly (string | number)[],
  input: OptionsInput,
): (string | number)[] {
  const [part, key] = path;
  if ((part !== 'index' && part !== 'search') || typeof key !== 'string') return [...base, ...path];
  const swept = entry[part][key];
  const at = Array.isArray(swept) ? swept.indexOf(input[part][key] as never) : -1;
  return at < 0 ? [...base, ...path] : [...base, part, key, at];
}

/** A fault that all values of a sweep have in common is one fault of its key. */
export function merged(faults: readonly Fault[], engines: readonly (EngineEntry | undefined)[]): Fault[] {
  const done = new Set<string>();
  return faults.flatMap((fault) => {
    const [, i, part, key, at] = fault.path;
    if (typeof at !== 'number') return [fault];
    const path = fault.path.slice(0, -1);
    const values = engines[Number(i)]?.[part as 'index' | 'search'][String(key)];
    const same = faults.filter((other) => other.what === fault.what && isBelow(other.path, path));
    if (!Array.isArray(values) || same.length < values.length || values.length === 1) return [fault];
    const name = JSON.stringify([path, fault.what]);
    if (done.has(name)) return [];
    done.add(name);
    return [{ ...fault, path, got: values }];
  });
}

function isBelow(path: readonly (string | number)[], parent: readonly (string | number)[]): boolean {
  return path.length === parent.length + 1 && parent.every((part, i) => path[i] === part);
}

/** Faults without repetition: one value may fail in many combinations. */
export class FaultList {
  readonly all: Fault[] = [];
  readonly #seen = new Set<string>();

  add(fault: Fault): void {
    const key = JSON.stringify([fault.path, fault.what]);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.all.push(fault);
  }
}
