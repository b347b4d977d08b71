// AssemblyScript, a part of scan.as.ts; TypeScript does not read it.

import { absolute, capacity, found, guesses, halves, keep, masks, numbers, reaches, relative, rowCount, scores, sizes, slacks, thresholds } from './areas.as';

/** Scores of four rows: products of integers times the steps of the rows and of the query, less the halves of the rows. */
// @ts-ignore: decorator
@inline
export function halved(products: v128, steps: v128, scale: v128, half: v128): v128 {
  return f32x4.sub(f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(products), steps), scale), half);
}

/** Takes those of 16 rows that score at least the query's threshold. */
// @ts-ignore: decorator
@inline
export function select(query: i32, row: i32, s0: v128, s1: v128, s2: v128, s3: v128): void {
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

/** What a row must score where the score of another one is known; rounded down: no candidate is lost by it. */
export function leastOf(kept: f64, query: i32): f32 {
  const slack = slacks == 0 ? 0 : <f64>load<f32>(slacks + ((<usize>query) << 2));
  const bound = halves == 0 ? kept * (1 + relative) - absolute - slack : leastWithin(kept, query);
  const rounded = <f32>bound;
  return <f64>rounded <= bound ? rounded : rounded - abs<f32>(rounded) * f32.EPSILON - f32.MIN_VALUE;
}

/** A score is half of what the squared norm of the query is more than the squared distance: what is as far, and what that can be off. */
function leastWithin(kept: f64, query: i32): f64 {
  const at = reaches + ((<usize>query) << 5);
  const square = load<f64>(at), apart = load<f64>(at, 8), off = load<f64>(at, 16);
  const far = sqrt(max(square - 2 * (kept - off), 0)) + apart;
  return (square - far * far) / 2 - off;
}

/** The k-th largest score of `count`, which are reordered together with their rows (Hoare's selection). */
export function kthBest(base: usize, count: i32, k: i32): f64 {
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
