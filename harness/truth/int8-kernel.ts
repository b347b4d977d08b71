import { ROWS_A_PRODUCT } from './gemm-kernel.js';
import { type Halves, halvesFor } from './halves.js';
import type { ScanTile } from './kernel.js';
import { integerModel } from './onnx-model.js';
import { loadOnnxRuntime, type OnnxRuntime, openSession, type Session } from './onnx-runtime.js';
import { type Rounding, roundingFor } from './rounding.js';
import {
  type AskedQueries,
  type Base,
  FIRST_ROWS,
  LATER_ROWS,
  type Scorer,
  type ScorerInput,
  wideRoom,
} from './scorer.js';
import { tileScan } from './tile-scan.js';
import { loadScan } from './wasm-memory.js';

/** Steps on each side of 0. */
const STEPS = 127;
/** In place of 0 in unsigned numbers. */
const ZERO = 128;
/** By dimensions: scores stay in the cache beside the vectors, and a call costs some 30 µs. */
const queriesAProduct = (dimensions: number): number => (dimensions < 256 ? 256 : 512);
/** Rows that are turned, and scores that are looked at, together. */
const ROWS = 16;
const upTo = (rows: number): number => Math.ceil(rows / ROWS) * ROWS;

/**
 * Products of 8-bit integers by onnxruntime's MatMulInteger. Throws what loading the package throws, and where the processor's
 * instructions for them are not exact (without VNNI, sums of two products are cut off at 16 bits).
 */
export async function int8Kernel(): Promise<ScanTile> {
  const runtime = await loadOnnxRuntime();
  const session = await openSession(runtime, integerModel());
  await requireExact(runtime, session);
  return tileScan(loadScan(), (input) => new Int8Scorer(input, runtime, session));
}

async function requireExact({ Tensor }: OnnxRuntime, session: Session): Promise<void> {
  const [m, k, n] = [8, 64, 32];
  const result = new Int32Array(m * n);
  const feeds = {
    a: new Tensor('uint8', new Uint8Array(m * k).fill(ZERO + STEPS), [m, k]),
    b: new Tensor('int8', new Int8Array(k * n).fill(STEPS), [k, n]),
    zero: new Tensor('uint8', Uint8Array.of(ZERO), []),
  };
  await session.run(feeds, { y: new Tensor('int32', result, [m, n]) });
  if (result.some((sum) => sum !== k * STEPS * STEPS))
    throw new Error('products of 8-bit integers are not exact on this processor');
}

/** Scores are made of products of integers, as its rounding says. */
class Int8Scorer implements Scorer {
  readonly #input: ScorerInput;
  readonly #runtime: OnnxRuntime;
  readonly #session: Session;
  readonly #rounding: Rounding;
  /** Under l2. */
  #halves: Halves | undefined;
  readonly slack = { relative: 0, absolute: 0 };
  readonly queryBytes: number;
  /** Queries a product. */
  readonly #block: number;
  /** Addresses: the step of each row, and the scores of a product. */
  #steps = 0;
  #scores = 0;

  constructor(input: ScorerInput, runtime: OnnxRuntime, session: Session) {
    this.#input = input;
    this.#runtime = runtime;
    this.#session = session;
    this.#rounding = roundingFor(input);
    this.queryBytes = input.tile.dimensions;
    this.#block = queriesAProduct(input.tile.dimensions);
  }

  /** Many more than are wanted cannot be told from them. */
  room(depth: number): number {
    return wideRoom(depth);
  }

