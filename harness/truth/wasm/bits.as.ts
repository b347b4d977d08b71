// AssemblyScript (https://www.assemblyscript.org), compiled to bits.wasm by `npm run wasm`; TypeScript does not read it.
//
// Compares a query of bits with rows of bits by counting in integers: exact, so that nothing has to be proven of rounding. A vector takes
// `words` words of 64 bits, the last one filled up with zeros, row after row. All pointers are addresses in the one memory, which the
// caller lays out (harness/truth/popcount-kernel.ts).

/**
 * Packs `count` vectors of `width` float32 components, any but 0 being a set bit, into words at `into`, and writes how many bits are
 * set in each (i32) at `ones`.
 */
export function pack(values: usize, count: i32, width: i32, words: i32, into: usize, ones: usize): void {
  const zero = f32x4.splat(0);
  for (let row = 0; row < count; row++) {
    let set = 0;
    for (let word = 0; word < words; word++) {
      let bits: u64 = 0;
      const first = word << 6;
      const last = min(width - first, 64);
      let at = 0;
      for (; at + 4 <= last; at += 4) {
        const apart = f32x4.ne(v128.load(values + ((<usize>(first + at)) << 2)), zero);
        bits |= (<u64>i32x4.bitmask(apart)) << at;
      }
      for (; at < last; at++)
        if (load<f32>(values + ((<usize>(first + at)) << 2)) != 0) bits |= (<u64>1) << at;
      store<u64>(into, bits);
      set += <i32>popcnt<u64>(bits);
      into += 8;
    }
    store<i32>(ones, set);
    ones += 4;
    values += (<usize>width) << 2;
  }
}

/**
 * Finds the rows of which at most `most` bits differ from the query's: writes their numbers (i32) at `found` and how many bits both have
 * at `both`, and returns how many rows they are. There is room for all of them.
 */
export function near(
  rows: usize,
  ones: usize,
  count: i32,
  words: i32,
  query: usize,
  set: i32,
  most: i32,
  found: usize,
  both: usize,
): i32 {
  let size: usize = 0;
  for (let row = 0; row < count; row++) {
    const common = inCommon(rows, query, words);
    if (set + load<i32>(ones) - 2 * common <= most) {
      store<i32>(found + (size << 2), row);
      store<i32>(both + (size << 2), common);
      size++;
    }
    rows += (<usize>words) << 3;
    ones += 4;
  }
  return <i32>size;
}

/** The same of rows that have at least the share `least` of the bits that they or the query have in common with it. */
export function alike(
  rows: usize,
  ones: usize,
  count: i32,
  words: i32,
  query: usize,
  set: i32,
  least: f64,
  found: usize,
  both: usize,
): i32 {
  let size: usize = 0;
  for (let row = 0; row < count; row++) {
    const common = inCommon(rows, query, words);
    if (<f64>common >= least * <f64>(set + load<i32>(ones) - common)) {
      store<i32>(found + (size << 2), row);
      store<i32>(both + (size << 2), common);
      size++;
    }
    rows += (<usize>words) << 3;
    ones += 4;
  }
  return <i32>size;
}

/** Bits that both have. One instruction counts those of a word; the compiled SIMD counts bytes, which takes ten. */
// @ts-ignore: decorator
@inline
function inCommon(row: usize, query: usize, words: i32): i32 {
  let common: u64 = 0;
  let word = 0;
  for (; word + 4 <= words; word += 4) {
    common += popcnt<u64>(load<u64>(row) & load<u64>(query));
    common += popcnt<u64>(load<u64>(row, 8) & load<u64>(query, 8));
    common += popcnt<u64>(load<u64>(row, 16) & load<u64>(query, 16));
    common += popcnt<u64>(load<u64>(row, 24) & load<u64>(query, 24));
    row += 32;
    query += 32;
  }
  for (; word < words; word++) {
    common += popcnt<u64>(load<u64>(row) & load<u64>(query));
    row += 8;
    query += 8;
  }
  return <i32>common;
}
