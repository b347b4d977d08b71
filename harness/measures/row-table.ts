/**
 * A map from row number to a small integer that is emptied in constant time: the inner loop of every recall, where a
 * `Map` per query would cost more than the counting itself. Open addressing, at most half full.
 */
export class RowTable {
  readonly #mask: number;
  readonly #rows: Int32Array;
  readonly #values: Int32Array;
  readonly #stamps: Uint32Array;
  #stamp = 1;

  /** @param capacity largest number of rows held at once */
  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(4, 2 * capacity)));
    this.#mask = size - 1;
    this.#rows = new Int32Array(size);
    this.#values = new Int32Array(size);
    this.#stamps = new Uint32Array(size);
  }

  clear(): void {
    this.#stamp++;
    if (this.#stamp < 0xffffffff) return;
    this.#stamps.fill(0);
    this.#stamp = 1;
  }

  /** Adds the row unless it is there. Returns whether it was added. */
  add(row: number, value: number): boolean {
    const slot = this.#slot(row);
    if (this.#stamps[slot] === this.#stamp) return false;
    this.#stamps[slot] = this.#stamp;
    this.#rows[slot] = row;
    this.#values[slot] = value;
    return true;
  }

  /** The row's value, -1 if it is not there. */
  get(row: number): number {
    const slot = this.#slot(row);
    return this.#stamps[slot] === this.#stamp ? this.#values[slot]! : -1;
  }

  /** Slot that holds the row, or the free one where it would go. */
  #slot(row: number): number {
    let slot = (Math.imul(row, 0x9e3779b1) >>> 7) & this.#mask;
    while (this.#stamps[slot] === this.#stamp && this.#rows[slot] !== row) slot = (slot + 1) & this.#mask;
    return slot;
  }
}
