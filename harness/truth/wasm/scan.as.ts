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

export { exactProducts, exactSquares, squaredNorms } from './exact.as';
export { lost, norm, roundVector } from './round.as';

/** What a scan works on: addresses, and how far scores can be off. */
let rows: usize = 0;
let rowCount: i32 = 0;
let dimensions: i32 = 0;
let queries: usize = 0;
/** By query: least score (f32) that a candidate has; how many it has (i32), -1 once they were too many. */
let thresholds: usize = 0;
let sizes: usize = 0;
/** By query: address of a bitmap of the rows that it may find; 0: all. */
let masks: usize = 0;
/** By row its number within the tile (i32), by which masks and candidates know it; 0: as they come. */
let numbers: usize = 0;
/** By query `capacity` scores (f32), and as many row numbers (i32). */
let scores: usize = 0;
let found: usize = 0;
let capacity: i32 = 0;
/** Candidates that are wanted by query; more than there can be: all that reach the threshold. */
let keep: i32 = 0;
/** A row that scores below kept * (1 + relative) - absolute, `kept` the keep-th best score, is none of the keep nearest. */
let relative: f64 = 0;
let absolute: f64 = 0;
/** By query: what its scores can be off beyond that (f32, rounded up); 0: nothing. */
let slacks: usize = 0;
/** By query: a threshold that is no more than a guess (f32, -Infinity: none), and which of the first scores it is taken from (i32; 0: none). */
let guesses: usize = 0;
let ranks: usize = 0;

export function setRows(at: usize, count: i32, width: i32, names: usize): void {
  rows = at;
  rowCount = count;
  numbers = names;
  dimensions = width;
}

export function setSlacks(at: usize): void {
  slacks = at;
}

export function setGuesses(at: usize, rankAt: usize): void {
  guesses = at;
  ranks = rankAt;
}

export function setQueries(at: usize, least: usize, counts: usize, bitmaps: usize): void {
  queries = at;
  thresholds = least;
  sizes = counts;
  masks = bitmaps;
}

export function setCandidates(scoreAt: usize, rowAt: usize, room: i32, wanted: i32, rel: f64, abs: f64): void {
  scores = scoreAt;
  found = rowAt;
  capacity = room;
  keep = wanted;
  relative = rel;
  absolute = abs;
}

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

