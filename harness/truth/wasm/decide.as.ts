// AssemblyScript, a part of scan.as.ts; TypeScript does not read it.

import { capacity, found, keep, sizes } from './areas.as';
import { fourProducts, fourSquares, productsOfOne, squaresOfOne } from './exact.as';

/** Vectors as they are, row-major: of the queries, and of all rows of the tile. */
let vectors: usize = 0;
let base: usize = 0;
let width: i32 = 0;
let rowsOfTile: i32 = 0;
/** Squared norms (f64) of rows and queries; distances that are not wanted if they are exceeded, by query (f64). */
let rowNorms: usize = 0;
let queryNorms: usize = 0;
let bounds: usize = 0;
/** 0: cosine, 1: dot, 2: l2, as harness/measures/distance.ts defines them. */
let metric: i32 = 0;
/** Of a block of queries: the float64 distances of their candidates, `capacity` each; their candidates by row (u32); where each row begins. */
let exact: usize = 0;
let order: usize = 0;
let starts: usize = 0;
/** Whether they are: few candidates are left as they come. */
let isByRow: bool = false;

export function setVectors(queriesAt: usize, rowsAt: usize, rows: i32, dimensions: i32, kind: i32): void {
  vectors = queriesAt;
  base = rowsAt;
  rowsOfTile = rows;
  width = dimensions;
  metric = kind;
}

export function setNorms(ofRows: usize, ofQueries: usize, most: usize): void {
  rowNorms = ofRows;
  queryNorms = ofQueries;
  bounds = most;
}

export function setDecision(exactAt: usize, orderAt: usize, startsAt: usize): void {
  exact = exactAt;
  order = orderAt;
  starts = startsAt;
}

/**
 * The candidates of the queries `from` to `to`, with their float64 distances, ascending by (distance, row); those beyond the bound, and
 * more than are wanted, are dropped. Those given up stay given up.
 */
export function decide(from: i32, to: i32): void {
  const total = arrange(from, to);
  // Four queries of one row at a time; what is left over is put together again, at the beginning.
  let left = 0;
  for (let i = 0; i < total; ) {
    if (i + 4 <= total && rowOf(from, slotOf(i)) == rowOf(from, slotOf(i + 3)) && isByRow) {
      fourOfRow(from, slotOf(i), slotOf(i + 1), slotOf(i + 2), slotOf(i + 3));
      i += 4;
    } else {
      store<i32>(order + ((<usize>left) << 2), slotOf(i));
      left++;
      i++;
    }
  }
  const last = left - 1;
  for (let i = 0; i < left; i += 4) {
    // The last ones, some of them more than once.
    fourOf(from, slotOf(i), slotOf(min(i + 1, last)), slotOf(min(i + 2, last)), slotOf(min(i + 3, last)));
  }
  for (let query = from; query < to; query++) sortCandidates(from, query);
}

// @ts-ignore: decorator
@inline
function slotOf(i: i32): i32 {
  return load<i32>(order + ((<usize>i) << 2));
}

/** By row, so that a row's vector is read once for all queries of the block: their own stay in the cache. Returns how many there are. */
function arrange(from: i32, to: i32): i32 {
  let total = 0;
  for (let query = from; query < to; query++) total += max(0, load<i32>(sizes + ((<usize>query) << 2)));
  isByRow = total > rowsOfTile >> 3;
  if (isByRow) {
    memory.fill(starts, 0, (<usize>rowsOfTile + 1) << 2);
    for (let query = from; query < to; query++) {
      const size = load<i32>(sizes + ((<usize>query) << 2));
      const rows = found + ((<usize>query * capacity) << 2);
      for (let i = 0; i < size; i++) {
        const start = starts + ((<usize>load<i32>(rows + ((<usize>i) << 2)) + 1) << 2);
        store<i32>(start, load<i32>(start) + 1);
      }
    }
    let sum = 0;
    for (let row = 0; row < rowsOfTile; row++) {
      const start = starts + ((<usize>row) << 2);
      sum += load<i32>(start);
      store<i32>(start, sum);
    }
  }
  let next = 0;
  for (let query = from; query < to; query++) {
    const size = load<i32>(sizes + ((<usize>query) << 2));
    const rows = found + ((<usize>query * capacity) << 2);
    for (let i = 0; i < size; i++) {
      let place = next++;
      if (isByRow) {
        const start = starts + ((<usize>load<i32>(rows + ((<usize>i) << 2))) << 2);
        place = load<i32>(start);
        store<i32>(start, place + 1);
      }
      store<i32>(order + ((<usize>place) << 2), (query - from) * capacity + i);
    }
  }
  return total;
}

/** Writes the distances of four candidates, by their places in the block. */
function fourOf(from: i32, s0: i32, s1: i32, s2: i32, s3: i32): void {
  const a0 = vectorOf(from, s0), a1 = vectorOf(from, s1), a2 = vectorOf(from, s2), a3 = vectorOf(from, s3);
  const b0 = rowOf(from, s0), b1 = rowOf(from, s1), b2 = rowOf(from, s2), b3 = rowOf(from, s3);
  const e0 = exact + ((<usize>s0) << 3), e1 = exact + ((<usize>s1) << 3);
  const e2 = exact + ((<usize>s2) << 3), e3 = exact + ((<usize>s3) << 3);
  if (metric == 2) fourSquares(a0, a1, a2, a3, b0, b1, b2, b3, width, e0, e1, e2, e3);
  else fourProducts(a0, a1, a2, a3, b0, b1, b2, b3, width, e0, e1, e2, e3);
}

