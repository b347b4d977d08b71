import type { Centre } from './centre.js';
import { largestNorm, powerOfTwoScale } from './error-bound.js';
import { inverseNorm, roundedDown, type ScorerInput } from './scorer.js';

/** What rounding a vector to steps left and took. */
interface Rounded {
  /** Length of a step. */
  step: number;
  /** Euclidean norms of what is left, and of the difference to the vector. */
  norm: number;
  error: number;
}

/** How far scores of products of integers can be off, of vectors that were rounded to whole steps. */
export interface Rounding {
  /** What a row, and a query, is multiplied with before it is rounded. */
  rowFactor(row: number): number;
  queryFactor(query: number): number;
  /** After the module has rounded a row. */
  sawRow(): void;
  /** After it has rounded a query; not before all rows. */
  sawQuery(query: number, step: number): void;
  /** As `Scorer` has them. */
  slackOf(query: number): number;
  leastScore(query: number, bound: number): number;
}

export function roundingFor(input: ScorerInput): Rounding {
  const { centre, module } = input;
  return centre === undefined ? new ProductRounding(input) : new DistanceRounding({ centre, module });
}

/** The largest norms of what is left of a vector, and of what rounding took from one. */
class Largest {
  norm = 0;
  error = 0;

  saw(norm: number, error: number): void {
    this.norm = Math.max(this.norm, norm);
    this.error = Math.max(this.error, error);
  }
}

/**
 * Of inner products: |q·x - q̂·x̂| <= |q - q̂| |x| + |q̂| |x - x̂| (Cauchy and Schwarz), with the norms of what was really rounded away. Scores
 * are products of integers times the step of the row, in steps of the query; vectors are in units in which no norm is above 1, as for
 * float32.
 */
class ProductRounding implements Rounding {
  readonly #input: Pick<ScorerInput, 'job' | 'tile' | 'module'>;
  readonly #rowFactor: number;
  readonly #queries = new Map<number, Rounded>();
  readonly #rows = new Largest();

  constructor(input: ScorerInput) {
    this.#input = input;
    this.#rowFactor = powerOfTwoScale(largestNorm(input.tile));
  }

  rowFactor(row: number): number {
    const { job, tile } = this.#input;
    return job.metric === 'cosine' ? inverseNorm(tile, row) : this.#rowFactor;
  }

  queryFactor(query: number): number {
    return inverseNorm(this.#input.job.queries, query);
  }

  sawRow(): void {
    const { module } = this.#input;
    const error = module.lost();
    this.#rows.saw(module.norm() + error, error);
  }

  sawQuery(query: number, step: number): void {
    const { module } = this.#input;
    // A zero vector has the same score with every row, whatever its step.
    this.#queries.set(query, { step: step === 0 ? 1 : step, norm: module.norm(), error: module.lost() });
  }

  /** With what float32 makes of an integer, of the step and of their product. */
  #errorOf({ step, norm, error }: Rounded): number {
    const rows = this.#rows;
    const off = error * rows.norm + norm * rows.error;
    return (off * (1 + 2 ** -30) + 2 ** -40 + (norm * rows.norm + off) * 2 ** -21) / step;
  }

  slackOf(query: number): number {
    return 2 * this.#errorOf(this.#queries.get(query)!);
  }

  leastScore(query: number, bound: number): number {
    const { job } = this.#input;
    const rounded = this.#queries.get(query)!;
    const product =
      job.metric === 'cosine' ? 1 - bound : -bound * this.#rowFactor * inverseNorm(job.queries, query);
    return roundedDown(product / rounded.step - this.#errorOf(rounded));
  }
}

/** What `scan.wasm` has to know of a query's distances, in the order in which it stands there. */
export interface Reach {
  /** |q̂|². */
  square: number;
  /** How far the distances of two rows to q and to q̂ can be off together. */
  apart: number;
  /** How far a score can be off. */
  off: number;
}

/**
 * Of Euclidean distances: |q - x| differs from |q̂ - x̂| by no more than |q - q̂| + |x - x̂|. Scores are q̂·x̂ - |x̂|²/2, which is (|q̂|² -
 * |q̂ - x̂|²) / 2; vectors are less the centre, in units in which no norm is above 1.
 */
export class DistanceRounding implements Rounding {
  readonly #centre: Centre;
  readonly #module: ScorerInput['module'];
  readonly #queries = new Map<number, Reach>();
  readonly #rows = new Largest();

  constructor({ centre, module }: Pick<ScorerInput, 'module'> & { centre: Centre }) {
    this.#centre = centre;
    this.#module = module;
  }

  rowFactor(): number {
    return this.#centre.scale;
  }

  queryFactor(): number {
    return this.#centre.scale;
  }

  sawRow(): void {
    this.#rows.saw(this.#module.norm(), this.#module.lost());
  }

  /** Beside the norms: what float64 takes from them, and float32 from a product, from both steps and from half a square. */
  sawQuery(query: number): void {
    const rows = this.#rows;
    const norm = this.#module.norm();
    const error = this.#module.lost() + rows.error;
    this.#queries.set(query, {
      square: norm ** 2,
      apart: 2 * (error * (1 + 2 ** -30) + (norm + rows.norm) * 2 ** -45 + 2 ** -60),
      off: norm * rows.norm * 2 ** -21 + rows.norm ** 2 * 2 ** -22 + norm ** 2 * 2 ** -36 + 2 ** -60,
    });
  }

  reachOf(query: number): Reach {
    return this.#queries.get(query)!;
  }

  /** The module computes it from the reach. */
  slackOf(): number {
    return 0;
  }

  leastScore(query: number, bound: number): number {
    const { square, apart, off } = this.reachOf(query);
    const far = bound * this.#centre.scale * (1 + 2 ** -30) + apart / 2;
    return roundedDown((square - far ** 2) / 2 - off);
  }
}
