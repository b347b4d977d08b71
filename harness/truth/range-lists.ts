import type { Lists } from './kernel.js';

/** Lists that a scan is expected to fill, for the room that it takes at first. */
const EXPECTED = 256;

/** Lists one after the other: those of query `q` are `sizes[q]` long. */
export interface FlatLists {
  rows: Int32Array;
  distances: Float64Array;
  sizes: Int32Array;
}

/** All rows of each query that are not farther than its radius. */
export class RangeLists implements Lists {
  readonly queries: number;
  readonly depth = EXPECTED;
  readonly unlimited = true;
  readonly #radii: Float64Array;
  readonly #rows: number[][];
  readonly #distances: number[][];
  /** Of all queries. */
  total = 0;

  /** @param radii a finite one for each query */
  constructor(radii: Float64Array) {
    this.queries = radii.length;
    this.#radii = radii;
    this.#rows = Array.from(radii, () => []);
    this.#distances = Array.from(radii, () => []);
  }

  bound(query: number): number {
    return this.#radii[query]!;
  }

  offer(query: number, row: number, distance: number): void {
    if (distance > this.#radii[query]!) return;
    this.#rows[query]!.push(row);
    this.#distances[query]!.push(distance);
    this.total++;
  }

  offerSorted(
    query: number,
    first: number,
    rows: Int32Array,
    distances: Float64Array,
    at: number,
    count: number,
  ): void {
    for (let i = at; i < at + count; i++) this.offer(query, first + rows[i]!, distances[i]!);
  }

  merge({ rows, distances, sizes }: FlatLists): void {
    let at = 0;
    for (let query = 0; query < this.queries; query++)
      for (const end = at + sizes[query]!; at < end; at++) this.offer(query, rows[at]!, distances[at]!);
  }

  /** Each list ascending by (distance, row), as those of the nearest are. */
  flat(): FlatLists {
    const rows = new Int32Array(this.total);
    const distances = new Float64Array(this.total);
    const sizes = Int32Array.from(this.#rows, (list) => list.length);
    let at = 0;
    for (let query = 0; query < this.queries; query++) {
      const [own, far] = [this.#rows[query]!, this.#distances[query]!];
      const order = Int32Array.from(own.keys()).sort((a, b) => far[a]! - far[b]! || own[a]! - own[b]!);
      for (const i of order) {
        rows[at] = own[i]!;
        distances[at] = far[i]!;
        at++;
      }
    }
    return { rows, distances, sizes };
  }
}
