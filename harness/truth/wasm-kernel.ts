import { candidateSlack, kernelLimit, rowScale } from './error-bound.js';
import type { ScanTile } from './kernel.js';
import {
  type AskedQueries,
  type Base,
  inverseNorm,
  roundedDown,
  type Scorer,
  type ScorerInput,
} from './scorer.js';
import { tileScan } from './tile-scan.js';
import { loadScan } from './wasm-memory.js';

/** Rows that are compared at a time. */
const ROWS = 16;

/** @throws what WebAssembly throws where there is no SIMD */
export function wasmKernel(): ScanTile {
  return tileScan(loadScan(), (input) => new WasmScorer(input));
}

/** Rows packed in groups of 16, four queries at a time, all in our own WebAssembly. */
class WasmScorer implements Scorer {
  readonly #input: ScorerInput;
  readonly #rowScale: number;
  readonly slack: Scorer['slack'];
  readonly queryBytes: number;

  constructor(input: ScorerInput) {
    const { job, tile } = input;
    this.#input = input;
    this.#rowScale = rowScale(job, tile);
    this.slack = candidateSlack(job.metric, tile.dimensions);
    this.queryBytes = tile.dimensions * 4;
  }

  /** Of each dimension the components of all 16 rows of a group. The last group is filled up with zeros. */
  pack(rows: Int32Array | undefined): Base {
    const { arena, module, tile, tileAt } = this.#input;
    const { count: all, dimensions } = tile;
    const count = rows?.length ?? all;
    const groups = Math.ceil(count / ROWS);
    const at = arena.take(groups * ROWS * dimensions * 4);
    const values = new Float32Array(module.memory.buffer, tileAt, all * dimensions);
    const packed = new Float32Array(module.memory.buffer, at, groups * ROWS * dimensions);
    for (let group = 0; group < groups; group++) {
      const into = group * ROWS * dimensions;
      for (let lane = 0; lane < ROWS; lane++) {
        const i = group * ROWS + lane;
        const row = rows === undefined ? i : rows[i]!;
        const factor = i >= count ? 0 : this.#factorOf(row);
        const from = i >= count ? 0 : row * dimensions;
        for (let d = 0; d < dimensions; d++) packed[into + d * ROWS + lane] = values[from + d]! * factor;
      }
    }
    return { at, count, rows };
  }

  #factorOf(row: number): number {
    const { job, tile } = this.#input;
    return job.metric === 'cosine' ? inverseNorm(tile, row) : this.#rowScale;
  }

  reserve(): void {
    // Nothing beside.
  }

  copyQuery(at: number, i: number, query: number): void {
    const { job, module } = this.#input;
    const { values, dimensions } = job.queries;
    const factor = job.metric === 'l2' ? this.#rowScale : inverseNorm(job.queries, query);
    const into = new Float32Array(module.memory.buffer, at + i * this.queryBytes, dimensions);
    const from = query * dimensions;
    for (let d = 0; d < dimensions; d++) into[d] = values[from + d]! * factor;
  }

  leastScore(query: number, bound: number): number {
    const { job, tile } = this.#input;
    const { metric, queries } = job;
    const scale =
      metric === 'cosine'
        ? 1
        : metric === 'l2'
          ? this.#rowScale
          : this.#rowScale * inverseNorm(queries, query);
    const limit = kernelLimit(metric, bound, scale, tile.dimensions);
    return roundedDown(metric === 'l2' ? -limit : 1 - limit);
  }

  score(_: Base, { padded }: AskedQueries): void {
    const { module, job } = this.#input;
    if (job.metric === 'l2') module.scanDistances(0, padded);
    else module.scanProducts(0, padded);
  }
}
