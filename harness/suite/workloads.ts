import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import type { ParameterSet } from '../../common/parameters.js';
import { canonical } from '../model/ids.js';
import type { Workload } from '../model/plan.js';
import { SERIAL, type WorkloadKind } from '../model/workload.js';
import type { Suite, SweptValue } from './schema.js';
import { combinations } from './sweeps.js';

export type WorkloadEntry = Suite['workloads'][number];

/**
 * Expands `workloads:` of a suite: one for each combination of options, in the order of the file. Pure.
 *
 * @param kinds all that there are
 * @returns workloads, the options that tell each from what its kind would do by itself, and every fault of every entry
 */
export function planWorkloads(
  entries: readonly WorkloadEntry[],
  kinds: readonly WorkloadKind[],
): { workloads: Workload[]; named: ReadonlyMap<Workload, ParameterSet>; faults: Fault[] } {
  const named = new Map<Workload, ParameterSet>();
  const workloads = new Map<string, Workload>();
  const faults: Fault[] = [];
  for (const [i, entry] of entries.entries()) {
    const { type, ...options } = typeof entry === 'string' ? { type: entry } : entry;
    const base = typeof entry === 'string' ? ['workloads', i] : ['workloads', i, 'type'];
    const kind = kinds.find((each) => each.type === type);
    if (kind === undefined) {
      const known = kinds.map((each) => each.type);
      const what = suggest('is an unknown workload', type, known);
      // The list in any case: most that people know from elsewhere are none of them.
      const list = what.includes('Known:') ? '' : ` Known: ${known.join(', ')}.`;
      faults.push({ path: base, what: `${what}${list}`, got: type });
      continue;
    }
    for (const each of combinations(options as Record<string, SweptValue>)) {
      const parsed = kind.parse(each);
      if (parsed.state === 'invalid') {
        for (const issue of parsed.issues) faults.push({ ...issue, path: ['workloads', i, ...issue.path] });
        continue;
      }
      const key = `${type} ${canonical(parsed.options)}`;
      if (workloads.has(key)) faults.push({ path: ['workloads', i], what: 'is listed twice', got: entry });
      const workload = { type, options: parsed.options };
      workloads.set(key, workload);
      named.set(workload, withoutDefaults(parsed.options, kind));
    }
  }
  const planned = workloads.size === 0 ? [SERIAL] : [...workloads.values()];
  return { workloads: planned, named, faults: distinct(faults) };
}

/** What a kind fills in by itself tells nothing. */
function withoutDefaults(options: ParameterSet, kind: WorkloadKind): ParameterSet {
  const filled = (key: string) => {
    const { [key]: _, ...others } = options;
    const parsed = kind.parse(others);
    return parsed.state === 'ok' && canonical(parsed.options) === canonical(options);
  };
  return Object.fromEntries(Object.entries(options).filter(([key]) => !filled(key)));
}

/** A fault that all values of a sweep have in common is told once. */
function distinct(faults: readonly Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter(({ path, what }) => {
    const key = JSON.stringify([path, what]);
    return seen.size < seen.add(key).size;
  });
}
