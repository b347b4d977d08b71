import type { Samples } from '../model/samples.js';
import { emptySamples } from '../store/samples.js';

/** Chance of being kept, as a number of 32 bits: what has less is kept. */
const ALL = 2 ** 32;

/**
 * A random part of the samples of a pass, each with its answer: every one has the same chance, whenever it was taken, and
 * the seed says which they are. When there is no more room, half of those that were kept leave, and of those that come half
 * as many stay from then on.
 */
export class KeptAnswers {
  readonly #seed: number;
  readonly #kept: Samples;
  readonly #chances: Float64Array;
  #length = 0;
  #threshold = ALL;

  constructor(room: number, k: number, seed: number) {
    this.#seed = seed;
    this.#kept = emptySamples(room, k);
    this.#chances = new Float64Array(room);
  }

  /** Takes some of the first `length` samples, the first of which is number `from` of the pass. */
  add(samples: Samples, length: number, from: number): void {
    for (let i = 0; i < length; i++) {
      const chance = chanceOf(this.#seed, from + i);
      if (chance >= this.#threshold) continue;
      while (this.#length === this.#kept.length) this.#halve();
      if (chance >= this.#threshold) continue;
      copy(samples, i, this.#kept, this.#length);
      this.#chances[this.#length++] = chance;
    }
  }

  /** Chance that each sample had of being kept. */
  get share(): number {
    return this.#threshold / ALL;
  }

  /** In the order in which they were taken. */
  samples(): Samples {
    return firstOf(this.#kept, this.#length);
  }

  #halve(): void {
    this.#threshold /= 2;
    let length = 0;
    for (let i = 0; i < this.#length; i++) {
      if (this.#chances[i]! >= this.#threshold) continue;
      copy(this.#kept, i, this.#kept, length);
      this.#chances[length++] = this.#chances[i]!;
    }
    this.#length = length;
  }
}

/** Uniform in 0 .. 2^32-1, the same for the same sample of the same seed (Steele et al., SplitMix, 2014). */
function chanceOf(seed: number, number: number): number {
  let z = (Math.imul(seed, 0x9e3779b9) + Math.imul(number, 0x85ebca6b)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

function copy(from: Samples, i: number, to: Samples, at: number): void {
  const { k } = from;
  to.query[at] = from.query[i]!;
  to.repetition[at] = from.repetition[i]!;
  to.due[at] = from.due[i]!;
  to.sent[at] = from.sent[i]!;
  to.answered[at] = from.answered[i]!;
  to.error[at] = from.error[i]!;
  to.returned[at] = from.returned[i]!;
  for (let j = 0; j < k; j++) {
    to.rows[at * k + j] = from.rows[i * k + j]!;
    to.scores[at * k + j] = from.scores[i * k + j]!;
  }
}

/** The first samples, without a copy. */
export function firstOf(samples: Samples, length: number): Samples {
  const { k } = samples;
  return {
    length,
    k,
    query: samples.query.subarray(0, length),
    repetition: samples.repetition.subarray(0, length),
    due: samples.due.subarray(0, length),
    sent: samples.sent.subarray(0, length),
    answered: samples.answered.subarray(0, length),
    error: samples.error.slice(0, length),
    returned: samples.returned.subarray(0, length),
    rows: samples.rows.subarray(0, length * k),
    scores: samples.scores.subarray(0, length * k),
    distances: samples.distances.subarray(0, length * k),
  };
}
