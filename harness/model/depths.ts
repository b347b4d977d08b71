import type { PlannedTrial } from './plan.js';
import type { TrialRow } from './results.js';

/**
 * Depths at which a trial's answers are measured, ascending: it asks for the largest.
 * @param ks all of the suite's, which a trial of an earlier version has
 */
export function depthsOf({ ks }: Pick<PlannedTrial, 'ks'>, all: readonly number[]): readonly number[] {
  return ks ?? all;
}

/** Hits that a trial asks for. */
export function askedOf(trial: Pick<PlannedTrial, 'ks'>, all: readonly number[]): number {
  return depthsOf(trial, all).at(-1)!;
}

/** Whether a row has figures at a depth, as far as anything was measured. */
export function measuresDepth({ k, depths }: Pick<TrialRow, 'k' | 'depths'>, depth: number): boolean {
  return depths === undefined ? k === depth : depths.includes(depth);
}

/** What trials of a suite ask for: each depth by itself, or all from one search for the largest. */
export function plannedDepths(ks: readonly number[], depth: 'each' | 'largest'): number[][] {
  return depth === 'each' ? ks.map((k) => [k]) : [[...ks]];
}
