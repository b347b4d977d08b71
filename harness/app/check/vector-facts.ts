import { HashTable64, hashOfVector } from '../../../datasets/hash-table.js';
import { quantile } from '../../measures/quantile.js';
import type { VectorFacts } from './types.js';

/** Norms of which the median is taken. */
const SAMPLE = 20_000;
const UNIT = 1e-3;

/** Counts what is to be known of vectors, batch by batch. */
export class VectorCounter {
  #count = 0;
  #nonFinite = 0;
  #zero = 0;
  #unit = 0;
  #duplicates = 0;
  #least = Number.POSITIVE_INFINITY;
  #greatest = 0;
  readonly #norms: number[] = [];
  readonly #step: number;
  readonly #dimensions: number;
  readonly #compared: number;
  /** Of the vectors that were compared. */
  readonly hashes: HashTable64;

  /** @param compared vectors among which equal ones are looked for: the first so many */
  constructor(count: number, dimensions: number, compared: number) {
    this.#dimensions = dimensions;
    this.#compared = Math.min(count, compared);
    this.#step = Math.max(1, Math.floor(count / SAMPLE));
    this.hashes = new HashTable64(this.#compared);
  }

  add(vectors: Float32Array, count: number): void {
    const dimensions = this.#dimensions;
    const bits = new Uint32Array(vectors.buffer, vectors.byteOffset, count * dimensions);
    for (let i = 0; i < count; i++) {
      if (this.#count < this.#compared && this.hashes.add(hashOfVector(bits, i * dimensions, dimensions)))
        this.#duplicates++;
      let sum = 0;
      for (let at = i * dimensions; at < (i + 1) * dimensions; at++) sum += vectors[at]! ** 2;
      if (Number.isFinite(sum)) this.#addNorm(Math.sqrt(sum));
      else this.#nonFinite++;
      this.#count++;
    }
  }

  #addNorm(norm: number): void {
    if (norm === 0) this.#zero++;
    if (Math.abs(norm - 1) <= UNIT) this.#unit++;
    this.#least = Math.min(this.#least, norm);
    this.#greatest = Math.max(this.#greatest, norm);
    if (this.#count % this.#step === 0) this.#norms.push(norm);
  }

  facts(): VectorFacts {
    const finite = this.#count - this.#nonFinite;
    const median = quantile(
      this.#norms.sort((a, b) => a - b),
      0.5,
    );
    return {
      count: this.#count,
      nonFinite: this.#nonFinite,
      zero: this.#zero,
      norms: median === undefined ? null : { least: this.#least, median, greatest: this.#greatest },
      unit: finite === 0 ? null : this.#unit / finite,
      duplicates: this.#duplicates,
    };
  }
}
