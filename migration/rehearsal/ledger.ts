import type { PointId } from '../../engines/contract/ids.js';
import type { Point, PointValue } from '../../engines/contract/points.js';
import type { VectorValue } from '../../engines/contract/vectors.js';

/** Field that says which write has made a row: the number of the operation, 0 for rows that were there before. */
export const REVISION = 'vecproof_rev';

/** `unknown`: no answer came, so that it may have happened or not; both sides have to agree which. */
export type WriteState = 'begun' | 'acknowledged' | 'unknown';

export interface LedgerWrite {
  /** 0: the row was there before. */
  operation: number;
  id: PointId;
  /** Null: deleted. */
  point: Point | null;
  state: WriteState;
  /** Milliseconds of `performance.now()`, once it is acknowledged. */
  at: number;
}

export const DIFFERENCES = ['lost', 'older', 'deleted', 'stranger', 'content'] as const;
/**
 * `lost`: a row that was acknowledged is not there; `older`: an earlier state of it is; `deleted`: it is there although its
 * deletion was acknowledged; `stranger`: nobody has written it here; `content`: the right revision with other content.
 */
export type DifferenceKind = (typeof DIFFERENCES)[number];

export interface LedgerDifference {
  kind: DifferenceKind;
  id: PointId;
  /** Revision that was acknowledged; absent: deleted, or never written. */
  expected?: number | undefined;
  found?: number | undefined;
}

/** What was acknowledged to the application: the measure of everything that the rehearsal says. */
export class Ledger {
  readonly #writes = new Map<PointId, LedgerWrite[]>();

  constructor(points: readonly Point[]) {
    for (const point of points)
      this.#writes.set(point.id, [{ operation: 0, id: point.id, point, state: 'acknowledged', at: 0 }]);
  }

  /** Of one id only one write may be under way. */
  begin(operation: number, id: PointId, point: Point | null): LedgerWrite {
    const write: LedgerWrite = { operation, id, point, state: 'begun', at: 0 };
    this.#writes.set(id, [...(this.#writes.get(id) ?? []), write]);
    return write;
  }

  /** The state that the application believes in, as of which it makes its next write; null: deleted. */
  latest(id: PointId): Point | null {
    return this.#writes.get(id)?.at(-1)?.point ?? null;
  }

  writesOf(id: PointId): readonly LedgerWrite[] {
    return this.#writes.get(id) ?? [];
  }

