import type { Centre } from './centre.js';
import type { ScanJob } from './kernel.js';
import type { Tile } from './tile.js';
import type { Arena, ScanModule } from './wasm-memory.js';

/** Rows of a tile where they can be compared: all of them, or some. */
export interface Base {
  /** Address of their vectors, in the scorer's own layout. */
  at: number;
  count: number;
  /** Their row numbers within the tile; undefined: all, in order. */
  rows: Int32Array | undefined;
}

/** Queries at a time, in the scorer's own layout. */
export interface AskedQueries {
  /** Address of their vectors. */
  at: number;
  /** Those that are asked; up to `padded`, a multiple of `QUERIES`, anything may stand behind them. */
  count: number;
  padded: number;
}

/** Queries are compared in multiples of so many. */
export const QUERIES = 4;

/** Rows whose scores a guess is made from; `guessThresholds` wants a multiple of 128. */
export const FIRST_ROWS = 1024;

/** Rows after which it is made again, from the candidates so far: a multiple of `FIRST_ROWS`. */
export const LATER_ROWS = 6 * FIRST_ROWS;

/** Room for candidates where many cannot be told apart; `memory-plan.ts` counts on it. */
export const wideRoom = (depth: number): number => 8 * depth + 512;

/** How a scorer is given the tile that it works on. */
export interface ScorerInput {
  module: ScanModule;
  arena: Arena;
  job: ScanJob;
  tile: Tile;
  /** Address of the tile's vectors as they are. */
  tileAt: number;
  /** Under l2. */
  centre: Centre | undefined;
}

/**
 * Compares queries with the rows of one tile. Scores are larger for nearer rows, in units of its own, and it knows how far they can be
 * off: what it has `select` leave out is proven to be none of the nearest.
 */
export interface Scorer {
  /** Of two scores of one query: where `kept` is the k-th best, a row below kept · (1 + relative) - absolute is none of the k nearest. */
  readonly slack: { relative: number; absolute: number };
  /** What the slack of a query is beyond that; absent: nothing. Only after it was copied. */
  slackOf?(query: number): number;
  /** What a row must score at least that is not farther than `bound`, a finite float64 distance; rounded down. */
  leastScore(query: number, bound: number): number;
  pack(rows: Int32Array | undefined): Base;
  /** Bytes of one query in its layout. */
  readonly queryBytes: number;
  /** Candidates of a query that there is room for, where that is more than usual. */
  room?(depth: number): number;
  /** Memory that `score` needs beside; after `pack`, before the first `score`. */
  reserve(queries: number): void;
  /** Writes the query's vector, which stands at the address `vector` as it is, as the `i`-th at `at`. */
  copyQuery(at: number, i: number, query: number, vector: number): void;
  /** Has the module take the candidates of these queries; after `FIRST_ROWS` and `LATER_ROWS` it may have it guess thresholds. */
  score(base: Base, queries: AskedQueries): void | Promise<void>;
}

export type MakeScorer = (input: ScorerInput) => Scorer;

/** 0 for a zero vector, which stays one: its cosine distance is then 1, as defined. */
export function inverseNorm({ squaredNorms }: Pick<Tile, 'squaredNorms'>, vector: number): number {
  const squared = squaredNorms[vector]!;
  return squared === 0 ? 0 : 1 / Math.sqrt(squared);
}

/** Below any rounding of a score to float32. */
export function roundedDown(score: number): number {
  return score - Math.abs(score) * 2 ** -22 - 2 ** -140;
}
