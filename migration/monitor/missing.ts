import type { PointId } from '../../engines/contract/ids.js';
import { fromTypedText } from '../mapping/typed-id.js';
import { noneGate } from './gates.js';
import type { GateView, Missing } from './model.js';
import { MOST, type MonitorState } from './state.js';
import type { Known, Subject } from './subject.js';

export const MISSING = 'missing';

/** So many are looked for in a round. */
const LOOKS = 200;

/** A hit of the source that the target does not hold: it may be a matter of time. */
export function suspectMissing(
  { missing: { pending, found }, totals }: MonitorState,
  row: string,
  query: string,
  since: number,
): void {
  if (pending.some((each) => each.row === row) || found.some((each) => each.row === row)) return;
  if (pending.length < MOST.pending) pending.push({ row, query, since });
  else totals.notLookedAt++;
}

/**
 * Looks for them again once the lag has passed: what the source still has, and the target still has not, is found to be missing; what
 * was found to be is so until it is there, or no longer in the source.
 */
export async function lookForMissing(
  { source, target }: Subject,
  known: Known,
  { missing, totals }: MonitorState,
  now: number,
  lagMs: number,
): Promise<void> {
  const due = missing.pending.filter(({ since }) => now - since >= lagMs).slice(0, LOOKS);
  const old = missing.found.slice(0, LOOKS);
  const asked = [...due, ...old];
  if (asked.length === 0) return;
  const ids = asked.map(({ row }) => fromTypedText(row)!.id);
  let here: Set<PointId>;
  let there: Set<PointId>;
  try {
    here = new Set((await source.get(ids)).map(({ id }) => id));
    there = new Set((await target.get(ids.map(known.ids.toTarget))).map(({ id }) => id));
  } catch {
    // A side does not answer, which its next call tells: nothing is said of them.
    await source.close();
    await target.close();
    return;
  }
  const still = (_: Missing, i: number) => here.has(ids[i]!) && !there.has(known.ids.toTarget(ids[i]!));
  const lost = new Set(asked.filter(still));
  missing.pending = missing.pending.filter((each) => !due.includes(each));
  // Those that were looked at go to the end: the others are next.
  missing.found = [...missing.found.slice(old.length), ...old.filter((each) => lost.has(each))];
  for (const each of due.filter((one) => lost.has(one))) {
    if (missing.found.length < MOST.findings) missing.found.push(each);
    else totals.notLookedAt++;
  }
}

/** No statistics: a load that is over and changes that were applied leave nothing out. */
export const missingGate = ({ missing, totals, begunAt }: MonitorState, on: boolean): GateView =>
  noneGate({
    name: MISSING,
    title: 'Points of the source that the target does not hold',
    on,
    found: missing.found.length,
    observed: totals.compared + totals.apart,
    since: begunAt,
  });
