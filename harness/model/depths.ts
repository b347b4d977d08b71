import type { PlannedBuild, PlannedTrial } from './plan.js';
import type { TrialRow } from './results.js';

/**
 * Depths at which a trial's answers are measured, ascending: it asks for the largest.
 * @param ks all of the suite's, which a trial of an earlier version has
 */
export function depthsOf({ ks }: Pick<PlannedTrial, 'ks'>, all: readonly number[]): readonly number[] {
  return ks ?? all;
}

/** Hits that a trial asks for. */
export function askedOf(trial: Pick<PlannedTrial, 'ks' | 'asked'>, all: readonly number[]): number {
  return trial.asked ?? depthsOf(trial, all).at(-1)!;
}

/** Hits beyond the largest depth that trials of a suite ask for: as many remain when the query's own document is taken out. */
export function spareHits({ excludeSelf }: { excludeSelf: boolean }): 0 | 1 {
  return excludeSelf ? 1 : 0;
}

/** The same plan, its trials asking for `spare` hits more than their largest depth. */
export function askingFor(builds: readonly PlannedBuild[], spare: number): PlannedBuild[] {
  if (spare === 0) return [...builds];
  return builds.map((build) => ({
    ...build,
    trials: build.trials.map((trial) => ({ ...trial, asked: trial.ks!.at(-1)! + spare })),
  }));
}

/** Whether a row has figures at a depth, as far as anything was measured. */
export function measuresDepth({ k, depths }: Pick<TrialRow, 'k' | 'depths'>, depth: number): boolean {
  return depths === undefined ? k === depth : depths.includes(depth);
}

/** What trials of a suite ask for: each depth by itself, or all from one search for the largest. */
export function plannedDepths(ks: readonly number[], depth: 'each' | 'largest'): number[][] {
  return depth === 'each' ? ks.map((k) => [k]) : [[...ks]];
}
