// AssemblyScript, a part of scan.as.ts; TypeScript does not read it.

/**
 * Inner products in float64 of one vector with `count` of the row-major vectors at `base`, by their numbers: to the bit those of
 * `dot` in harness/measures/distance.ts, whose four sums are the lanes here.
 */
export function exactProducts(vector: usize, base: usize, width: i32, numbers: usize, count: i32, into: usize): void {
  for (let i = 0; i < count; i++) {
    const row = base + (((<usize>load<i32>(numbers + ((<usize>i) << 2))) * width) << 2);
    store<f64>(into + ((<usize>i) << 3), exactProduct(vector, row, width));
  }
}

/** Squared Euclidean distances, as `squared` there. */
export function exactSquares(vector: usize, base: usize, width: i32, numbers: usize, count: i32, into: usize): void {
  for (let i = 0; i < count; i++) {
    const row = base + (((<usize>load<i32>(numbers + ((<usize>i) << 2))) * width) << 2);
    store<f64>(into + ((<usize>i) << 3), exactSquare(vector, row, width));
  }
}

// @ts-ignore: decorator
@inline
function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(i32x4.shuffle(x, x, 2, 3, 2, 3));
}

function exactProduct(a: usize, b: usize, width: i32): f64 {
  let low = f64x2.splat(0), up = f64x2.splat(0);
  const whole = width & ~3;
  for (let i = 0; i < whole; i += 4) {
    const x = v128.load(a + ((<usize>i) << 2)), y = v128.load(b + ((<usize>i) << 2));
    low = f64x2.add(low, f64x2.mul(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y)));
    up = f64x2.add(up, f64x2.mul(high(x), high(y)));
  }
  let first = f64x2.extract_lane(low, 0);
  for (let i = whole; i < width; i++) {
    first += <f64>load<f32>(a + ((<usize>i) << 2)) * <f64>load<f32>(b + ((<usize>i) << 2));
  }
  return first + f64x2.extract_lane(low, 1) + (f64x2.extract_lane(up, 0) + f64x2.extract_lane(up, 1));
}

function exactSquare(a: usize, b: usize, width: i32): f64 {
  let low = f64x2.splat(0), up = f64x2.splat(0);
  const whole = width & ~3;
  for (let i = 0; i < whole; i += 4) {
    const x = v128.load(a + ((<usize>i) << 2)), y = v128.load(b + ((<usize>i) << 2));
    const d = f64x2.sub(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y));
    const e = f64x2.sub(high(x), high(y));
    low = f64x2.add(low, f64x2.mul(d, d));
    up = f64x2.add(up, f64x2.mul(e, e));
  }
  let first = f64x2.extract_lane(low, 0);
  for (let i = whole; i < width; i++) {
    const d = <f64>load<f32>(a + ((<usize>i) << 2)) - <f64>load<f32>(b + ((<usize>i) << 2));
    first += d * d;
  }
  return first + f64x2.extract_lane(low, 1) + (f64x2.extract_lane(up, 0) + f64x2.extract_lane(up, 1));
}
