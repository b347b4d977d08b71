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

/**
 * How far products of vectors that were rounded to whole steps can be from q·x: |q·x - q̂·x̂| <= |q - q̂| |x| + |q̂| |x - x̂| (Cauchy and
 * Schwarz), with the norms of what was really rounded away. Scores are products of integers times the step of the row, in steps of
 * the query; vectors are in units in which no norm is above 1, as for float32. Not for l2.
 */
export class Rounding {
  readonly #input: Pick<ScorerInput, 'job' | 'tile' | 'module'>;
  readonly #rowFactor: number;
  readonly #queries = new Map<number, Rounded>();
  /** The largest norms of rows, and of what rounding took from one. */
  #norm = 0;
  #error = 0;

  constructor(input: ScorerInput) {
    this.#input = input;
    this.#rowFactor = powerOfTwoScale(largestNorm(input.tile));
  }

  /** What a row is multiplied with before it is rounded. */
  rowFactor(row: number): number {
    const { job, tile } = this.#input;
    return job.metric === 'cosine' ? inverseNorm(tile, row) : this.#rowFactor;
  }

  /** After the module has rounded a row. */
  sawRow(): void {
    const { module } = this.#input;
    const error = module.lost();
    this.#norm = Math.max(this.#norm, module.norm() + error);
    this.#error = Math.max(this.#error, error);
  }

  /** After it has rounded a query. */
  sawQuery(query: number, step: number): void {
    const { module } = this.#input;
    // A zero vector has the same score with every row, whatever its step.
    this.#queries.set(query, { step: step === 0 ? 1 : step, norm: module.norm(), error: module.lost() });
  }

  /** How far a score can be off, with what float32 makes of an integer, of the step and of their product. */
  #errorOf({ step, norm, error }: Rounded): number {
    const off = error * this.#norm + norm * this.#error;
    return (off * (1 + 2 ** -30) + 2 ** -40 + (norm * this.#norm + off) * 2 ** -21) / step;
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
