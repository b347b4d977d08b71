import type { ScanTile } from './kernel.js';
import { NO_SELECTION, oneGroup } from './selections.js';
import { distanceOf } from './tile.js';

/** Every distance in float64. Slow, without native code, and obviously right: the twin the other kernel is held to. */
export const scanFloat64: ScanTile = ({ metric, queries, lists, selections }, tile) => {
  for (const group of selections?.groups ?? oneGroup(queries.count)) {
    const rows =
      group.selection === NO_SELECTION
        ? undefined
        : selections!.rowsIn(group.selection, tile.first, tile.count);
    const count = rows?.length ?? tile.count;
    for (const query of group.queries) {
      let bound = lists.bound(query);
      for (let i = 0; i < count; i++) {
        const row = rows === undefined ? i : rows[i]!;
        const distance = distanceOf(metric, queries, query, tile, row);
        if (distance > bound) continue;
        lists.offer(query, tile.first + row, distance);
        bound = lists.bound(query);
      }
    }
  }
};
