import type { Fault } from '../../common/faults.js';
import { type EngineEntry, engineEntrySchema } from './schema.js';

type Path = readonly (string | number)[];

/** An entry of `engines` as far as it can be read: what is wrong with its shell is left out. */
export interface ReadEntry {
  /** Undefined: not even its engine can be read. */
  entry: EngineEntry | undefined;
  /** Whether a fault of the plan says something about the entry as it is written. */
  speaks(path: Path): boolean;
}

/**
 * Reads the entries of a suite, faulty ones without their faulty parts, so that one fault does not hide the others: an
 * empty sweep and an unknown engine are told at once.
 */
export function readEntries(engines: unknown): ReadEntry[] {
  return Array.isArray(engines) ? engines.map((given, i) => readEntry(given, ['engines', i])) : [];
}

function readEntry(given: unknown, at: Path): ReadEntry {
  const whole = engineEntrySchema.safeParse(given);
  if (whole.success) return { entry: whole.data, speaks: () => true };
  if (given === null || typeof given !== 'object') return { entry: undefined, speaks: () => false };
  const left = structuredClone(given) as Record<string, unknown>;
  const taken: Path[] = [];
  for (const issue of whole.error.issues) {
    const path = issue.path.filter((part): part is string | number => typeof part !== 'symbol').slice(0, 2);
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
    for (const each of paths) taken.push(each);
  }
  for (const path of taken) remove(left, path);
  const { data } = engineEntrySchema.safeParse(left);
  return { entry: data, speaks: (path) => speaks(path.slice(at.length), taken) };
}

function remove(from: Record<string, unknown>, [key, inner]: Path): void {
  if (key === undefined) return;
  if (inner === undefined) delete from[key];
  else delete (from[key] as Record<string | number, unknown> | undefined)?.[inner];
}

/**
 * Faults at or above what was taken out come from taking it out. Without the kind of index the other parameters cannot
 * be judged at all.
 */
function speaks(path: Path, taken: readonly Path[]): boolean {
  const parameters = path[0] === 'index' || path[0] === 'search';
  return taken.every((each) => {
    if (path.every((part, i) => part === each[i])) return false;
    if (each.every((part, i) => part === path[i])) return false;
    const kind = each[0] === 'index' && (each[1] === undefined || KIND.has(String(each[1])));
    return !(parameters && kind);
  });
}

const KIND: ReadonlySet<string> = new Set(['type', 'quantization']);

/** The faults of a plan that was made of the entries as far as they could be read. */
export function faultsAsWritten(faults: readonly Fault[], entries: readonly ReadEntry[]): Fault[] {
  return faults.filter(({ path }) => {
    const [first, i] = path;
    return first !== 'engines' || typeof i !== 'number' || (entries[i]?.speaks(path) ?? true);
  });
}
