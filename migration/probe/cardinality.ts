import { hash64 } from './hash.js';

/** How many different values there are, and whether they were counted or estimated. */
export type Cardinality =
  | { how: 'exact'; count: number }
  /** `error`: one standard deviation, relative. */
  | { how: 'estimate'; count: number; error: number };

const LIMIT = 10_000;
const BITS = 12;
const REGISTERS = 1 << BITS;

/**
 * Counts different values: exactly up to 10,000, beyond by HyperLogLog with 4,096 registers (Flajolet et al. 2007,
 * with its correction for small ranges), whose standard error is 1.04/√4096 = 1.6%. Memory is bounded.
 */
export class DistinctValues {
  #exact: Set<string> | undefined = new Set();
  readonly #registers = new Uint8Array(REGISTERS);

  /** @param value its text, by which two are the same or not */
  add(value: string): void {
    if (this.#exact?.has(value) === true) return;
    const [high, low] = hash64(value);
    const register = high >>> (32 - BITS);
    // The rank of the first set bit of the other hash, which has 32.
    const rank = Math.clz32(low) + 1;
    if (rank > this.#registers[register]!) this.#registers[register] = rank;
    if (this.#exact === undefined) return;
    // Long texts are known by their hash: 64 bits do not meet among so few.
    this.#exact.add(value.length > 64 ? `${high}:${low}` : value);
    if (this.#exact.size > LIMIT) this.#exact = undefined;
  }

  result(): Cardinality {
    if (this.#exact !== undefined) return { how: 'exact', count: this.#exact.size };
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const alpha = 0.7213 / (1 + 1.079 / REGISTERS);
    const raw = (alpha * REGISTERS * REGISTERS) / sum;
    const count = raw <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : raw;
    return { how: 'estimate', count: Math.round(count), error: 1.04 / Math.sqrt(REGISTERS) };
  }
}
