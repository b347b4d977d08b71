import { currentResults } from '../derive/current.js';
import type { Manifest } from '../model/manifest.js';
import type { RunFolder } from '../store/run-folder.js';

/** Doubts on which builds can be measured again, with the flags that tell them. */
export const REMEASURE = {
  busy: ['busy-machine', 'busy-build'],
  mixed: ['mixed-builds'],
} as const;

export type Remeasure = keyof typeof REMEASURE;

/**
 * Trials to be measured again: all completed ones of each build of which one is doubtful, so that a build's trials stay on one
 * graph.
 */
export async function trialsAgain(
  folder: RunFolder,
  { plan, rebuilds = [] }: Manifest,
  what: Remeasure,
): Promise<Set<string>> {
  const { trials } = (await currentResults(folder)).results;
  const flags: readonly string[] = REMEASURE[what];
  const doubtful = new Set(
    trials.filter((row) => row.flags.some((flag) => flags.includes(flag))).map(({ build }) => build),
  );
  const completed = new Set(trials.filter(({ state }) => state === 'completed').map(({ id }) => id));
  return new Set(
    [...plan, ...rebuilds]
      .filter(({ id }) => doubtful.has(id))
      .flatMap((build) => build.trials.map(({ id }) => id))
      .filter((id) => completed.has(id)),
  );
}
