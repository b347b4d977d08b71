import type { Manifest } from '../model/manifest.js';
import type { PlannedBuild } from '../model/plan.js';
import { changesCollection } from '../model/workload.js';
import { type Turn, Turns } from '../process/turns.js';

/** Where a build stands among those that are held side by side; absent: it is alone. */
export interface Held {
  held?: { number: number; turn: Turn } | undefined;
}

/**
 * Builds in the order in which they are measured, in groups of which all are held side by side: those of one round where the
 * suite says `interleave`, else each by itself. One that its load changes has one pass, and a build that is made once more for
 * the noise floor is no contender: there is nothing to interleave.
 */
export function heldTogether(
  builds: readonly PlannedBuild[],
  { manifest, inspect }: { manifest: Pick<Manifest, 'interleave' | 'plan'>; inspect?: number | undefined },
): PlannedBuild[][] {
  // A debugger's port is one process'.
  const together = manifest.interleave === true && inspect === undefined;
  const contenders = new Set(manifest.plan.map(({ id }) => id));
  const groups: { round: number | undefined; builds: PlannedBuild[] }[] = [];
  for (const build of builds) {
    const alone =
      !together ||
      !contenders.has(build.id) ||
      build.trials.some(({ workload }) => changesCollection(workload));
    const round = alone ? undefined : (build.replica ?? 1);
    const last = groups.at(-1);
    if (round !== undefined && last?.round === round) last.builds.push(build);
    else groups.push({ round, builds: [build] });
  }
  return groups.map((group) => group.builds);
}

/** Measures one build, or several that take turns. What ends one of them in disorder (a full disk) ends all. */
export async function sideBySide<Part extends object>(
  parts: readonly Part[],
  signal: AbortSignal,
  measure: (part: Part & Held, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (parts.length < 2) {
    for (const part of parts) await measure(part, signal);
    return;
  }
  const broken = new AbortController();
  const own = AbortSignal.any([signal, broken.signal]);
  const turns = new Turns(own);
  const members = parts.map((part, number) => ({ ...part, held: { number, turn: turns.join() } }));
  const ends = await Promise.allSettled(
    members.map(async (member) => {
      try {
        await measure(member, own);
      } catch (error) {
        broken.abort(error);
        throw error;
      } finally {
        member.held.turn.leave();
      }
    }),
  );
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
