// AssemblyScript, a part of scan.as.ts; TypeScript does not read it.

/** Of the last call of `roundVector`: Euclidean norms of what is left, and of what rounding took. */
let leftNorm: f64 = 0;
let lostNorm: f64 = 0;

export function norm(): f64 {
  return leftNorm;
}

export function lost(): f64 {
  return lostNorm;
}

/** Two numbers of float32 in float64. */
// @ts-ignore: decorator
@inline
function two(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** Writes (vector - mean) · factor, computed in float64; without a mean where it is 0. */
export function scaleVector(vector: usize, width: i32, factor: f64, mean: usize, into: usize): void {
  const by = f64x2.splat(factor), end = (<usize>width) << 2, whole = end & ~7;
  for (let at: usize = 0; at < whole; at += 8) {
    const value = two(vector + at);
    const centred = mean == 0 ? value : f64x2.sub(value, v128.load(mean + (at << 1)));
    v128.store64_lane(into + at, f32x4.demote_f64x2_zero(f64x2.mul(centred, by)), 0);
  }
  if (whole < end) {
    const value = <f64>load<f32>(vector + whole);
    store<f32>(into + whole, <f32>((mean == 0 ? value : value - load<f64>(mean + (whole << 1))) * factor));
  }
}

/** The largest component, without its sign. */
function largestOf(vector: usize, end: usize): f64 {
  const whole = end & ~15;
  let most = f32x4.splat(0);
  for (let at: usize = 0; at < whole; at += 16) most = f32x4.pmax(most, f32x4.abs(v128.load(vector + at)));
  let largest = max(
    max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
  for (let at = whole; at < end; at += 4) largest = max(largest, abs(load<f32>(vector + at)));
  return <f64>largest;
}

/** The same of a vector less the mean. */
function largestFrom(mean: usize, vector: usize, end: usize): f64 {
  const whole = end & ~15;
  let most0 = f64x2.splat(0), most1 = f64x2.splat(0);
  for (let at: usize = 0; at < whole; at += 16) {
    most0 = f64x2.pmax(most0, f64x2.abs(f64x2.sub(two(vector + at), v128.load(mean + (at << 1)))));
    most1 = f64x2.pmax(most1, f64x2.abs(f64x2.sub(two(vector + at + 8), v128.load(mean + (at << 1), 16))));
  }
  most0 = f64x2.pmax(most0, most1);
  let largest = max(f64x2.extract_lane(most0, 0), f64x2.extract_lane(most0, 1));
  for (let at = whole; at < end; at += 4)
    largest = max(largest, abs(<f64>load<f32>(vector + at) - load<f64>(mean + (at << 1))));
  return largest;
}

/**
 * Writes (vector - mean) · factor in whole steps, of which its largest component has `count`; `centred` says whether there is a mean.
 * Returns the step, 0 for a zero vector.
 */
// @ts-ignore: decorator
@inline
function round(
  vector: usize, width: i32, factor: f64, mean: usize, into: usize, count: i32, zero: i32, words: bool, centred: bool,
): f64 {
  const end = (<usize>width) << 2, whole = end & ~15;
  const largest = centred ? largestFrom(mean, vector, end) : largestOf(vector, end);
  const step = (largest * factor) / <f64>count;
  const perStep = step == 0 ? 0 : 1 / step;
  const by = f64x2.splat(factor), steps = f64x2.splat(perStep), length = f64x2.splat(step), plus = i8x16.splat(<i8>zero);
  let kept0 = f64x2.splat(0), kept1 = f64x2.splat(0), off0 = f64x2.splat(0), off1 = f64x2.splat(0);
  let place = into;
  for (let at: usize = 0; at < whole; at += 16) {
    let value0 = two(vector + at), value1 = two(vector + at + 8);
    if (centred) {
      value0 = f64x2.sub(value0, v128.load(mean + (at << 1)));
      value1 = f64x2.sub(value1, v128.load(mean + (at << 1), 16));
    }
    value0 = f64x2.mul(value0, by);
    value1 = f64x2.mul(value1, by);
    const count0 = f64x2.nearest(f64x2.mul(value0, steps)), count1 = f64x2.nearest(f64x2.mul(value1, steps));
    const rounded0 = f64x2.mul(count0, length), rounded1 = f64x2.mul(count1, length);
    const rest0 = f64x2.sub(value0, rounded0), rest1 = f64x2.sub(value1, rounded1);
    kept0 = f64x2.add(kept0, f64x2.mul(rounded0, rounded0));
    kept1 = f64x2.add(kept1, f64x2.mul(rounded1, rounded1));
    off0 = f64x2.add(off0, f64x2.mul(rest0, rest0));
    off1 = f64x2.add(off1, f64x2.mul(rest1, rest1));
    const four = i32x4.shuffle(i32x4.trunc_sat_f64x2_s_zero(count0), i32x4.trunc_sat_f64x2_s_zero(count1), 0, 1, 4, 5);
    const narrow = i16x8.narrow_i32x4_s(four, four);
    if (words) v128.store64_lane(place, narrow, 0);
    else v128.store32_lane(place, i8x16.add(i8x16.narrow_i16x8_s(narrow, narrow), plus), 0);
    place += words ? 8 : 4;
  }
  kept0 = f64x2.add(kept0, kept1);
  off0 = f64x2.add(off0, off1);
  let leftSquare = f64x2.extract_lane(kept0, 0) + f64x2.extract_lane(kept0, 1);
  let lostSquare = f64x2.extract_lane(off0, 0) + f64x2.extract_lane(off0, 1);
  for (let at = whole; at < end; at += 4) {
    const given = <f64>load<f32>(vector + at);
    const value = (centred ? given - load<f64>(mean + (at << 1)) : given) * factor;
    const number = nearest(value * perStep);
    const rounded = number * step;
    leftSquare += rounded * rounded;
    lostSquare += (value - rounded) * (value - rounded);
    if (words) store<i16>(place, <i16>number);
    else store<u8>(place, <u8>(<i32>number + zero));
    place += words ? 2 : 1;
  }
  leftNorm = sqrt(leftSquare);
  lostNorm = sqrt(lostSquare);
  return step;
}

/** As one byte each, 127 steps on each side of `zero`. */
export function roundVector(vector: usize, width: i32, factor: f64, into: usize, zero: i32): f64 {
  return round(vector, width, factor, 0, into, 127, zero, false, false);
}

/** The same of a vector less the mean. */
export function roundCentred(vector: usize, width: i32, factor: f64, mean: usize, into: usize, zero: i32): f64 {
  return round(vector, width, factor, mean, into, 127, zero, false, true);
}

/** As one i16 each, `count` steps on each side of 0. */
export function roundWords(vector: usize, width: i32, factor: f64, into: usize, count: i32): f64 {
  return round(vector, width, factor, 0, into, count, 0, true, false);
}

export function roundCentredWords(
  vector: usize, width: i32, factor: f64, mean: usize, into: usize, count: i32,
): f64 {
  return round(vector, width, factor, mean, into, count, 0, true, true);
}

/** Of 16 rows of `pairs` pairs of i16, one after the other: those of each place stand together. */
export function turnPairs(rows: usize, pairs: i32, into: usize): void {
  const stride = (<usize>pairs) << 2;
  for (let at: usize = 0; at < stride; at += 4)
    for (let row: usize = 0; row < 16; row++) store<i32>(into + (at << 4) + (row << 2), load<i32>(rows + row * stride + at));
}

/** Two tiles of 16 x 16 bytes. */
const here = memory.data(512, 16);

/**
 * Turns 16 rows of `width` bytes, `stride` apart, so that the 16 bytes of each place stand together, `apart` bytes from those of the next;
 * `width` is a multiple of 16.
 */
export function turn(rows: usize, stride: i32, width: i32, into: usize, apart: i32): void {
  for (let first: usize = 0; first < <usize>width; first += 16) {
    let from: usize = here, to: usize = here + 256;
    for (let i: usize = 0; i < 16; i++) v128.store(from + (i << 4), v128.load(rows + i * stride + first));
    // Row i meets row i + 8, byte by byte: four times that, and rows have become columns.
    for (let round = 0; round < 4; round++) {
      for (let i: usize = 0; i < 8; i++) {
        const a = v128.load(from + (i << 4)), b = v128.load(from + (i << 4), 128);
        v128.store(to + (i << 5), i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
        v128.store(to + (i << 5), i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
      }
      const other = from;
      from = to;
      to = other;
    }
    for (let i: usize = 0; i < 16; i++) v128.store(into + (first + i) * apart, v128.load(from + (i << 4)));
  }
}