  /** In blocks of rows, and in each of them by dimension. The last block is filled up with zeros. */
  pack(rows: Int32Array | undefined): Base {
    const { arena, module, tile, tileAt } = this.#input;
    const { count: all, dimensions } = tile;
    const count = rows?.length ?? all;
    const width = Math.ceil(dimensions / ROWS) * ROWS;
    // What `turn` writes beyond the last dimension of a block is written over by the next.
    const at = arena.take(upTo(count) * dimensions + ROWS * ROWS_A_PRODUCT);
    const some = arena.take(ROWS * width);
    this.#steps = arena.take(upTo(count) * 4);
    this.#halves = halvesFor(module, arena, this.#rounding, upTo(count));
    const { buffer } = module.memory;
    const steps = new Float32Array(buffer, this.#steps, upTo(count)).fill(0);
    const halves = this.#halves?.ofRows(upTo(count));
    for (let first = 0; first < count; first += ROWS) {
      new Uint8Array(buffer, some, ROWS * width).fill(0);
      for (let i = first; i < Math.min(first + ROWS, count); i++) {
        const row = rows === undefined ? i : rows[i]!;
        const vector = tileAt + row * dimensions * 4;
        const into = some + (i - first) * width;
        steps[i] = this.#round(vector, this.#rounding.rowFactor(row), into, 0);
        this.#rounding.sawRow();
        if (halves !== undefined) halves[i] = module.norm() ** 2 / 2;
      }
      const block = first - (first % ROWS_A_PRODUCT);
      const columns = Math.min(ROWS_A_PRODUCT, upTo(count) - block);
      module.turn(some, width, width, at + block * dimensions + (first - block), columns);
    }
    return { at, count, rows };
  }

  #round(vector: number, factor: number, into: number, zero: number): number {
    const { module, centre, tile } = this.#input;
    if (centre === undefined) return module.roundVector(vector, tile.dimensions, factor, into, zero);
    return module.roundCentred(vector, tile.dimensions, factor, centre.at, into, zero);
  }

  reserve(queries: number): void {
    const { arena } = this.#input;
    this.#halves?.reserve(arena, queries);
    this.#scores = arena.take(Math.min(this.#block, queries) * ROWS_A_PRODUCT * 4 + 64);
  }

  copyQuery(at: number, i: number, query: number, vector: number): void {
    const into = at + i * this.queryBytes;
    const step = this.#round(vector, this.#rounding.queryFactor(query), into, ZERO);
    this.#rounding.sawQuery(query, step);
    this.#halves?.query(i, query, step);
  }

  slackOf(query: number): number {
    return this.#rounding.slackOf(query);
  }

  leastScore(query: number, bound: number): number {
    return this.#rounding.leastScore(query, bound);
  }

  async score({ at, count }: Base, queries: AskedQueries): Promise<void> {
    const { module, tile } = this.#input;
    const { dimensions } = tile;
    const { buffer } = module.memory;
    const { Tensor } = this.#runtime;
    const zero = new Tensor('uint8', Uint8Array.of(ZERO), []);
    if (this.#halves === undefined) module.setHalves(0, 0, 0);
    else this.#halves.use();
    const blocks = [];
    for (let from = 0; from < queries.padded; from += this.#block) {
      const m = Math.min(this.#block, queries.padded - from);
      const vectors = new Uint8Array(buffer, queries.at + from * dimensions, m * dimensions);
      blocks.push({ from, m, a: new Tensor('uint8', vectors, [m, dimensions]) });
    }
    for (let first = 0; first < count; first += ROWS_A_PRODUCT) {
      const n = Math.min(ROWS_A_PRODUCT, count - first);
      const columns = upTo(n);
      const rows = new Int8Array(buffer, at + first * dimensions, columns * dimensions);
      const b = new Tensor('int8', rows, [dimensions, columns]);
      for (const { from, m, a } of blocks) {
        const y = new Tensor('int32', new Int32Array(buffer, this.#scores, m * columns), [m, columns]);
        await this.#session.run({ a, b, zero }, { y });
        const steps = this.#steps + first * 4;
        if (first === 0 && n === FIRST_ROWS)
          module.guessThresholds(this.#scores, n, steps, from, from + m, n);
        module.scanIntegers(this.#scores, columns, steps, from, from + m, first, n);
        if (first + n === LATER_ROWS) module.guessAgain(from, from + m);
      }
    }
  }
}
