import type { PlannedBuild } from './plan.js';
import type { TrialRow } from './results.js';

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

/**
 * The plan with every build made `count` times, each time with another seed of the engine: the first ones in the order
 * of the plan, then all again in the opposite order, and so on, so that drift of the machine falls on all alike. Pure.
 */
export function replicated(builds: readonly PlannedBuild[], count: number): PlannedBuild[] {
  return Array.from({ length: count }, (_, i) =>
    i === 0 ? [...builds] : inTurn(builds, i).map((build) => again(build, i + 1)),
  ).flat();
}

const inTurn = (builds: readonly PlannedBuild[], round: number): readonly PlannedBuild[] =>
  round % 2 === 0 ? builds : builds.toReversed();

function again(build: PlannedBuild, replica: number): PlannedBuild {
  return {
    ...build,
    id: replicaId(build.id, replica),
    replica,
    trials: build.trials.map((trial) => ({ ...trial, id: replicaId(trial.id, replica) })),
  };
}