  /** Ids that have a row as far as the application knows. */
  live(): PointId[] {
    return [...this.#writes.keys()].filter((id) => this.latest(id) !== null);
  }

  /** Those of which the last write was acknowledged: of any other nobody knows whether it is there. */
  certain(): PointId[] {
    return this.live().filter((id) => this.#writes.get(id)!.at(-1)!.state === 'acknowledged');
  }

  /** Ids of rows that were there before, and that nobody has tried to write since. */
  untouched(): PointId[] {
    return [...this.#writes].flatMap(([id, [first, ...more]]) =>
      first!.operation === 0 && more.length === 0 ? [id] : [],
    );
  }

  get acknowledged(): number {
    let count = 0;
    for (const writes of this.#writes.values())
      count += writes.filter(({ operation, state }) => operation > 0 && state === 'acknowledged').length;
    return count;
  }

  /** The acknowledged state that a reader who begins now must see, or a later one. */
  settled(id: PointId): LedgerWrite | undefined {
    return this.#writes.get(id)?.findLast(({ state }) => state === 'acknowledged');
  }

  /**
   * What a side holds, against what was acknowledged.
   * @param as how the side is to hold a row; as it is, if absent
   */
  compare(found: readonly Point[], as: (point: Point) => Point = (point) => point): LedgerDifference[] {
    const there = new Map(found.map((point) => [point.id, point]));
    const differences: LedgerDifference[] = [];
    for (const id of this.#writes.keys()) {
      const difference = this.#compareOne(id, there.get(id), as);
      if (difference !== undefined) differences.push(difference);
    }
    for (const point of found)
      if (!this.#writes.has(point.id))
        differences.push({ kind: 'stranger', id: point.id, found: revisionOf(point) });
    return differences;
  }

  /** Rows of which the two sides hold different states, though each could be right by itself. */
  disagreements(
    source: readonly Point[],
    target: readonly Point[],
    as?: (point: Point) => Point,
  ): LedgerDifference[] {
    const wrong = new Set([...this.compare(source), ...this.compare(target, as)].map(({ id }) => id));
    const there = new Map(target.map((point) => [point.id, revisionOf(point)]));
    const here = new Map(source.map((point) => [point.id, revisionOf(point)]));
    return [...new Set([...here.keys(), ...there.keys()])]
      .filter((id) => !wrong.has(id) && here.get(id) !== there.get(id))
      .map((id) => ({
        kind: there.has(id) ? (here.has(id) ? 'older' : 'deleted') : 'lost',
        id,
        expected: here.get(id),
        found: there.get(id),
      }));
  }

  #compareOne(
    id: PointId,
    point: Point | undefined,
    as: (point: Point) => Point,
  ): LedgerDifference | undefined {
    const writes = this.#writes.get(id)!;
    const from = writes.findLastIndex(({ state }) => state === 'acknowledged');
    // One that never was acknowledged may be there or not.
    const possible = writes.slice(Math.max(0, from));
    const expected = from < 0 ? null : writes[from]!.point;
    if (point === undefined) {
      if (from < 0 || possible.some((write) => write.point === null)) return undefined;
      return { kind: 'lost', id, expected: writes[from]!.operation };
    }
    const found = revisionOf(point);
    const match = possible.find((write) => write.point !== null && write.operation === found);
    const words = { id, expected: expected === null ? undefined : writes[from]!.operation, found };
    if (match !== undefined)
      return isEqual(as(match.point!), point) ? undefined : { kind: 'content', ...words };
    const earlier = writes.some((write) => write.point !== null && write.operation === found);
    if (!earlier) return { kind: 'stranger', ...words };
    return { kind: expected === null ? 'deleted' : 'older', ...words };
  }
}

export function revisionOf({ metadata }: Point): number | undefined {
  const value = metadata[REVISION];
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
}

/** The same text and metadata, and vectors of the same direction: some engines keep no more of them. */
function isEqual(a: Point, b: Point): boolean {
  return (
    a.text === b.text &&
    Object.entries(a.vectors).every(([name, value]) => isSameDirection(value, b.vectors[name])) &&
    Object.entries(a.metadata).every(([name, value]) => isSameValue(value, b.metadata[name]))
  );
}

/** Engines give integers in several types and round fractions; of lists and objects the rehearsal says nothing. */
function isSameValue(wanted: PointValue | undefined, found: PointValue | undefined): boolean {
  if (wanted === undefined || wanted === null) return found === undefined || found === null;
  if (typeof wanted === 'object') return found !== undefined && found !== null;
  if (typeof wanted === 'string' || typeof wanted === 'boolean') return wanted === found;
  if (typeof found !== 'number' && typeof found !== 'bigint') return false;
  const [a, b] = [Number(wanted), Number(found)];
  return Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));
}

const TOLERANCE = 1e-3;

export function isSameDirection(a: VectorValue, b: VectorValue | undefined): boolean {
  const [mine, other] = [numbersOf(a), numbersOf(b)];
  if (mine === undefined || other === undefined || mine.length !== other.length) return false;
  const [lengthOfMine, lengthOfOther] = [Math.hypot(...mine) || 1, Math.hypot(...other) || 1];
  return mine.every((value, i) => Math.abs(value / lengthOfMine - other[i]! / lengthOfOther) < TOLERANCE);
}

function numbersOf(value: VectorValue | undefined): Float32Array | undefined {
  return value instanceof Float32Array ? value : undefined;
}

/** How many of each kind, those that there are. */
export function countKinds(
  differences: readonly LedgerDifference[],
): Partial<Record<DifferenceKind, number>> {
  const counts: Partial<Record<DifferenceKind, number>> = {};
  for (const { kind } of differences) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
