import type { ScanTile } from './kernel.js';
import { distanceOf } from './tile.js';

/** Every distance in float64. Slow, without native code, and obviously right: the twin the other kernel is held to. */
export const scanFloat64: ScanTile = ({ metric, queries, lists }, tile) => {
  for (let query = 0; query < queries.count; query++) {
    let bound = lists.bound(query);
    for (let row = 0; row < tile.count; row++) {
      const distance = distanceOf(metric, queries, query, tile, row);
      if (distance > bound) continue;
      lists.offer(query, tile.first + row, distance);
      bound = lists.bound(query);
    }
  }
};
