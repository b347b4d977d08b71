import { isDeepStrictEqual } from 'node:util';
import type { Point, ScanOptions, Snapshot } from '../../../engines/contract/points.js';
import type { VectorField } from '../../../engines/contract/vectors.js';
import { pointsIn } from '../../../engines/kit/columns.js';

/**
 * A scan in columns gives the same points in the same order, and each of its cursors goes on with what is left. Throws
 * Error; does nothing for a snapshot that has no columns.
 */
export async function requireSameColumns(
  snapshot: Snapshot,
  vectors: readonly VectorField[],
  options: ScanOptions,
  points: readonly Point[],
): Promise<void> {
  if (snapshot.columns === undefined) return;
  const found: Point[] = [];
  const places: { cursor: string; rows: number }[] = [];
  for await (const { columns, cursor } of snapshot.columns(options)) {
    found.push(...pointsIn(columns, vectors));
    places.push({ cursor, rows: found.length });
  }
  requireSame(found, points);
  const middle = places[Math.floor(places.length / 2)];
  if (middle === undefined) return;
  const rest: Point[] = [];
  for await (const page of snapshot.scan({ ...options, after: middle.cursor })) rest.push(...page.points);
  requireSame(rest, points.slice(middle.rows));
}

function requireSame(found: readonly Point[], wanted: readonly Point[]): void {
  if (found.length !== wanted.length)
    throw new Error(`columns have ${found.length} points, the scan ${wanted.length}`);
  for (const [row, point] of found.entries()) {
    // Clones are plain objects, whatever made them.
    if (isDeepStrictEqual(structuredClone(point), structuredClone(wanted[row]))) continue;
    throw new Error(`columns have another point ${String(point.id)} than the scan`);
  }
}
