import { FailureError, messageOf, shorten } from '../../common/errors.js';
import { hideSecrets } from '../../common/secrets.js';
import type { PointColumns } from '../../engines/contract/columns.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point, Points } from '../../engines/contract/points.js';
import { elementsOf, type VectorField } from '../../engines/contract/vectors.js';
import { flatten, nest } from '../../engines/kit/check.js';
import { type PointShape, samePoints } from '../export/canonical.js';
import { isNear, type NearField, nearValues, withoutNear } from '../export/near.js';
import { differencesOf } from '../export/words.js';
import { verdictOf } from './refusal.js';
import { type Reject, rejectOf } from './rejects.js';

/** A point to be written, and its row in the export. */
export interface Row {
  row: number;
  point: Point;
}

/** Rows that are written together. */
export interface Batch {
  /** Row of the first of them. */
  first: number;
  count: number;
  rows(): readonly Row[];
  /** All of them in the target's terms, in the order of the rows; undefined: they have no such form. */
  columns?: PointColumns | undefined;
}

export interface BatchTarget {
  points: Points;
  /** As the target describes itself. */
  shape: PointShape;
  /** Fields that are declared: where missing becomes null, these do. */
  declared: readonly string[];
  /** Vectors that it does not give back bit for bit. */
  near: readonly NearField[];
  absence: 'kept' | 'null' | 'missing';
  /** The target keeps only what is not there yet, so that nothing newer is overwritten. */
  insertOnly: boolean;
}

/**
 * Writes rows, halved where the target refuses them, and reads every one back: what was acknowledged is in the target,
 * bit for bit as the mapping wants it.
 *
 * @returns rows that the target refuses by themselves
 * @throws FailureError if what is read back is not what was written, or the connection breaks
 */
export async function writeBatch(
  target: BatchTarget,
  rows: readonly Row[],
  signal: AbortSignal,
): Promise<Reject[]> {
  const rejects: Reject[] = [];
  await write(target, rows, signal, rejects);
  const refused = new Set(rejects.map(({ row }) => row));
  await readBack(
    target,
    rows.filter(({ row }) => !refused.has(row)),
  );
  return rejects;
}

async function write(
  target: BatchTarget,
  rows: readonly Row[],
  signal: AbortSignal,
  rejects: Reject[],
): Promise<void> {
  const points = rows.map(({ point }) => point);
  try {
    if (target.insertOnly) await target.points.insertMissing!(points, signal);
    else await target.points.upsert(points, signal);
  } catch (error) {
    signal.throwIfAborted();
    // No answer, or a disk that is full, says nothing about the points.
    if (verdictOf(error) !== 'refused') throw error;
    if (rows.length === 1) {
      // Throws where the target is gone, whatever the first error called itself.
      await target.points.describe();
      rejects.push(rejectOf(target.shape, rows[0]!, hideSecrets(messageOf(error))));
      return;
    }
    const half = Math.ceil(rows.length / 2);
    await write(target, rows.slice(0, half), signal, rejects);
    await write(target, rows.slice(half), signal, rejects);
  }
}

/** Of rows of which it is not known whether they were written: those that are not there. */
export async function missingOf(target: BatchTarget, rows: readonly Row[]): Promise<Row[]> {
  const found = await pointsOf(target, rows);
  return rows.filter(({ point }) => {
    const got = found.get(point.id);
    return got === undefined || !isSame(target, settled(target, point), settled(target, got));
  });
}

async function pointsOf({ points }: BatchTarget, rows: readonly Row[]): Promise<Map<PointId, Point>> {
  const found = new Map<PointId, Point>();
  for (const point of await points.get(rows.map(({ point: { id } }) => id))) found.set(point.id, point);
  return found;
}

async function readBack(target: BatchTarget, rows: readonly Row[]): Promise<void> {
  const found = await pointsOf(target, rows);
  for (const { row, point } of rows) {
    const got = found.get(point.id);
    if (got === undefined) throw differs(row, point, 'was acknowledged and is not there');
    const [wanted, there] = [settled(target, point), settled(target, got)];
    if (isSame(target, wanted, there)) continue;
    const words = differencesOf(wanted, there).join('; ');
    throw differs(row, point, `is not in the target as it was written: ${words}`);
  }
}

function differs(row: number, { id }: Point, what: string): FailureError {
  return new FailureError(`point ${shorten(id)} ${what}`, {
    where: `row ${row} of the export`,
    next: 'compare with "vecproof verify"; nothing behind this row counts as loaded',
  });
}

/** Bit for bit, but for what the target changes of vectors by its own account. */
function isSame({ shape, near }: BatchTarget, wanted: Point, there: Point): boolean {
  if (!samePoints(shape, withoutNear(near, wanted), withoutNear(near, there))) return false;
  if (near.length === 0) return true;
  const [given, found] = [wanted, there].map(({ vectors }) => nearValues(near, vectors));
  return near.every((field, i) => {
    const [before, after] = [given![i], found![i]];
    return before === undefined || after === undefined ? before === after : isNear(field, before, after);
  });
}

/** Null and missing made one where the target does not tell them apart. */
function settled({ absence, declared }: BatchTarget, point: Point): Point {
  if (absence === 'kept' || hasValues(point)) return point;
  const flat = flatten(point.metadata);
  for (const name of declared) if (flat[name] === null || !Object.hasOwn(flat, name)) delete flat[name];
  return { ...point, metadata: nest(flat) };
}

/** Every field has a value, and none is an object: there is no null that may stand for missing. */
function hasValues({ metadata }: Point): boolean {
  for (const key of Object.keys(metadata)) {
    const value = metadata[key]!;
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) return false;
  }
  return true;
}

/** Bytes of a point as they go over the wire, about. */
export function sizeOf(vectors: readonly VectorField[], { metadata, text = '', uri = '' }: Point): number {
  const numbers = vectors.reduce((sum, field) => sum + Math.max(16, elementsOf(field)), 0);
  const values = JSON.stringify(metadata, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  return numbers * 4 + values.length + text.length + uri.length + 100;
}
