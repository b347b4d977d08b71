import { effectiveOf } from '../model/effective.js';
import { canonical } from '../model/ids.js';
import type { TrialRow } from '../model/results.js';

/**
 * Rows that say of which earlier one they are the same setting: an engine that raises `ef` to k runs one setting under
 * several names, and choosing among those would be choosing noise. Each keeps its own figures.
 */
export function sameInEffect(rows: readonly TrialRow[]): TrialRow[] {
  const first = new Map<string, string>();
  return rows.map((row) => {
    if (row.state !== 'completed') return row;
    const key = JSON.stringify([
      row.build,
      canonical(effectiveOf(row)),
      row.k,
      row.workload,
      row.workloadOptions,
      row.group,
    ]);
    const known = first.get(key);
    if (known === undefined) first.set(key, row.id);
    return known === undefined ? row : { ...row, sameAs: known };
  });
}
