import { replicaId } from '../gate/replicas.js';
import type { PlannedBuild } from '../model/plan.js';

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
