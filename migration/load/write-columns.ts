import type { PointColumns } from '../../engines/contract/columns.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { PointsAsColumns } from '../../engines/contract/points.js';
import { idIn, idsIn } from '../../engines/kit/columns.js';
import { CanonicalRows } from '../export/column-bytes.js';
import { withoutNulls } from './columns.js';
import { verdictOf } from './refusal.js';
import type { BatchTarget } from './write-batch.js';

/**
 * Writes points as columns and reads every one back.
 *
 * @returns false: the target refused some, or not every point came back as it was written, or not as columns: nothing is
 * known of any of them, and they are to be written as points
 * @throws if no answer came, or the target cannot write
 */
export async function writeColumns(
  target: BatchTarget,
  columns: PointColumns,
  signal: AbortSignal,
): Promise<boolean> {
  const asColumns = columnsOf(target);
  if (asColumns === undefined) return false;
  try {
    await asColumns.insertMissing(columns, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (verdictOf(error) !== 'refused') throw error;
    return false;
  }
  const found = await asColumns.getWritten(columns.ids);
  return found !== undefined && areSame(target, columns, found);
}

/** Undefined: the target takes points alone, or does not give them back bit for bit, or not insert-only. */
export function columnsOf({ points, near, insertOnly }: BatchTarget): PointsAsColumns | undefined {
  return insertOnly && near.length === 0 ? points.asColumns : undefined;
}

function areSame(
  { shape, absence }: BatchTarget,
  columns: PointColumns,
  found: readonly PointColumns[],
): boolean {
  const settled = (each: PointColumns) => (absence === 'kept' ? each : withoutNulls(each));
  const rowOf = new Map<PointId, number>(idsIn(columns.ids).map((id, row) => [id, row]));
  const wanted = new CanonicalRows(shape, settled(columns));
  for (const piece of found) {
    const there = new CanonicalRows(shape, settled(piece));
    for (let row = 0; row < piece.count; row++) {
      const id = idIn(piece.ids, row);
      const at = rowOf.get(id);
      // Of each id one: what is left at the end did not come back.
      if (at === undefined || !rowOf.delete(id) || !there.row(row).equals(wanted.row(at))) return false;
    }
  }
  return rowOf.size === 0;
}
