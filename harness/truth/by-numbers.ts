import { isBitMetric } from '../../datasets/dataset.js';
import { jaccardDistance } from '../measures/distance.js';
import type { Lists, ScanJob, ScanTile } from './kernel.js';
import type { Tile } from './tile.js';

/**
 * Lets a kernel for numbers compare bits, by an independent way to the same figures: of components of 0 and 1 the squared Euclidean
 * distance is the number of bits that differ, and the inner product the number that both have. All of these are small integers.
 */
export function byNumbers(scan: ScanTile): ScanTile {
  return (job, tile) => {
    if (job.metric === 'hamming') return scan({ ...job, metric: 'l2', lists: hammingLists(job.lists) }, tile);
    if (!isBitMetric(job.metric)) return scan(job, tile);
    return scan({ ...job, metric: 'dot', lists: jaccardLists(job, tile) }, tile);
  };
}

/** By Euclidean distances. */
function hammingLists(lists: Lists): Lists {
  return {
    queries: lists.queries,
    depth: lists.depth,
    bound: (query) => {
      const bound = lists.bound(query);
      return bound < 0 ? bound : Math.sqrt(bound);
    },
    offer: (query, row, distance) => lists.offer(query, row, Math.round(distance * distance)),
  };
}

/** By minus the inner product: with d = 1 - both / either, both >= (1 - d) · either >= (1 - d) · (bits of the query). */
function jaccardLists({ lists, queries }: ScanJob, tile: Tile): Lists {
  return {
    queries: lists.queries,
    depth: lists.depth,
    bound: (query) => {
      const share = 1 - lists.bound(query) - 2 ** -45;
      return share <= 0 ? Number.POSITIVE_INFINITY : -share * queries.squaredNorms[query]!;
    },
    offer: (query, row, distance) => {
      const both = -distance;
      const either = queries.squaredNorms[query]! + tile.squaredNorms[row - tile.first]! - both;
      lists.offer(query, row, jaccardDistance(both, either));
    },
  };
}
