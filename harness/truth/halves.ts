import { DistanceRounding, type Rounding } from './rounding.js';
import type { Arena, ScanModule } from './wasm-memory.js';

/** Float64 numbers a query in the module's memory. */
const REACH = 4;

/** What the module needs beside products of integers to tell distances under l2: of rows and queries, each written after it was rounded. */
export class Halves {
  readonly #module: ScanModule;
  readonly #rounding: DistanceRounding;
  /** Addresses. */
  readonly #halves: number;
  #scales = 0;
  #reaches = 0;

  /** @param rows as many as the kernel pads them to */
  constructor(module: ScanModule, arena: Arena, rounding: DistanceRounding, rows: number) {
    this.#module = module;
    this.#rounding = rounding;
    this.#halves = arena.take(rows * 4);
    new Float32Array(module.memory.buffer, this.#halves, rows).fill(0);
  }

  reserve(arena: Arena, queries: number): void {
    this.#scales = arena.take(queries * 4);
    this.#reaches = arena.take(queries * REACH * 8);
  }

  /** By row; void when the memory has grown. */
  ofRows(rows: number): Float32Array {
    return new Float32Array(this.#module.memory.buffer, this.#halves, rows);
  }

  query(i: number, query: number, step: number): void {
    const { buffer } = this.#module.memory;
    new Float32Array(buffer, this.#scales + i * 4, 1)[0] = step;
    const { square, apart, off } = this.#rounding.reachOf(query);
    new Float64Array(buffer, this.#reaches + i * REACH * 8, REACH).set([square, apart, off]);
  }

  use(): void {
    this.#module.setHalves(this.#halves, this.#scales, this.#reaches);
  }
}

/** Absent for what is no distance. */
export function halvesFor(
  module: ScanModule,
  arena: Arena,
  rounding: Rounding,
  rows: number,
): Halves | undefined {
  return rounding instanceof DistanceRounding ? new Halves(module, arena, rounding, rows) : undefined;
}
