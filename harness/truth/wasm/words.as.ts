// AssemblyScript, a part of scan.as.ts; TypeScript does not read it.
//
// Products of 16-bit integers: two of them are multiplied and added by one instruction, where float32 takes two instructions for one.
// Rows are packed in groups of 16 as for scan.as.ts, two components in place of one: rows[group][pair][16][2]. Queries are row-major;
// where the dimension is odd, both are filled up with 0. Sums must fit into 32 bits: the caller sees to it by the number of steps.

import { dimensions, halves, queries, rowCount, rows, scales } from './areas.as';
import { halved, select } from './candidates.as';

/** Queries whose vectors stay in the cache while all rows pass by. */
const BLOCK = 32;

/** Compares queries `from` to `to` (multiples of 4) with all rows; each product is multiplied with the step (f32) of its row, as `scanIntegers` has it. */
export function scanWords(steps: usize, from: i32, to: i32): void {
  for (let first = from; first < to; first += BLOCK) {
    const last = min(first + BLOCK, to);
    for (let row = 0; row < rowCount; row += 16) {
      for (let query = first; query < last; query += 4) words(query, row, steps + ((<usize>row) << 2));
    }
  }
}

function words(query: i32, row: i32, steps: usize): void {
  const stride = (<usize>((dimensions + 1) >> 1)) << 2;
  let r = rows + (<usize>row) * stride;
  let q = queries + (<usize>query) * stride;
  const end = q + stride;
  let a0 = i32x4.splat(0), a1 = i32x4.splat(0), a2 = i32x4.splat(0), a3 = i32x4.splat(0);
  let b0 = i32x4.splat(0), b1 = i32x4.splat(0), b2 = i32x4.splat(0), b3 = i32x4.splat(0);
  let c0 = i32x4.splat(0), c1 = i32x4.splat(0), c2 = i32x4.splat(0), c3 = i32x4.splat(0);
  let d0 = i32x4.splat(0), d1 = i32x4.splat(0), d2 = i32x4.splat(0), d3 = i32x4.splat(0);
  while (q < end) {
    const r0 = v128.load(r), r1 = v128.load(r, 16), r2 = v128.load(r, 32), r3 = v128.load(r, 48);
    const a = v128.load32_splat(q);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(a, r0));
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(a, r1));
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(a, r2));
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(a, r3));
    const b = v128.load32_splat(q + stride);
    b0 = i32x4.add(b0, i32x4.dot_i16x8_s(b, r0));
    b1 = i32x4.add(b1, i32x4.dot_i16x8_s(b, r1));
    b2 = i32x4.add(b2, i32x4.dot_i16x8_s(b, r2));
    b3 = i32x4.add(b3, i32x4.dot_i16x8_s(b, r3));
    const c = v128.load32_splat(q + 2 * stride);
    c0 = i32x4.add(c0, i32x4.dot_i16x8_s(c, r0));
    c1 = i32x4.add(c1, i32x4.dot_i16x8_s(c, r1));
    c2 = i32x4.add(c2, i32x4.dot_i16x8_s(c, r2));
    c3 = i32x4.add(c3, i32x4.dot_i16x8_s(c, r3));
    const d = v128.load32_splat(q + 3 * stride);
    d0 = i32x4.add(d0, i32x4.dot_i16x8_s(d, r0));
    d1 = i32x4.add(d1, i32x4.dot_i16x8_s(d, r1));
    d2 = i32x4.add(d2, i32x4.dot_i16x8_s(d, r2));
    d3 = i32x4.add(d3, i32x4.dot_i16x8_s(d, r3));
    q += 4;
    r += 64;
  }
  scaled(query, row, steps, a0, a1, a2, a3);
  scaled(query + 1, row, steps, b0, b1, b2, b3);
  scaled(query + 2, row, steps, c0, c1, c2, c3);
  scaled(query + 3, row, steps, d0, d1, d2, d3);
}

// @ts-ignore: decorator
@inline
function scaled(query: i32, row: i32, steps: usize, s0: v128, s1: v128, s2: v128, s3: v128): void {
  if (halves != 0) {
    const scale = v128.load32_splat(scales + ((<usize>query) << 2)), half = halves + ((<usize>row) << 2);
    return select(
      query, row,
      halved(s0, v128.load(steps), scale, v128.load(half)),
      halved(s1, v128.load(steps, 16), scale, v128.load(half, 16)),
      halved(s2, v128.load(steps, 32), scale, v128.load(half, 32)),
      halved(s3, v128.load(steps, 48), scale, v128.load(half, 48)),
    );
  }
  select(
    query, row,
    f32x4.mul(f32x4.convert_i32x4_s(s0), v128.load(steps)),
    f32x4.mul(f32x4.convert_i32x4_s(s1), v128.load(steps, 16)),
    f32x4.mul(f32x4.convert_i32x4_s(s2), v128.load(steps, 32)),
    f32x4.mul(f32x4.convert_i32x4_s(s3), v128.load(steps, 48)),
  );
}