/** The same with scores in int32, each of which is multiplied with the step (f32) of its row. */
export function scanIntegers(at: usize, stride: i32, steps: usize, from: i32, to: i32, first: i32, count: i32): void {
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

/** Groups of rows whose best scores are looked at for a guess; 32 vectors. */
const GROUPS = 128;
/** Where the best scores of the groups stand. */
const best = memory.data(GROUPS * 4, 16);

/**
 * Guesses thresholds from the scores of the first `count` rows, a multiple of 128, as `scanScores` is given them, or as `scanIntegers`
 * where `steps` is not 0: what the rank-th best of them has. Only of queries that have none, and a rank. Whether enough rows reach it
 * shows in `finish`.
 */
export function guessThresholds(at: usize, stride: i32, steps: usize, from: i32, to: i32, count: i32): void {
  for (let query = from; query < to; query++) {
    const place = (<usize>query) << 2;
    const rank = load<i32>(ranks + place);
    if (rank == 0 || load<f32>(thresholds + place) != -Infinity) continue;
    bestOfGroups(at + (((<usize>(query - from)) * stride) << 2), steps, count);
    const least = leastOf(<f64>largest(best, GROUPS, rank), query);
    store<f32>(thresholds + place, least);
    store<f32>(guesses + place, least);
  }
}

function bestOfGroups(at: usize, steps: usize, count: i32): void {
  const end = (<usize>count) << 2, bytes: usize = GROUPS << 2;
  for (let group: usize = 0; group < bytes; group += 16) {
    let most = f32x4.splat(-Infinity);
    if (steps == 0) {
      for (let i = group; i < end; i += bytes) most = f32x4.max(most, v128.load(at + i));
    } else {
      for (let i = group; i < end; i += bytes) {
        most = f32x4.max(most, f32x4.mul(f32x4.convert_i32x4_s(v128.load(at + i)), v128.load(steps + i)));
      }
    }
    v128.store(best + group, most);
  }
}

/** The k-th largest of `count` numbers, which are reordered (Hoare's selection). */
function largest(at: usize, count: i32, k: i32): f32 {
  let low = 0;
  let high = count - 1;
  const wanted = k - 1;
  while (low < high) {
    const pivot = load<f32>(at + ((<usize>((low + high) >>> 1)) << 2));
    let i = low;
    let j = high;
    while (i <= j) {
      while (load<f32>(at + ((<usize>i) << 2)) > pivot) i++;
      while (load<f32>(at + ((<usize>j) << 2)) < pivot) j--;
      if (i <= j) {
        const a = at + ((<usize>i) << 2), b = at + ((<usize>j) << 2), x = load<f32>(a);
        store<f32>(a, load<f32>(b));
        store<f32>(b, x);
        i++;
        j--;
      }
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else break;
  }
  return load<f32>(at + ((<usize>wanted) << 2));
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

/** Takes those of 16 rows that score at least the query's threshold. */
// @ts-ignore: decorator
@inline
function select(query: i32, row: i32, s0: v128, s1: v128, s2: v128, s3: v128): void {
  const least = v128.load32_splat(thresholds + ((<usize>query) << 2));
  const m0 = f32x4.ge(s0, least), m1 = f32x4.ge(s1, least), m2 = f32x4.ge(s2, least), m3 = f32x4.ge(s3, least);
  if (!v128.any_true(v128.or(v128.or(m0, m1), v128.or(m2, m3)))) return;
  take(query, row, i32x4.bitmask(m0), s0);
  take(query, row + 4, i32x4.bitmask(m1), s1);
  take(query, row + 8, i32x4.bitmask(m2), s2);
  take(query, row + 12, i32x4.bitmask(m3), s3);
}

function take(query: i32, row: i32, lanes: i32, s: v128): void {
  if (lanes & 1) push(query, row, f32x4.extract_lane(s, 0));
  if (lanes & 2) push(query, row + 1, f32x4.extract_lane(s, 1));
  if (lanes & 4) push(query, row + 2, f32x4.extract_lane(s, 2));
  if (lanes & 8) push(query, row + 3, f32x4.extract_lane(s, 3));
}

function push(query: i32, row: i32, score: f32): void {
  // The last group is filled up with rows that are none.
  if (row >= rowCount) return;
  const number = numbers == 0 ? row : load<i32>(numbers + ((<usize>row) << 2));
  const at = (<usize>query) << 2;
  const mask = <usize>load<u32>(masks + at);
  if (mask != 0 && ((load<u32>(mask + ((<usize>number >> 5) << 2)) >> (number & 31)) & 1) == 0) return;
  // Since its lanes were compared the threshold may have risen.
  if (score < load<f32>(thresholds + at)) return;
  let size = load<i32>(sizes + at);
  if (size < 0) return;
  if (size == capacity) {
    size = shrink(query, size, capacity - (capacity >> 3));
    if (size < 0 || score < load<f32>(thresholds + at)) return;
  }
  const place = ((<usize>query) * capacity + size) << 2;
  store<f32>(scores + place, score);
  store<i32>(found + place, number);
  store<i32>(sizes + at, size + 1);
}

/**
 * Drops what the scan of all rows has proven not to be among the nearest; those given up stay given up. A query with fewer candidates
 * than a guess promised has missed some, -2.
 */
export function finish(from: i32, to: i32): void {
  for (let query = from; query < to; query++) {
    const at = (<usize>query) << 2;
    const size = load<i32>(sizes + at);
    if (size < 0) continue;
    const guess = guesses == 0 ? <f32>-Infinity : load<f32>(guesses + at);
    const least = leastAmong(query, size);
    if (guess > least) store<i32>(sizes + at, -2);
    else if (size > keep) drop(query, size, capacity, least);
  }
}

/** Raises the threshold to what the keep best so far allow and drops the candidates below it. */
function shrink(query: i32, size: i32, most: i32): i32 {
  return drop(query, size, most, leastAmong(query, size));
}

/** What a candidate must score with so many there. */
function leastAmong(query: i32, size: i32): f32 {
  return size < keep ? <f32>-Infinity : leastOf(kthBest((<usize>query) * capacity << 2, size, keep), query);
}

/**
 * Drops the candidates below `least` and the threshold. Where more than `most` are left (many rows at the same distance) the query is
 * given up, -1: the caller compares its rows one by one.
 */
function drop(query: i32, size: i32, most: i32, least: f32): i32 {
  const at = (<usize>query) << 2;
  const base = ((<usize>query) * capacity) << 2;
  if (least > load<f32>(thresholds + at)) store<f32>(thresholds + at, least);
  const bound = load<f32>(thresholds + at);
  let kept = 0;
  for (let i = 0; i < size; i++) {
    const score = load<f32>(scores + base + ((<usize>i) << 2));
    if (score < bound) continue;
    const row = load<i32>(found + base + ((<usize>i) << 2));
    const place = base + ((<usize>kept) << 2);
    store<f32>(scores + place, score);
    store<i32>(found + place, row);
    kept++;
  }
  if (kept > most) {
    store<f32>(thresholds + at, Infinity);
    kept = -1;
  }
  store<i32>(sizes + at, kept);
  return kept;
}

/** Rounded down: no candidate is lost by it. */
function leastOf(kept: f64, query: i32): f32 {
  const slack = slacks == 0 ? 0 : <f64>load<f32>(slacks + ((<usize>query) << 2));
  const bound = kept * (1 + relative) - absolute - slack;
  const rounded = <f32>bound;
  return <f64>rounded <= bound ? rounded : rounded - abs<f32>(rounded) * f32.EPSILON - f32.MIN_VALUE;
}

/** The k-th largest score of `count`, which are reordered together with their rows (Hoare's selection). */
function kthBest(base: usize, count: i32, k: i32): f64 {
  let low = 0;
  let high = count - 1;
  const wanted = k - 1;
  while (low < high) {
    const pivot = scoreAt(base, (low + high) >>> 1);
    let i = low;
    let j = high;
    while (i <= j) {
      while (scoreAt(base, i) > pivot) i++;
      while (scoreAt(base, j) < pivot) j--;
      if (i <= j) {
        swap(base, i, j);
        i++;
        j--;
      }
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else break;
  }
  return <f64>scoreAt(base, wanted);
}

// @ts-ignore: decorator
@inline
function scoreAt(base: usize, i: i32): f32 {
  return load<f32>(scores + base + ((<usize>i) << 2));
}

function swap(base: usize, i: i32, j: i32): void {
  const a = base + ((<usize>i) << 2);
  const b = base + ((<usize>j) << 2);
  const score = load<f32>(scores + a);
  const row = load<i32>(found + a);
  store<f32>(scores + a, load<f32>(scores + b));
  store<i32>(found + a, load<i32>(found + b));
  store<f32>(scores + b, score);
  store<i32>(found + b, row);
}
