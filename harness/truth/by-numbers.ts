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
    if (!isBitMetric(job.metric)) return scan(job, tile);
    return job.metric === 'hamming'
      ? scan({ ...job, metric: 'l2', lists: hammingLists(job.lists) }, tile)
      : scan({ ...job, metric: 'dot', lists: jaccardLists(job, tile) }, tile);
  };
}

/** By Euclidean distances. */
function hammingLists(lists: Lists): Lists {
  return converted(lists, {
    bound: (_, bound) => (bound < 0 ? bound : Math.sqrt(bound)),
    distance: (_, __, distance) => Math.round(distance * distance),
  });
}

/** By minus the inner product: with d = 1 - both / either, both >= (1 - d) · either >= (1 - d) · (bits of the query). */
function jaccardLists({ lists, queries }: ScanJob, tile: Tile): Lists {
  const ones = (query: number) => queries.squaredNorms[query]!;
  return converted(lists, {
    bound: (query, bound) => {
      const share = 1 - bound - 2 ** -45;
      return share <= 0 ? Number.POSITIVE_INFINITY : -share * ones(query);
    },
    distance: (query, row, distance) => {
      const both = -distance;
      return jaccardDistance(both, ones(query) + tile.squaredNorms[row - tile.first]! - both);
    },
  });
}

interface Conversion {
  /** In the kernel's distances, of one in the list's. */
  bound(query: number, bound: number): number;
  /** The other way round, of a row. */
  distance(query: number, row: number, distance: number): number;
}

/** Lists that are filled with other distances. */
function converted(lists: Lists, { bound, distance }: Conversion): Lists {
  const offer: Lists['offer'] = (query, row, far) => lists.offer(query, row, distance(query, row, far));
  return {
    ...{ queries: lists.queries, depth: lists.depth, offer },
    ...(lists.unlimited !== undefined && { unlimited: lists.unlimited }),
    bound: (query) => bound(query, lists.bound(query)),
    offerSorted: (query, first, rows, distances, at, count) => {
      for (let i = at; i < at + count; i++) offer(query, first + rows[i]!, distances[i]!);
    },
  };
}
