import type { PointId } from '../../../engines/contract/ids.js';
import type { Point } from '../../../engines/contract/points.js';

/** A mutation as its client saw it. Times are steps of the schedule. */
export interface Issued {
  id: PointId;
  /** Its number, which the row's metadata holds; null: it deletes the row. */
  value: number | null;
  begun: number;
  /** After this it can no longer take effect: acknowledged, or its process was gone. */
  ended: number;
  acknowledged: boolean;
}

export interface Violation {
  what: 'lost' | 'resurrected' | 'older' | 'sides-differ' | 'unknown-row' | 'stuck';
  words: string;
}

/**
 * What must hold once everything has come to rest. It knows nothing of versions and logs: only what clients sent, when,
 * and what was acknowledged.
 *
 * - The state of a row is that of a mutation, no acknowledged one of which began after it had ended (each row behaves as
 *   if its mutations had happened one after the other).
 * - Both sides have the same rows in the same state: nothing is lost by going over, and nothing by going back.
 */
export function violations(
  issued: readonly Issued[],
  source: ReadonlyMap<PointId, Point>,
  target: ReadonlyMap<PointId, Point>,
): Violation[] {
  const ids = new Set<PointId>([...issued.map(({ id }) => id), ...source.keys(), ...target.keys()]);
  return [...ids].flatMap((id) => {
    const mine = issued.filter((each) => each.id === id);
    return [
      ...ofSide('source', id, mine, stateOf(source.get(id))),
      ...ofSide('target', id, mine, stateOf(target.get(id))),
      ...ofBoth(id, stateOf(source.get(id)), stateOf(target.get(id))),
    ];
  });
}

function ofSide(side: string, id: PointId, mine: readonly Issued[], found: number | null): Violation[] {
  // A row that nobody has ever written is not there.
  const candidates = mine.filter(({ value }) => value === found);
  if (candidates.length === 0) {
    if (found === null && mine.length === 0) return [];
    const what = found === null ? 'lost' : 'unknown-row';
    return [{ what, words: `${side}: row ${id} is ${words(found)}, which no mutation has made it` }];
  }
  const later = (before: Issued) =>
    mine.find(({ acknowledged, begun }) => acknowledged && begun > before.ended);
  const over = candidates.map(later);
  const newer = over.find((each) => each !== undefined);
  if (newer === undefined || over.includes(undefined)) return [];
  const what = newer.value === null ? 'resurrected' : found === null ? 'lost' : 'older';
  return [
    { what, words: `${side}: row ${id} is ${words(found)} after ${words(newer.value)} was acknowledged` },
  ];
}

function ofBoth(id: PointId, source: number | null, target: number | null): Violation[] {
  if (source === target) return [];
  return [
    {
      what: 'sides-differ',
      words: `row ${id} is ${words(source)} in the source, ${words(target)} in the target`,
    },
  ];
}

function stateOf(point: Point | undefined): number | null {
  return point === undefined ? null : (point.metadata['value'] as number);
}

function words(value: number | null): string {
  return value === null ? 'deleted' : `mutation ${value}`;
}
