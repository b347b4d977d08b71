import { FailureError, shorten } from '../../common/errors.js';
import type { Point } from '../../engines/contract/points.js';
import { BEFORE_CAPTURE, type RowKey } from '../changes/change.js';
import type { ChangeTarget } from '../changes/target.js';

export interface BackfillOptions {
  collection: string;
  /** Pages of a snapshot that was opened after capture was proven. */
  pages: AsyncIterable<{ points: readonly Point[]; cursor: string }>;
  target: ChangeTarget;
  /** The same keys as in the log: with the point's tenant, if absent. */
  keyOf?: ((point: Point) => RowKey) | undefined;
  /** Called once a page has been read back: a backfill that goes on begins behind this cursor. */
  onPage?: ((cursor: string, rows: number) => void | Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Backfilled {
  rows: number;
  /** Rows of which the target knew something newer, a deletion included: they stayed as they were. */
  superseded: number;
}

/**
 * Writes the rows of a snapshot where the target knows nothing of them yet: changes that were replayed meanwhile, and
 * deletions, are newer. Every page is read back before the next. Twice is the same as once.
 */
export async function backfill({
  collection,
  pages,
  target,
  keyOf,
  onPage,
  signal,
}: BackfillOptions): Promise<Backfilled> {
  const sum = { rows: 0, superseded: 0 };
  for await (const { points, cursor } of pages) {
    signal?.throwIfAborted();
    const rows = points.map((point) => ({
      kind: 'upsert' as const,
      ...(keyOf?.(point) ?? ownKey(collection, point)),
      point,
      version: BEFORE_CAPTURE,
    }));
    const outcomes = await target.apply(rows, signal);
    const stored = await target.read(rows);
    const missing = rows.find((_, i) => stored[i] === undefined);
    if (missing !== undefined) {
      throw new FailureError(`row ${shorten(missing.id)} was acknowledged and is not there`, {
        where: target.place,
        next: 'run the backfill again; it goes on behind the last page that was read back',
      });
    }
    sum.rows += rows.length;
    sum.superseded += outcomes.filter((each) => each === 'superseded').length;
    await onPage?.(cursor, rows.length);
  }
  return sum;
}

function ownKey(collection: string, { tenant, id }: Point): RowKey {
  return { collection, ...(tenant !== undefined && { tenant }), id };
}
