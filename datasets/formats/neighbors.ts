import type { ProvidedTruth } from '../dataset.js';

/**
 * Neighbours that a file brings, as far as they can be compared: every row must be one of the points. Why they cannot is
 * said with its likely cause.
 *
 * @param rows row numbers, `queries * k`; -1 where a list is shorter
 */
export function checkedNeighbors(
  rows: Int32Array,
  k: number,
  points: number,
  distances: Float32Array | undefined,
): ProvidedTruth {
  let highest = -1;
  let lowest = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (row > highest) highest = row;
    if (row < lowest) lowest = row;
  }
  if (k === 0 || highest < 0) return { state: 'unusable', reason: 'they hold no rows' };
  if (highest < points && lowest >= -1) return { state: 'usable', k, rows, distances };
  const got = highest >= points ? highest : lowest;
  const reason = `they name row ${got}, the points are rows 0 to ${points - 1}`;
  if (highest === points && lowest >= 1) return { state: 'unusable', reason: `${reason}: they count from 1` };
  const cut =
    highest >= points ? ': the points are a part of the set that they were computed on, or another set' : '';
  return { state: 'unusable', reason: `${reason}${cut}` };
}
