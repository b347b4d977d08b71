import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
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
 * @returns workloads, and every fault of every entry
 */
export function planWorkloads(
  entries: readonly WorkloadEntry[],
  kinds: readonly WorkloadKind[],
): { workloads: Workload[]; faults: Fault[] } {
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
      workloads.set(key, { type, options: parsed.options });
    }
  }
  return { workloads: workloads.size === 0 ? [SERIAL] : [...workloads.values()], faults: distinct(faults) };
}

/** A fault that all values of a sweep have in common is told once. */
function distinct(faults: readonly Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter(({ path, what }) => {
    const key = JSON.stringify([path, what]);
    return seen.size < seen.add(key).size;
  });
}
