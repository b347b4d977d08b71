import { type Halves, halvesFor } from './halves.js';
import type { ScanTile } from './kernel.js';
import { type Rounding, roundingFor } from './rounding.js';
import type { AskedQueries, Base, Scorer, ScorerInput } from './scorer.js';
import { tileScan } from './tile-scan.js';
import { loadScan } from './wasm-memory.js';

/** Rows that are compared at a time. */
const ROWS = 16;
/** Steps on each side of 0 that 16 bits hold. */
const MOST_STEPS = 2 ** 15 - 1;
const MOST_SUM = 2 ** 31 - 1;

/** So many that a sum of products of `dimensions` of them fits into 32 bits. */
export const stepsFor = (dimensions: number): number =>
  Math.min(MOST_STEPS, Math.floor(Math.sqrt(MOST_SUM / dimensions)));

/** Products of 16-bit integers in our own WebAssembly. Throws what WebAssembly throws where there is no SIMD. */
export function int16Kernel(): ScanTile {
  return tileScan(loadScan(), (input) => new Int16Scorer(input));
}

class Int16Scorer implements Scorer {
  readonly #input: ScorerInput;
  readonly #rounding: Rounding;
  /** Under l2. */
  #halves: Halves | undefined;
  readonly #steps: number;
  readonly slack = { relative: 0, absolute: 0 };
  readonly queryBytes: number;
  /** Address of the step of each row. */
  #stepsAt = 0;

  constructor(input: ScorerInput) {
    const { dimensions } = input.tile;
    this.#input = input;
    this.#rounding = roundingFor(input);
    this.#steps = stepsFor(dimensions);
    this.queryBytes = Math.ceil(dimensions / 2) * 4;
  }

  /** Of each pair of dimensions the components of all 16 rows of a group. The last group is filled up with zeros. */
  pack(rows: Int32Array | undefined): Base {
    const { arena, module, tile, tileAt } = this.#input;
    const { count: all, dimensions } = tile;
    const count = rows?.length ?? all;
    const padded = Math.ceil(count / ROWS) * ROWS;
    const bytes = this.queryBytes;
    const at = arena.take(padded * bytes);
    const some = arena.take(ROWS * bytes);
    this.#stepsAt = arena.take(padded * 4);
    this.#halves = halvesFor(module, arena, this.#rounding, padded);
    const { buffer } = module.memory;
    const steps = new Float32Array(buffer, this.#stepsAt, padded).fill(0);
    const halves = this.#halves?.ofRows(padded);
    const scratch = new Uint8Array(buffer, some, ROWS * bytes);
    for (let first = 0; first < padded; first += ROWS) {
      scratch.fill(0);
      for (let i = first; i < Math.min(first + ROWS, count); i++) {
        const row = rows === undefined ? i : rows[i]!;
        const vector = tileAt + row * dimensions * 4;
        const factor = this.#rounding.rowFactor(row);
        steps[i] = this.#round(vector, factor, some + (i - first) * bytes);
        this.#rounding.sawRow();
        if (halves !== undefined) halves[i] = module.norm() ** 2 / 2;
      }
      module.turnPairs(some, bytes / 4, at + first * bytes);
    }
    return { at, count, rows };
  }

  #round(vector: number, factor: number, into: number): number {
    const { module, centre, tile } = this.#input;
    if (centre === undefined) return module.roundWords(vector, tile.dimensions, factor, into, this.#steps);
    return module.roundCentredWords(vector, tile.dimensions, factor, centre.at, into, this.#steps);
  }

  reserve(queries: number): void {
    this.#halves?.reserve(this.#input.arena, queries);
  }

  copyQuery(at: number, i: number, query: number, vector: number): void {
    const into = at + i * this.queryBytes;
    // What fills up an odd dimension.
    new Uint8Array(this.#input.module.memory.buffer, into + this.queryBytes - 2, 2).fill(0);
    const step = this.#round(vector, this.#rounding.queryFactor(query), into);
    this.#rounding.sawQuery(query, step);
    this.#halves?.query(i, query, step);
  }

  slackOf(query: number): number {
    return this.#rounding.slackOf(query);
  }

  leastScore(query: number, bound: number): number {
    return this.#rounding.leastScore(query, bound);
  }

  score(_: Base, { padded }: AskedQueries): void {
    const { module } = this.#input;
    if (this.#halves === undefined) module.setHalves(0, 0, 0);
    else this.#halves.use();
    module.scanWords(this.#stepsAt, 0, padded);
  }
}
