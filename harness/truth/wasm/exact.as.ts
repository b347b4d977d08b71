// AssemblyScript, a part of scan.as.ts; TypeScript does not read it.
//
// Distances in float64, to the bit those of harness/measures/distance.ts, whose four sums are the lanes here. Four vectors at a time: an
// addition waits for the one before it, so that one vector alone leaves the processor idle.

/** Inner products of one vector with `count` of the row-major vectors at `base`, by their numbers. */
export function exactProducts(vector: usize, base: usize, width: i32, numbers: usize, count: i32, into: usize): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) fourProducts(vector, base, width, numbers + ((<usize>i) << 2), into + ((<usize>i) << 3));
  for (; i < count; i++) {
    store<f64>(into + ((<usize>i) << 3), exactProduct(vector, rowOf(base, width, numbers, i), width));
  }
}

/** Squared Euclidean distances, as `squared` there. */
export function exactSquares(vector: usize, base: usize, width: i32, numbers: usize, count: i32, into: usize): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) fourSquares(vector, base, width, numbers + ((<usize>i) << 2), into + ((<usize>i) << 3));
  for (; i < count; i++) {
    store<f64>(into + ((<usize>i) << 3), exactSquare(vector, rowOf(base, width, numbers, i), width));
  }
}

/** Squared norms in float64 of `count` vectors, one after the other. */
export function squaredNorms(vectors: usize, width: i32, count: i32, into: usize): void {
  const stride = (<usize>width) << 2;
  for (let i = 0; i < count; i++) {
    const vector = vectors + (<usize>i) * stride;
    store<f64>(into + ((<usize>i) << 3), exactProduct(vector, vector, width));
  }
}

// @ts-ignore: decorator
@inline
function rowOf(base: usize, width: i32, numbers: usize, i: i32): usize {
  return base + (((<usize>load<i32>(numbers + ((<usize>i) << 2))) * width) << 2);
}

/** Two numbers of float32 in float64. */
// @ts-ignore: decorator
@inline
function two(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

// @ts-ignore: decorator
@inline
function sumOf(first: f64, low: v128, up: v128): f64 {
  return first + f64x2.extract_lane(low, 1) + (f64x2.extract_lane(up, 0) + f64x2.extract_lane(up, 1));
}

function fourProducts(a: usize, base: usize, width: i32, numbers: usize, into: usize): void {
  const b0 = rowOf(base, width, numbers, 0), b1 = rowOf(base, width, numbers, 1);
  const b2 = rowOf(base, width, numbers, 2), b3 = rowOf(base, width, numbers, 3);
  let low0 = f64x2.splat(0), low1 = f64x2.splat(0), low2 = f64x2.splat(0), low3 = f64x2.splat(0);
  let up0 = f64x2.splat(0), up1 = f64x2.splat(0), up2 = f64x2.splat(0), up3 = f64x2.splat(0);
  const whole = (<usize>(width & ~3)) << 2, end = (<usize>width) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    const x = two(a + at), y = two(a + at + 8);
    low0 = f64x2.add(low0, f64x2.mul(x, two(b0 + at)));
    up0 = f64x2.add(up0, f64x2.mul(y, two(b0 + at + 8)));
    low1 = f64x2.add(low1, f64x2.mul(x, two(b1 + at)));
    up1 = f64x2.add(up1, f64x2.mul(y, two(b1 + at + 8)));
    low2 = f64x2.add(low2, f64x2.mul(x, two(b2 + at)));
    up2 = f64x2.add(up2, f64x2.mul(y, two(b2 + at + 8)));
    low3 = f64x2.add(low3, f64x2.mul(x, two(b3 + at)));
    up3 = f64x2.add(up3, f64x2.mul(y, two(b3 + at + 8)));
  }
  let first0 = f64x2.extract_lane(low0, 0), first1 = f64x2.extract_lane(low1, 0);
  let first2 = f64x2.extract_lane(low2, 0), first3 = f64x2.extract_lane(low3, 0);
  for (let at = whole; at < end; at += 4) {
    const x = <f64>load<f32>(a + at);
    first0 += x * <f64>load<f32>(b0 + at);
    first1 += x * <f64>load<f32>(b1 + at);
    first2 += x * <f64>load<f32>(b2 + at);
    first3 += x * <f64>load<f32>(b3 + at);
  }
  store<f64>(into, sumOf(first0, low0, up0));
  store<f64>(into, sumOf(first1, low1, up1), 8);
  store<f64>(into, sumOf(first2, low2, up2), 16);
  store<f64>(into, sumOf(first3, low3, up3), 24);
}

