import type { Floor, LoadFacts } from '../../model/events.js';
import type { Workload } from '../../model/plan.js';
import type { Calibration } from './floor.js';

/** s of a pass, from which on the machine may have become another one. */
const LONG = 2;

export const isLong = ({ options }: Workload): boolean =>
  Number(options['warmUp'] ?? 0) + Number(options['seconds'] ?? 0) >= LONG;

/** The facts of a load with what was calibrated around one more pass of it. */
export function withFloor(
  facts: LoadFacts | undefined,
  pass: number,
  before: Calibration,
  after: Calibration | undefined,
): LoadFacts {
  const late = [facts?.timer.late ?? 0, before.timer.late, after?.timer.late ?? 0];
  const timer = { late: Math.max(...late), step: before.timer.step };
  if (before.floor === undefined) return { ...facts, timer };
  const { over, ...own } = before.floor;
  const then = after?.floor && floorOf(after.floor);
  const floors = [
    ...(facts?.floors ?? []).filter((each) => each.pass !== pass),
    { pass, before: own, ...(then && { after: then }) },
  ].sort((a, b) => a.pass - b.pass);
  return { ...facts, timer, floors, floor: { over, ...middle(floors.map(quieter)) } };
}

const floorOf = ({ p50, p99, perSecond, n }: Floor): Floor => ({ p50, p99, perSecond, n });

/** A disturbed moment makes an echo slower, and never faster: the lower of two is nearer to the floor. */
const quieter = ({ before, after }: NonNullable<LoadFacts['floors']>[number]): Floor =>
  after !== undefined && after.p50 < before.p50 ? after : before;

const middle = (floors: readonly Floor[]): Floor =>
  floors.toSorted((a, b) => a.p50 - b.p50)[(floors.length - 1) >> 1]!;
