import { meanOf } from './centre.js';
import { type KernelMetric, kernelLimit, kernelMetric, rowScale } from './error-bound.js';
import type { ScanJob } from './kernel.js';
import { inverseNorm } from './scorer.js';
import type { Tile, Vectors } from './tile.js';
import { Arena, loadModule, type ModuleMemory } from './wasm-memory.js';

/** Vectors as usearch is to compare them, and how far its distances can be off. */
export interface Look {
  /** All rows of the tile. */
  readonly vectors: Float32Array | Int8Array;
  readonly kind: KernelMetric;
  queries(asked: readonly number[]): Float32Array | Int8Array;
  /** Largest distance of usearch's that a row can have that is not farther than `bound`. */
  limitOf(query: number, bound: number): number;
  /** Rows that are asked for where one is wanted: of rough distances more cannot be told from the nearest. */
  readonly more: number;
}

/** As they are, but for factors. */
export class FloatLook implements Look {
  readonly more = 1;
  readonly vectors: Float32Array;
  readonly kind: KernelMetric;
  readonly #job: ScanJob;
  readonly #scale: number;

  constructor(job: ScanJob, tile: Tile) {
    const { metric } = job;
    this.#job = job;
    this.#scale = rowScale(job, tile);
    this.kind = kernelMetric(metric);
    this.vectors = new Float32Array(tile.count * tile.dimensions);
    for (let row = 0; row < tile.count; row++)
      scaleInto(this.vectors, row, tile, row, metric === 'cosine' ? inverseNorm(tile, row) : this.#scale);
  }

  queries(asked: readonly number[]): Float32Array {
    const { metric, queries } = this.#job;
    const block = new Float32Array(asked.length * queries.dimensions);
    for (const [i, query] of asked.entries())
      scaleInto(block, i, queries, query, metric === 'l2' ? this.#scale : inverseNorm(queries, query));
    return block;
  }

  /** A zero query has the same dot product with everything: nothing can be left out. */
  limitOf(query: number, bound: number): number {
    const { metric, queries } = this.#job;
    const scale =
      metric === 'cosine' ? 1 : metric === 'l2' ? this.#scale : this.#scale * inverseNorm(queries, query);
    return kernelLimit(metric, bound, scale, queries.dimensions);
  }
}

function scaleInto(into: Float32Array, at: number, from: Vectors, vector: number, factor: number): void {
  const { values, dimensions } = from;
  const [start, target] = [vector * dimensions, at * dimensions];
  for (let i = 0; i < dimensions; i++) into[target + i] = values[start + i]! * factor;
}

/** What harness/truth/wasm/steps.as.ts exports. */
interface StepsModule extends ModuleMemory {
  largest(vectors: number, count: number, width: number, centre: number, factors: number): number;
  round(
    vectors: number,
    count: number,
    width: number,
    centre: number,
    factors: number,
    factor: number,
    into: number,
  ): void;
}

export const loadSteps = (): StepsModule => loadModule('steps') as StepsModule;

/** Steps on each side of 0, less what float32 may add to a number. */
const STEPS = 127 * (1 - 2 ** -20);
/** How far a component can be from its number of steps: half a step, and what float32 makes of 127 of them. */
const OFF = 0.5 + 2 ** -13;
/** Sizes in float32 that factors do not take out of its range. */
const USUAL = { least: 2 ** -60, most: 2 ** 60 };
/** Sums of squares fit into 32 bits. */
const MOST_DIMENSIONS = 2 ** 14;
/** Vectors that are in the module's memory at a time, in components. */
const PIECE = 2 ** 18;
/** Rows that a centre is the mean of. */
const SOME = 256;

const isUsual = (size: number): boolean => size >= USUAL.least && size <= USUAL.most;

/**
 * Rounded to 8 bits with one step for all, for cosine after they were normalised, under l2 after a centre was taken from them. Euclidean
 * distances of what is left are whole numbers, which usearch computes exactly, and off by no more than √n / 2 steps for each of the two
 * vectors.
 */
export class StepsLook implements Look {
  readonly kind = 'l2sq';
  readonly more = 4;
  readonly vectors: Int8Array;
  readonly #job: ScanJob;
  readonly #module: StepsModule;
  readonly #centre: Float32Array | undefined;
  readonly #factor: number;
  readonly #off: number;

  private constructor(
    module: StepsModule,
    job: ScanJob,
    tile: Tile,
    centre: Float32Array | undefined,
    factor: number,
  ) {
    this.#module = module;
    this.#job = job;
    this.#centre = centre;
    this.#factor = factor;
    this.#off = 2 * Math.sqrt(tile.dimensions) * OFF;
    this.vectors = this.#round(tile);
  }

  /** Undefined where these vectors are too large or too small for it. */
  static of(module: StepsModule, job: ScanJob, tile: Tile): StepsLook | undefined {
    if (tile.dimensions > MOST_DIMENSIONS) return undefined;
    const centre = job.metric === 'l2' ? Float32Array.from(meanOf(tile, SOME)) : undefined;
    let largest = 0;
    for (const vectors of [tile, job.queries]) {
      const factors = factorsOf(job, vectors);
      // A zero vector stays one.
      if (factors?.some((factor) => factor !== 0 && !isUsual(factor)) === true) return undefined;
      inPieces(module, vectors, centre, factors, (at, count, centreAt, factorsAt) => {
        largest = Math.max(largest, module.largest(at, count, vectors.dimensions, centreAt, factorsAt));
      });
    }
    if (largest !== 0 && !isUsual(largest)) return undefined;
    return new StepsLook(module, job, tile, centre, largest === 0 ? 1 : Math.fround(STEPS / largest));
  }

  #round(vectors: Vectors): Int8Array {
    const { dimensions } = vectors;
    const module = this.#module;
    const rounded = new Int8Array(vectors.count * dimensions);
    let done = 0;
    const factors = factorsOf(this.#job, vectors);
    inPieces(module, vectors, this.#centre, factors, (at, count, centreAt, factorsAt, into) => {
      module.round(at, count, dimensions, centreAt, factorsAt, this.#factor, into);
      rounded.set(new Int8Array(module.memory.buffer, into, count * dimensions), done);
      done += count * dimensions;
    });
    return rounded;
  }

  queries(asked: readonly number[]): Int8Array {
    const { values, squaredNorms, dimensions } = this.#job.queries;
    const block = new Float32Array(asked.length * dimensions);
    for (const [i, query] of asked.entries())
      block.set(values.subarray(query * dimensions, (query + 1) * dimensions), i * dimensions);
    const norms = Float64Array.from(asked, (query) => squaredNorms[query]!);
    return this.#round({ values: block, count: asked.length, dimensions, squaredNorms: norms });
  }

  /** |a - b|² is twice the cosine distance of normalised vectors, which float64 may have rounded. */
  limitOf(_: number, bound: number): number {
    if (bound === Number.POSITIVE_INFINITY) return bound;
    const far = this.#job.metric === 'l2' ? bound : Math.sqrt(2 * Math.max(0, bound) + 2 ** -28);
    return (far * this.#factor * (1 + 2 ** -20) + this.#off) ** 2 * (1 + 2 ** -20);
  }
}

/** By which vectors are normalised. */
function factorsOf({ metric }: ScanJob, vectors: Vectors): Float32Array | undefined {
  if (metric === 'l2') return undefined;
  return Float32Array.from({ length: vectors.count }, (_, i) => inverseNorm(vectors, i));
}

type Piece = (at: number, count: number, centre: number, factors: number, into: number) => void;

/** Vectors in the module's memory, as many as stay in the cache, with the addresses of what belongs to them. */
function inPieces(
  module: StepsModule,
  { values, count, dimensions }: Vectors,
  centre: Float32Array | undefined,
  factors: Float32Array | undefined,
  each: Piece,
): void {
  const step = Math.min(count, Math.max(1, Math.floor(PIECE / dimensions)));
  const arena = new Arena(module);
  const [at, centreAt] = [arena.take(step * dimensions * 4), arena.take(dimensions * 4)];
  const [factorsAt, into] = [arena.take(step * 4), arena.take(step * dimensions)];
  const floats = (from: number, length: number) => new Float32Array(module.memory.buffer, from, length);
  if (centre !== undefined) floats(centreAt, dimensions).set(centre);
  for (let first = 0; first < count; first += step) {
    const some = Math.min(step, count - first);
    floats(at, some * dimensions).set(values.subarray(first * dimensions, (first + some) * dimensions));
    if (factors !== undefined) floats(factorsAt, some).set(factors.subarray(first, first + some));
    each(at, some, centre === undefined ? 0 : centreAt, factors === undefined ? 0 : factorsAt, into);
  }
}
