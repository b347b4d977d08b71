// AssemblyScript (https://www.assemblyscript.org), compiled to scan.wasm by `npm run wasm`; TypeScript does not read it.
//
// Compares queries with the rows of a tile in float32 SIMD and keeps, by query, the candidates for its nearest rows. What it
// leaves out is proven not to be among them by the caller's bound of the rounding error; the caller decides among the
// candidates in float64. All pointers are addresses in the one memory, which the caller lays out (harness/truth/wasm-kernel.ts).
//
// Scores are larger for nearer rows: the inner product, or minus the squared Euclidean distance.
//
// Rows are packed in groups of 16: rows[group][dimension][16], so that one load takes the same component of four rows. Queries
// are row-major, a multiple of 4 of them. Four queries and 16 rows are compared at a time: 16 sums of four lanes.

export { finish } from './candidates.as';
export { setCandidates, setGuesses, setHalves, setQueries, setRows, setSlacks } from './areas.as';
export { decide, setDecision, setNorms, setVectors } from './decide.as';
export { farthest, squaredNorms } from './exact.as';
export { guessAgain, guessThresholds } from './guess.as';
export { lost, norm, roundCentred, roundCentredWords, roundVector, roundWords, scaleVector, turn, turnPairs } from './round.as';
export { scanWords } from './words.as';

import { dimensions, halves, queries, rowCount, rows, scales } from './areas.as';
import { halved, select } from './candidates.as';

/** Queries whose vectors stay in the cache while all rows pass by. */
const BLOCK = 32;

/** Compares queries `from` to `to` (multiples of 4) with all rows by their inner products. */
export function scanProducts(from: i32, to: i32): void {
  for (let first = from; first < to; first += BLOCK) {
    const last = min(first + BLOCK, to);
    for (let row = 0; row < rowCount; row += 16) {
      for (let query = first; query < last; query += 4) products(query, row);
    }
  }
}

/** The same by minus their squared Euclidean distances. */
export function scanDistances(from: i32, to: i32): void {
  for (let first = from; first < to; first += BLOCK) {
    const last = min(first + BLOCK, to);
    for (let row = 0; row < rowCount; row += 16) {
      for (let query = first; query < last; query += 4) squares(query, row);
    }
  }
}

/**
 * Takes from scores that somebody else has computed: of queries `from` to `to` with rows `first` to `first + count`, row-major,
 * `stride` scores a query, 16 of which may be read at a time.
 */
export function scanScores(at: usize, stride: i32, from: i32, to: i32, first: i32, count: i32): void {
  for (let query = from; query < to; query++) {
    let score = at + (((<usize>(query - from)) * stride) << 2);
    for (let row = first; row < first + count; row += 16) {
      const s0 = v128.load(score), s1 = v128.load(score, 16), s2 = v128.load(score, 32), s3 = v128.load(score, 48);
      select(query, row, s0, s1, s2, s3);
      score += 64;
    }
  }
}

/**
 * The same with scores in int32, each of which is multiplied with the step (f32) of its row; where there are halves also with the scale of
 * the query, and the half of the row is taken from it.
 */
export function scanIntegers(at: usize, stride: i32, steps: usize, from: i32, to: i32, first: i32, count: i32): void {
  if (halves != 0) return scanHalved(at, stride, steps, from, to, first, count);
  for (let query = from; query < to; query++) {
    let score = at + (((<usize>(query - from)) * stride) << 2);
    let step = steps;
    for (let row = first; row < first + count; row += 16) {
      const s0 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(score)), v128.load(step));
      const s1 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(score, 16)), v128.load(step, 16));
      const s2 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(score, 32)), v128.load(step, 32));
      const s3 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(score, 48)), v128.load(step, 48));
      select(query, row, s0, s1, s2, s3);
      score += 64;
      step += 64;
    }
  }
}

function scanHalved(at: usize, stride: i32, steps: usize, from: i32, to: i32, first: i32, count: i32): void {
  for (let query = from; query < to; query++) {
    const scale = v128.load32_splat(scales + ((<usize>query) << 2));
    let score = at + (((<usize>(query - from)) * stride) << 2);
    let step = steps;
    let half = halves + ((<usize>first) << 2);
    for (let row = first; row < first + count; row += 16) {
      const s0 = halved(v128.load(score), v128.load(step), scale, v128.load(half));
      const s1 = halved(v128.load(score, 16), v128.load(step, 16), scale, v128.load(half, 16));
      const s2 = halved(v128.load(score, 32), v128.load(step, 32), scale, v128.load(half, 32));
      const s3 = halved(v128.load(score, 48), v128.load(step, 48), scale, v128.load(half, 48));
      select(query, row, s0, s1, s2, s3);
      score += 64;
      step += 64;
      half += 64;
    }
  }
}

