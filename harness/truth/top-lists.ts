import { NO_ROW } from '../model/samples.js';

/**
 * The `depth` nearest rows of each query seen so far, ascending by (distance, row): a total order, so that the
 * result does not depend on the order in which rows are offered.
 */
export class TopLists {
  readonly queries: number;
  readonly depth: number;
  readonly rows: Int32Array;
  readonly distances: Float64Array;
  readonly sizes: Int32Array;

  constructor(queries: number, depth: number) {
    this.queries = queries;
    this.depth = depth;
    this.rows = new Int32Array(queries * depth).fill(NO_ROW);
    this.distances = new Float64Array(queries * depth).fill(Number.NaN);
    this.sizes = new Int32Array(queries);
  }

  /** Distance that a row must not exceed to enter the query's list; Infinity while there is room. */
  bound(query: number): number {
    if (this.sizes[query]! < this.depth) return Number.POSITIVE_INFINITY;
    return this.distances[(query + 1) * this.depth - 1]!;
  }

  /** Takes the row in if it belongs. A row must be offered to a query only once. */
  offer(query: number, row: number, distance: number): void {
    const { rows, distances, depth } = this;
    const start = query * depth;
    const size = this.sizes[query]!;
    const end = start + size;
    if (size === depth && !comesBefore(distance, row, distances[end - 1]!, rows[end - 1]!)) return;
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comesBefore(distance, row, distances[middle]!, rows[middle]!)) high = middle;
      else low = middle + 1;
    }
    const last = size === depth ? end - 1 : end;
    rows.copyWithin(low + 1, low, last);
    distances.copyWithin(low + 1, low, last);
    rows[low] = row;
    distances[low] = distance;
    if (size < depth) this.sizes[query] = size + 1;
  }

  /** Offers everything that another part of the data yielded. */
  merge(other: Pick<TopLists, 'rows' | 'distances' | 'sizes'>): void {
    for (let query = 0; query < this.queries; query++) {
      const start = query * this.depth;
      for (let i = start; i < start + other.sizes[query]!; i++) {
        this.offer(query, other.rows[i]!, other.distances[i]!);
      }
    }
  }
}

function comesBefore(distanceA: number, rowA: number, distanceB: number, rowB: number): boolean {
  return distanceA < distanceB || (distanceA === distanceB && rowA < rowB);
}