/** The sum and the square of a difference. */
// @ts-ignore: decorator
@inline
function addSquare(sum: v128, x: v128, y: v128): v128 {
  const d = f64x2.sub(x, y);
  return f64x2.add(sum, f64x2.mul(d, d));
}

function fourSquares(a: usize, base: usize, width: i32, numbers: usize, into: usize): void {
  const b0 = rowOf(base, width, numbers, 0), b1 = rowOf(base, width, numbers, 1);
  const b2 = rowOf(base, width, numbers, 2), b3 = rowOf(base, width, numbers, 3);
  let low0 = f64x2.splat(0), low1 = f64x2.splat(0), low2 = f64x2.splat(0), low3 = f64x2.splat(0);
  let up0 = f64x2.splat(0), up1 = f64x2.splat(0), up2 = f64x2.splat(0), up3 = f64x2.splat(0);
  const whole = (<usize>(width & ~3)) << 2, end = (<usize>width) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    const x = two(a + at), y = two(a + at + 8);
    low0 = addSquare(low0, x, two(b0 + at));
    up0 = addSquare(up0, y, two(b0 + at + 8));
    low1 = addSquare(low1, x, two(b1 + at));
    up1 = addSquare(up1, y, two(b1 + at + 8));
    low2 = addSquare(low2, x, two(b2 + at));
    up2 = addSquare(up2, y, two(b2 + at + 8));
    low3 = addSquare(low3, x, two(b3 + at));
    up3 = addSquare(up3, y, two(b3 + at + 8));
  }
  let first0 = f64x2.extract_lane(low0, 0), first1 = f64x2.extract_lane(low1, 0);
  let first2 = f64x2.extract_lane(low2, 0), first3 = f64x2.extract_lane(low3, 0);
  for (let at = whole; at < end; at += 4) {
    const x = <f64>load<f32>(a + at);
    const d0 = x - <f64>load<f32>(b0 + at), d1 = x - <f64>load<f32>(b1 + at);
    const d2 = x - <f64>load<f32>(b2 + at), d3 = x - <f64>load<f32>(b3 + at);
    first0 += d0 * d0;
    first1 += d1 * d1;
    first2 += d2 * d2;
    first3 += d3 * d3;
  }
  store<f64>(into, sumOf(first0, low0, up0));
  store<f64>(into, sumOf(first1, low1, up1), 8);
  store<f64>(into, sumOf(first2, low2, up2), 16);
  store<f64>(into, sumOf(first3, low3, up3), 24);
}

function exactProduct(a: usize, b: usize, width: i32): f64 {
  let low = f64x2.splat(0), up = f64x2.splat(0);
  const whole = (<usize>(width & ~3)) << 2, end = (<usize>width) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    low = f64x2.add(low, f64x2.mul(two(a + at), two(b + at)));
    up = f64x2.add(up, f64x2.mul(two(a + at + 8), two(b + at + 8)));
  }
  let first = f64x2.extract_lane(low, 0);
  for (let at = whole; at < end; at += 4) first += <f64>load<f32>(a + at) * <f64>load<f32>(b + at);
  return sumOf(first, low, up);
}

function exactSquare(a: usize, b: usize, width: i32): f64 {
  let low = f64x2.splat(0), up = f64x2.splat(0);
  const whole = (<usize>(width & ~3)) << 2, end = (<usize>width) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    low = addSquare(low, two(a + at), two(b + at));
    up = addSquare(up, two(a + at + 8), two(b + at + 8));
  }
  let first = f64x2.extract_lane(low, 0);
  for (let at = whole; at < end; at += 4) {
    const d = <f64>load<f32>(a + at) - <f64>load<f32>(b + at);
    first += d * d;
  }
  return sumOf(first, low, up);
}