function products(query: i32, row: i32): void {
  const stride = (<usize>dimensions) << 2;
  let r = rows + (<usize>row) * stride;
  let q = queries + (<usize>query) * stride;
  const end = q + stride;
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0);
  let c0 = f32x4.splat(0), c1 = f32x4.splat(0), c2 = f32x4.splat(0), c3 = f32x4.splat(0);
  let d0 = f32x4.splat(0), d1 = f32x4.splat(0), d2 = f32x4.splat(0), d3 = f32x4.splat(0);
  while (q < end) {
    const r0 = v128.load(r), r1 = v128.load(r, 16), r2 = v128.load(r, 32), r3 = v128.load(r, 48);
    const a = v128.load32_splat(q);
    a0 = f32x4.add(a0, f32x4.mul(a, r0));
    a1 = f32x4.add(a1, f32x4.mul(a, r1));
    a2 = f32x4.add(a2, f32x4.mul(a, r2));
    a3 = f32x4.add(a3, f32x4.mul(a, r3));
    const b = v128.load32_splat(q + stride);
    b0 = f32x4.add(b0, f32x4.mul(b, r0));
    b1 = f32x4.add(b1, f32x4.mul(b, r1));
    b2 = f32x4.add(b2, f32x4.mul(b, r2));
    b3 = f32x4.add(b3, f32x4.mul(b, r3));
    const c = v128.load32_splat(q + 2 * stride);
    c0 = f32x4.add(c0, f32x4.mul(c, r0));
    c1 = f32x4.add(c1, f32x4.mul(c, r1));
    c2 = f32x4.add(c2, f32x4.mul(c, r2));
    c3 = f32x4.add(c3, f32x4.mul(c, r3));
    const d = v128.load32_splat(q + 3 * stride);
    d0 = f32x4.add(d0, f32x4.mul(d, r0));
    d1 = f32x4.add(d1, f32x4.mul(d, r1));
    d2 = f32x4.add(d2, f32x4.mul(d, r2));
    d3 = f32x4.add(d3, f32x4.mul(d, r3));
    q += 4;
    r += 64;
  }
  select(query, row, a0, a1, a2, a3);
  select(query + 1, row, b0, b1, b2, b3);
  select(query + 2, row, c0, c1, c2, c3);
  select(query + 3, row, d0, d1, d2, d3);
}

function squares(query: i32, row: i32): void {
  const stride = (<usize>dimensions) << 2;
  let r = rows + (<usize>row) * stride;
  let q = queries + (<usize>query) * stride;
  const end = q + stride;
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0);
  let c0 = f32x4.splat(0), c1 = f32x4.splat(0), c2 = f32x4.splat(0), c3 = f32x4.splat(0);
  let d0 = f32x4.splat(0), d1 = f32x4.splat(0), d2 = f32x4.splat(0), d3 = f32x4.splat(0);
  while (q < end) {
    const r0 = v128.load(r), r1 = v128.load(r, 16), r2 = v128.load(r, 32), r3 = v128.load(r, 48);
    const a = v128.load32_splat(q);
    a0 = minusSquare(a0, a, r0);
    a1 = minusSquare(a1, a, r1);
    a2 = minusSquare(a2, a, r2);
    a3 = minusSquare(a3, a, r3);
    const b = v128.load32_splat(q + stride);
    b0 = minusSquare(b0, b, r0);
    b1 = minusSquare(b1, b, r1);
    b2 = minusSquare(b2, b, r2);
    b3 = minusSquare(b3, b, r3);
    const c = v128.load32_splat(q + 2 * stride);
    c0 = minusSquare(c0, c, r0);
    c1 = minusSquare(c1, c, r1);
    c2 = minusSquare(c2, c, r2);
    c3 = minusSquare(c3, c, r3);
    const d = v128.load32_splat(q + 3 * stride);
    d0 = minusSquare(d0, d, r0);
    d1 = minusSquare(d1, d, r1);
    d2 = minusSquare(d2, d, r2);
    d3 = minusSquare(d3, d, r3);
    q += 4;
    r += 64;
  }
  select(query, row, a0, a1, a2, a3);
  select(query + 1, row, b0, b1, b2, b3);
  select(query + 2, row, c0, c1, c2, c3);
  select(query + 3, row, d0, d1, d2, d3);
}

// @ts-ignore: decorator
@inline
function minusSquare(sum: v128, x: v128, y: v128): v128 {
  const d = f32x4.sub(x, y);
  return f32x4.sub(sum, f32x4.mul(d, d));
}
