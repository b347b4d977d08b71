import { hash64 } from './hash.js';

/**
 * A seeded sample of `size` of any number of items, the same whatever their order: those with the smallest hashes of
 * their keys (bottom-k sampling). Memory is bounded by twice the size.
 */
export class Sample<T> {
  readonly #size: number;
  readonly #seed: number;
  #kept: { rank: number; item: T }[] = [];
  /** Ranks from here on are not among the smallest. */
  #limit = Number.POSITIVE_INFINITY;

  constructor(size: number, seed: number) {
    this.#size = size;
    this.#seed = seed;
  }

  /** @param item made only if it may be kept */
  add(key: string, item: () => T): void {
    if (this.#size === 0) return;
    const [high, low] = hash64(key, this.#seed);
    const rank = high * 2 ** 20 + (low >>> 12);
    if (rank >= this.#limit) return;
    this.#kept.push({ rank, item: item() });
    if (this.#kept.length >= this.#size * 2) this.#shrink();
  }

  #shrink(): void {
    this.#kept.sort((a, b) => a.rank - b.rank);
    this.#kept.length = Math.min(this.#kept.length, this.#size);
    if (this.#kept.length === this.#size) this.#limit = this.#kept.at(-1)!.rank;
  }

  items(): T[] {
    this.#shrink();
    return this.#kept.map(({ item }) => item);
  }
}
