import { candidateSlack, halfSquareError, kernelLimit, rowScale } from './error-bound.js';
import type { ScanTile } from './kernel.js';
import { gemmModel } from './onnx-model.js';
import { loadOnnxRuntime, type OnnxRuntime, openSession, type Session } from './onnx-runtime.js';
import {
  type AskedQueries,
  type Base,
  FIRST_ROWS,
  inverseNorm,
  LATER_ROWS,
  QUERIES,
  roundedDown,
  type Scorer,
  type ScorerInput,
} from './scorer.js';
import { tileScan } from './tile-scan.js';
import { loadScan } from './wasm-memory.js';

/** Rows a product: their vectors and scores stay in the cache. */
export const ROWS_A_PRODUCT = FIRST_ROWS;
/** Multiplications and additions of a product, at least: a call costs some 30 µs. */
const WORTH = 2e8;

/** Products of matrices by onnxruntime's Gemm. Throws what loading the package throws. */
export async function gemmKernel(): Promise<ScanTile> {
  const runtime = await loadOnnxRuntime();
  const products = await openSession(runtime, gemmModel(false));
  const distances = await openSession(runtime, gemmModel(true));
  return tileScan(loadScan(), (input) => {
    const session = input.job.metric === 'l2' ? distances : products;
    return new GemmScorer(input, runtime, session);
  });
}

/**
 * Scores are inner products q·x; under l2 q·x - |x|²/2, which orders rows as their distances do, of vectors from which the tile's
 * centre was taken: of rows far from the origin, float32 would else see no difference.
 */
class GemmScorer implements Scorer {
  readonly #input: ScorerInput;
  readonly #runtime: OnnxRuntime;
  readonly #session: Session;
  readonly #scale: number;
  readonly slack: Scorer['slack'];
  readonly queryBytes: number;
  /** Queries a product. */
  readonly #block: number;
  /** Address of the centre; 0: none is taken. */
  readonly #centreAt: number;
  /** Addresses: -|x|²/2 by row; and the scores of a product. */
  #halves = 0;
  #scores = 0;

  constructor(input: ScorerInput, runtime: OnnxRuntime, session: Session) {
    const { job, tile } = input;
    const { dimensions } = tile;
    this.#input = input;
    this.#runtime = runtime;
    this.#session = session;
    this.queryBytes = dimensions * 4;
    this.#block = Math.min(
      1024,
      Math.max(256, Math.ceil(WORTH / (2 * ROWS_A_PRODUCT * dimensions) / QUERIES) * QUERIES),
    );
    this.#centreAt = input.centre?.at ?? 0;
    this.#scale = input.centre?.scale ?? rowScale(job, tile);
    this.slack =
      input.centre === undefined
        ? candidateSlack(job.metric, dimensions)
        : { relative: 0, absolute: 2 * halfSquareError(dimensions) };
  }

  /** Row-major. */
  pack(rows: Int32Array | undefined): Base {
    const { arena, module, tile, tileAt, job } = this.#input;
    const { count: all, dimensions } = tile;
    const count = rows?.length ?? all;
    const bytes = dimensions * 4;
    const at = arena.take(count * bytes);
    for (let i = 0; i < count; i++) {
      const row = rows === undefined ? i : rows[i]!;
      const factor = job.metric === 'cosine' ? inverseNorm(tile, row) : this.#scale;
      module.scaleVector(tileAt + row * bytes, dimensions, factor, this.#centreAt, at + i * bytes);
    }
    if (this.#input.centre !== undefined) this.#halve(at, count);
    return { at, count, rows };
  }

  #halve(at: number, count: number): void {
    const { arena, module, tile } = this.#input;
    this.#halves = arena.take(count * 4);
    const norms = arena.take(count * 8);
    module.squaredNorms(at, tile.dimensions, count, norms);
    const { buffer } = module.memory;
    const halves = new Float32Array(buffer, this.#halves, count);
    const squares = new Float64Array(buffer, norms, count);
    for (let i = 0; i < count; i++) halves[i] = -squares[i]! / 2;
  }

  reserve(queries: number): void {
    // 16 scores are read at a time, which may be beyond the last.
    this.#scores = this.#input.arena.take(Math.min(this.#block, queries) * ROWS_A_PRODUCT * 4 + 64);
  }

  copyQuery(at: number, i: number, query: number, vector: number): void {
    const { job, module } = this.#input;
    const factor = job.metric === 'l2' ? this.#scale : inverseNorm(job.queries, query);
    module.scaleVector(vector, job.queries.dimensions, factor, this.#centreAt, at + i * this.queryBytes);
  }

  leastScore(query: number, bound: number): number {
    const { centre, job } = this.#input;
    const { metric, queries } = job;
    const { dimensions } = queries;
    if (centre !== undefined) {
      const square = centre.squareOf(queries, query) - bound ** 2;
      return roundedDown((square * this.#scale ** 2) / 2 - halfSquareError(dimensions));
    }
    const scale = metric === 'cosine' ? 1 : this.#scale * inverseNorm(queries, query);
    return roundedDown(1 - kernelLimit(metric, bound, scale, dimensions));
  }

  async score({ at, count }: Base, queries: AskedQueries): Promise<void> {
    const { module, tile } = this.#input;
    const { dimensions } = tile;
    const { buffer } = module.memory;
    const { Tensor } = this.#runtime;
    const floats = (from: number, dims: readonly number[]): unknown =>
      new Tensor(
        'float32',
        new Float32Array(
          buffer,
          from,
          dims.reduce((a, b) => a * b, 1),
        ),
        dims,
      );
    const blocks = [];
    for (let from = 0; from < queries.padded; from += this.#block) {
      const m = Math.min(this.#block, queries.padded - from);
      blocks.push({ from, m, a: floats(queries.at + from * this.queryBytes, [m, dimensions]) });
    }
    for (let first = 0; first < count; first += ROWS_A_PRODUCT) {
      const n = Math.min(ROWS_A_PRODUCT, count - first);
      const b = floats(at + first * dimensions * 4, [n, dimensions]);
      const c = this.#input.centre === undefined ? {} : { c: floats(this.#halves + first * 4, [n]) };
      for (const { from, m, a } of blocks) {
        await this.#session.run({ a, b, ...c }, { y: floats(this.#scores, [m, n]) });
        if (first === 0 && n === FIRST_ROWS) module.guessThresholds(this.#scores, n, 0, from, from + m, n);
        module.scanScores(this.#scores, n, from, from + m, first, n);
        if (first + n === LATER_ROWS) module.guessAgain(from, from + m);
      }
    }
  }
}
