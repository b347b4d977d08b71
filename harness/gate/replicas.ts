import type { TrialRow } from '../model/results.js';

/** `usearch-hnsw-m16~2`: the same setting, built a second time. No other id has a `~`. */
export function replicaId(id: string, replica: number): string {
  return `${id}~${replica}`;
}

/** The id that the setting has on its first build. */
export function firstId(id: string): string {
  const at = id.lastIndexOf('~');
  return at < 0 ? id : id.slice(0, at);
}

/** A setting with the rows of its further builds. A further build whose first is not there stands for itself. */
export function byReplica(rows: readonly TrialRow[]): { row: TrialRow; again: TrialRow[] }[] {
  const key = ({ id, workload, group }: TrialRow) => JSON.stringify([firstId(id), workload, group]);
  const found = new Map<string, { row: TrialRow; again: TrialRow[] }>();
  for (const row of rows) {
    const first = found.get(key(row));
    if (first === undefined) found.set(key(row), { row, again: [] });
    else first.again.push(row);
  }
  return [...found.values()];
}