function fourOfRow(from: i32, s0: i32, s1: i32, s2: i32, s3: i32): void {
  const a0 = vectorOf(from, s0), a1 = vectorOf(from, s1), a2 = vectorOf(from, s2), a3 = vectorOf(from, s3);
  const b = rowOf(from, s0);
  const e0 = exact + ((<usize>s0) << 3), e1 = exact + ((<usize>s1) << 3);
  const e2 = exact + ((<usize>s2) << 3), e3 = exact + ((<usize>s3) << 3);
  if (metric == 2) squaresOfOne(a0, a1, a2, a3, b, width, e0, e1, e2, e3);
  else productsOfOne(a0, a1, a2, a3, b, width, e0, e1, e2, e3);
}

// @ts-ignore: decorator
@inline
function vectorOf(from: i32, slot: i32): usize {
  return vectors + ((<usize>(from + slot / capacity) * width) << 2);
}

// @ts-ignore: decorator
@inline
function rowOf(from: i32, slot: i32): usize {
  return base + ((<usize>load<i32>(found + ((<usize>(from * capacity + slot)) << 2)) * width) << 2);
}

function sortCandidates(from: i32, query: i32): void {
  const size = load<i32>(sizes + ((<usize>query) << 2));
  if (size < 0) return;
  const rows = found + ((<usize>query * capacity) << 2);
  const distances = exact + ((<usize>(query - from) * capacity) << 3);
  const most = load<f64>(bounds + ((<usize>query) << 3));
  let kept = 0;
  for (let i = 0; i < size; i++) {
    const row = load<i32>(rows + ((<usize>i) << 2));
    const distance = distanceOf(query, row, load<f64>(distances + ((<usize>i) << 3)));
    if (distance > most) continue;
    store<i32>(rows + ((<usize>kept) << 2), row);
    store<f64>(distances + ((<usize>kept) << 3), distance);
    kept++;
  }
  store<i32>(sizes + ((<usize>query) << 2), min(kept, keep));
  sort(rows, distances, 0, kept - 1);
}

/** From an inner product or a squared distance. */
function distanceOf(query: i32, row: i32, value: f64): f64 {
  if (metric == 2) return sqrt(value);
  if (metric == 1) return -value;
  const norms = load<f64>(queryNorms + ((<usize>query) << 3)) * load<f64>(rowNorms + ((<usize>row) << 3));
  return norms == 0 ? 1 : 1 - value / sqrt(norms);
}

// @ts-ignore: decorator
@inline
function comesBefore(distanceA: f64, rowA: i32, distanceB: f64, rowB: i32): bool {
  return distanceA < distanceB || (distanceA == distanceB && rowA < rowB);
}

/** Few are sorted by insertion. */
const FEW = 12;

/** Quicksort of candidates `low` to `high`, as far as they are wanted; no two are equal, since no two are of one row. */
function sort(rows: usize, distances: usize, low: i32, high: i32): void {
  while (high - low >= FEW) {
    const middle = (low + high) >>> 1;
    const row = load<i32>(rows + ((<usize>middle) << 2));
    const distance = load<f64>(distances + ((<usize>middle) << 3));
    let i = low;
    let j = high;
    while (i <= j) {
      while (comesBefore(load<f64>(distances + ((<usize>i) << 3)), load<i32>(rows + ((<usize>i) << 2)), distance, row)) i++;
      while (comesBefore(distance, row, load<f64>(distances + ((<usize>j) << 3)), load<i32>(rows + ((<usize>j) << 2)))) j--;
      if (i <= j) {
        swap(rows, distances, i, j);
        i++;
        j--;
      }
    }
    // What comes after those that are wanted may stay as it is. The shorter part first: the depth of calls stays small.
    if (i >= keep) {
      high = j;
    } else if (j - low < high - i) {
      sort(rows, distances, low, j);
      low = i;
    } else {
      sort(rows, distances, i, high);
      high = j;
    }
  }
  for (let i = low + 1; i <= high; i++) {
    const row = load<i32>(rows + ((<usize>i) << 2));
    const distance = load<f64>(distances + ((<usize>i) << 3));
    let j = i - 1;
    for (; j >= low; j--) {
      const other = load<f64>(distances + ((<usize>j) << 3));
      const number = load<i32>(rows + ((<usize>j) << 2));
      if (comesBefore(other, number, distance, row)) break;
      store<f64>(distances + ((<usize>j) << 3), other, 8);
      store<i32>(rows + ((<usize>j) << 2), number, 4);
    }
    store<f64>(distances + ((<usize>(j + 1)) << 3), distance);
    store<i32>(rows + ((<usize>(j + 1)) << 2), row);
  }
}

function swap(rows: usize, distances: usize, i: i32, j: i32): void {
  const a = rows + ((<usize>i) << 2), b = rows + ((<usize>j) << 2);
  const c = distances + ((<usize>i) << 3), d = distances + ((<usize>j) << 3);
  const row = load<i32>(a);
  const distance = load<f64>(c);
  store<i32>(a, load<i32>(b));
  store<f64>(c, load<f64>(d));
  store<i32>(b, row);
  store<f64>(d, distance);
}
