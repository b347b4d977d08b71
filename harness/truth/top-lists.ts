import { NO_ROW } from '../model/samples.js';

/**
 * By query the least bound that any thread has found: whatever is farther belongs to no list, wherever the rows are that prove it. In
 * float32, rounded up. Of two threads that write at a time, one may be lost: the bound is then wider than it could be.
 */
export class SharedBounds {
  readonly #bits: Int32Array;
  readonly #float = new Float32Array(1);
  readonly #int = new Int32Array(this.#float.buffer);

  constructor(memory: SharedArrayBuffer) {
    this.#bits = new Int32Array(memory);
  }

  static create(queries: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(queries * 4);
    new Float32Array(memory).fill(Number.POSITIVE_INFINITY);
    return memory;
  }

  get(query: number): number {
    this.#int[0] = Atomics.load(this.#bits, query);
    return this.#float[0]!;
  }

  lower(query: number, bound: number): void {
    if (bound >= this.get(query)) return;
    this.#float[0] = bound + Math.abs(bound) * 2 ** -22 + 2 ** -140;
    Atomics.store(this.#bits, query, this.#int[0]!);
  }
}

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
  readonly #shared: SharedBounds | undefined;
  readonly #mergedRows: Int32Array;
  readonly #mergedDistances: Float64Array;

  constructor(queries: number, depth: number, shared?: SharedBounds) {
    this.#shared = shared;
    this.queries = queries;
    this.depth = depth;
    this.rows = new Int32Array(queries * depth).fill(NO_ROW);
    this.distances = new Float64Array(queries * depth).fill(Number.NaN);
    this.sizes = new Int32Array(queries);
    this.#mergedRows = new Int32Array(depth);
    this.#mergedDistances = new Float64Array(depth);
  }

  /** Distance that a row must not exceed to be among the nearest of all; Infinity while that is not known. */
  bound(query: number): number {
    return Math.min(this.#own(query), this.#shared?.get(query) ?? Number.POSITIVE_INFINITY);
  }

  #own(query: number): number {
    if (this.sizes[query]! < this.depth) return Number.POSITIVE_INFINITY;
    return this.distances[(query + 1) * this.depth - 1]!;
  }

  /** Tells the other threads what this one has found. */
  share(): void {
    if (this.#shared === undefined) return;
    for (let query = 0; query < this.queries; query++) this.#shared.lower(query, this.#own(query));
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

  /** Offers `count` rows from `at` on, ascending by (distance, row); `first` is added to their numbers. */
  offerSorted(
    query: number,
    first: number,
    found: Int32Array,
    far: Float64Array,
    at: number,
    count: number,
  ): void {
    const { rows, distances, depth } = this;
    const start = query * depth;
    const size = this.sizes[query]!;
    const kept = Math.min(depth, size + count);
    let [own, other] = [0, 0];
    const [mergedRows, mergedDistances] = [this.#mergedRows, this.#mergedDistances];
    for (let i = 0; i < kept; i++) {
      const row = first + found[at + other]!;
      const takesOwn =
        other === count ||
        (own < size && comesBefore(distances[start + own]!, rows[start + own]!, far[at + other]!, row));
      mergedRows[i] = takesOwn ? rows[start + own]! : row;
      mergedDistances[i] = takesOwn ? distances[start + own]! : far[at + other]!;
      if (takesOwn) own++;
      else other++;
    }
    if (other === 0) return;
    for (let i = 0; i < kept; i++) {
      rows[start + i] = mergedRows[i]!;
      distances[start + i] = mergedDistances[i]!;
    }
    this.sizes[query] = kept;
  }

  /** Offers everything that another part of the data yielded. */
  merge({ rows, distances, sizes }: Pick<TopLists, 'rows' | 'distances' | 'sizes'>): void {
    for (let query = 0; query < this.queries; query++)
      this.offerSorted(query, 0, rows, distances, query * this.depth, sizes[query]!);
  }
}

function comesBefore(distanceA: number, rowA: number, distanceB: number, rowB: number): boolean {
  return distanceA < distanceB || (distanceA === distanceB && rowA < rowB);
}
