// AssemblyScript, a part of scan.as.ts; TypeScript does not read it.
//
// Sums in float64, to the bit those of `dot` and `squared` in harness/measures/distance.ts, whose four sums are the lanes here. Four
// pairs of vectors at a time: an addition waits for the one before it, so that one pair alone leaves the processor idle.

/** Squared norms of `count` vectors, one after the other. */
export function squaredNorms(vectors: usize, width: i32, count: i32, into: usize): void {
  const stride = (<usize>width) << 2;
  for (let i = 0; i < count; i += 4) {
    // The last ones, some of them more than once.
    const last = count - 1;
    const a = vectors + (<usize>i) * stride, b = vectors + (<usize>min(i + 1, last)) * stride;
    const c = vectors + (<usize>min(i + 2, last)) * stride, d = vectors + (<usize>min(i + 3, last)) * stride;
    const at = into + ((<usize>i) << 3), end = into + ((<usize>last) << 3);
    fourProducts(a, b, c, d, a, b, c, d, width, at, min(at + 8, end), min(at + 16, end), min(at + 24, end));
  }
}

/** Two numbers of float32 in float64, and the two behind them. */
// @ts-ignore: decorator
@inline
function two(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

// @ts-ignore: decorator
@inline
function next(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at, 8));
}

// @ts-ignore: decorator
@inline
function sumOf(first: f64, low: v128, up: v128): f64 {
  return first + f64x2.extract_lane(low, 1) + (f64x2.extract_lane(up, 0) + f64x2.extract_lane(up, 1));
}

/** The largest squared distance of `count` vectors from the mean (f64). */
export function farthest(vectors: usize, width: i32, count: i32, mean: usize): f64 {
  const end = (<usize>width) << 2, whole = end & ~31;
  let most: f64 = 0;
  for (let i = 0; i < count; i++) {
    let sum0 = f64x2.splat(0), sum1 = f64x2.splat(0), sum2 = f64x2.splat(0), sum3 = f64x2.splat(0);
    let from = mean;
    for (let at: usize = 0; at < whole; at += 32) {
      sum0 = addSquare(sum0, two(vectors + at), v128.load(from));
      sum1 = addSquare(sum1, next(vectors + at), v128.load(from, 16));
      sum2 = addSquare(sum2, two(vectors + at + 16), v128.load(from, 32));
      sum3 = addSquare(sum3, next(vectors + at + 16), v128.load(from, 48));
      from += 64;
    }
    const all = f64x2.add(f64x2.add(sum0, sum1), f64x2.add(sum2, sum3));
    let sum = f64x2.extract_lane(all, 0) + f64x2.extract_lane(all, 1);
    for (let at = whole; at < end; at += 4) {
      const apart = <f64>load<f32>(vectors + at) - load<f64>(mean + (at << 1));
      sum += apart * apart;
    }
    most = max(most, sum);
    vectors += end;
  }
  return most;
}

/** Inner products of four pairs of vectors, each written to an address of its own. */
export function fourProducts(
  a0: usize, a1: usize, a2: usize, a3: usize,
  b0: usize, b1: usize, b2: usize, b3: usize,
  width: i32,
  e0: usize, e1: usize, e2: usize, e3: usize,
): void {
  let low0 = f64x2.splat(0), low1 = f64x2.splat(0), low2 = f64x2.splat(0), low3 = f64x2.splat(0);
  let up0 = f64x2.splat(0), up1 = f64x2.splat(0), up2 = f64x2.splat(0), up3 = f64x2.splat(0);
  const whole = (<usize>(width & ~3)) << 2, end = (<usize>width) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    low0 = f64x2.add(low0, f64x2.mul(two(a0 + at), two(b0 + at)));
    up0 = f64x2.add(up0, f64x2.mul(next(a0 + at), next(b0 + at)));
    low1 = f64x2.add(low1, f64x2.mul(two(a1 + at), two(b1 + at)));
    up1 = f64x2.add(up1, f64x2.mul(next(a1 + at), next(b1 + at)));
    low2 = f64x2.add(low2, f64x2.mul(two(a2 + at), two(b2 + at)));
    up2 = f64x2.add(up2, f64x2.mul(next(a2 + at), next(b2 + at)));
    low3 = f64x2.add(low3, f64x2.mul(two(a3 + at), two(b3 + at)));
    up3 = f64x2.add(up3, f64x2.mul(next(a3 + at), next(b3 + at)));
  }
  let first0 = f64x2.extract_lane(low0, 0), first1 = f64x2.extract_lane(low1, 0);
  let first2 = f64x2.extract_lane(low2, 0), first3 = f64x2.extract_lane(low3, 0);
  for (let at = whole; at < end; at += 4) {
    first0 += <f64>load<f32>(a0 + at) * <f64>load<f32>(b0 + at);
    first1 += <f64>load<f32>(a1 + at) * <f64>load<f32>(b1 + at);
    first2 += <f64>load<f32>(a2 + at) * <f64>load<f32>(b2 + at);
    first3 += <f64>load<f32>(a3 + at) * <f64>load<f32>(b3 + at);
  }
  store<f64>(e0, sumOf(first0, low0, up0));
  store<f64>(e1, sumOf(first1, low1, up1));
  store<f64>(e2, sumOf(first2, low2, up2));
  store<f64>(e3, sumOf(first3, low3, up3));
}

/** The same of one vector `b` with four others: it is read once. */
export function productsOfOne(
  a0: usize, a1: usize, a2: usize, a3: usize,
  b: usize,
  width: i32,
  e0: usize, e1: usize, e2: usize, e3: usize,
): void {
  let low0 = f64x2.splat(0), low1 = f64x2.splat(0), low2 = f64x2.splat(0), low3 = f64x2.splat(0);
  let up0 = f64x2.splat(0), up1 = f64x2.splat(0), up2 = f64x2.splat(0), up3 = f64x2.splat(0);
  const whole = (<usize>(width & ~3)) << 2, end = (<usize>width) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    const x = two(b + at), y = next(b + at);
    low0 = f64x2.add(low0, f64x2.mul(two(a0 + at), x));
    up0 = f64x2.add(up0, f64x2.mul(next(a0 + at), y));
    low1 = f64x2.add(low1, f64x2.mul(two(a1 + at), x));
    up1 = f64x2.add(up1, f64x2.mul(next(a1 + at), y));
    low2 = f64x2.add(low2, f64x2.mul(two(a2 + at), x));
    up2 = f64x2.add(up2, f64x2.mul(next(a2 + at), y));
    low3 = f64x2.add(low3, f64x2.mul(two(a3 + at), x));
    up3 = f64x2.add(up3, f64x2.mul(next(a3 + at), y));
  }
  let first0 = f64x2.extract_lane(low0, 0), first1 = f64x2.extract_lane(low1, 0);
  let first2 = f64x2.extract_lane(low2, 0), first3 = f64x2.extract_lane(low3, 0);
  for (let at = whole; at < end; at += 4) {
    const x = <f64>load<f32>(b + at);
    first0 += <f64>load<f32>(a0 + at) * x;
    first1 += <f64>load<f32>(a1 + at) * x;
    first2 += <f64>load<f32>(a2 + at) * x;
    first3 += <f64>load<f32>(a3 + at) * x;
  }
  store<f64>(e0, sumOf(first0, low0, up0));
  store<f64>(e1, sumOf(first1, low1, up1));
  store<f64>(e2, sumOf(first2, low2, up2));
  store<f64>(e3, sumOf(first3, low3, up3));
}

/** The sum and the square of a difference. */
// @ts-ignore: decorator
@inline
function addSquare(sum: v128, x: v128, y: v128): v128 {
  const d = f64x2.sub(x, y);
  return f64x2.add(sum, f64x2.mul(d, d));
}

// @ts-ignore: decorator
@inline
function squareAt(a: usize, b: usize): f64 {
  const d = <f64>load<f32>(a) - <f64>load<f32>(b);
  return d * d;
}

/** Squared Euclidean distances of four pairs. */
export function fourSquares(
  a0: usize, a1: usize, a2: usize, a3: usize,
  b0: usize, b1: usize, b2: usize, b3: usize,
  width: i32,
  e0: usize, e1: usize, e2: usize, e3: usize,
): void {
  let low0 = f64x2.splat(0), low1 = f64x2.splat(0), low2 = f64x2.splat(0), low3 = f64x2.splat(0);
  let up0 = f64x2.splat(0), up1 = f64x2.splat(0), up2 = f64x2.splat(0), up3 = f64x2.splat(0);
  const whole = (<usize>(width & ~3)) << 2, end = (<usize>width) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    low0 = addSquare(low0, two(a0 + at), two(b0 + at));
    up0 = addSquare(up0, next(a0 + at), next(b0 + at));
    low1 = addSquare(low1, two(a1 + at), two(b1 + at));
    up1 = addSquare(up1, next(a1 + at), next(b1 + at));
    low2 = addSquare(low2, two(a2 + at), two(b2 + at));
    up2 = addSquare(up2, next(a2 + at), next(b2 + at));
    low3 = addSquare(low3, two(a3 + at), two(b3 + at));
    up3 = addSquare(up3, next(a3 + at), next(b3 + at));
  }
  let first0 = f64x2.extract_lane(low0, 0), first1 = f64x2.extract_lane(low1, 0);
  let first2 = f64x2.extract_lane(low2, 0), first3 = f64x2.extract_lane(low3, 0);
  for (let at = whole; at < end; at += 4) {
    first0 += squareAt(a0 + at, b0 + at);
    first1 += squareAt(a1 + at, b1 + at);
    first2 += squareAt(a2 + at, b2 + at);
    first3 += squareAt(a3 + at, b3 + at);
  }
  store<f64>(e0, sumOf(first0, low0, up0));
  store<f64>(e1, sumOf(first1, low1, up1));
  store<f64>(e2, sumOf(first2, low2, up2));
  store<f64>(e3, sumOf(first3, low3, up3));
}

/** The same of one vector `b` with four others. */
export function squaresOfOne(
  a0: usize, a1: usize, a2: usize, a3: usize,
  b: usize,
  width: i32,
  e0: usize, e1: usize, e2: usize, e3: usize,
): void {
  let low0 = f64x2.splat(0), low1 = f64x2.splat(0), low2 = f64x2.splat(0), low3 = f64x2.splat(0);
  let up0 = f64x2.splat(0), up1 = f64x2.splat(0), up2 = f64x2.splat(0), up3 = f64x2.splat(0);
  const whole = (<usize>(width & ~3)) << 2, end = (<usize>width) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    const x = two(b + at), y = next(b + at);
    low0 = addSquare(low0, two(a0 + at), x);
    up0 = addSquare(up0, next(a0 + at), y);
    low1 = addSquare(low1, two(a1 + at), x);
    up1 = addSquare(up1, next(a1 + at), y);
    low2 = addSquare(low2, two(a2 + at), x);
    up2 = addSquare(up2, next(a2 + at), y);
    low3 = addSquare(low3, two(a3 + at), x);
    up3 = addSquare(up3, next(a3 + at), y);
  }
  let first0 = f64x2.extract_lane(low0, 0), first1 = f64x2.extract_lane(low1, 0);
  let first2 = f64x2.extract_lane(low2, 0), first3 = f64x2.extract_lane(low3, 0);
  for (let at = whole; at < end; at += 4) {
    first0 += squareAt(a0 + at, b + at);
    first1 += squareAt(a1 + at, b + at);
    first2 += squareAt(a2 + at, b + at);
    first3 += squareAt(a3 + at, b + at);
  }
  store<f64>(e0, sumOf(first0, low0, up0));
  store<f64>(e1, sumOf(first1, low1, up1));
  store<f64>(e2, sumOf(first2, low2, up2));
  store<f64>(e3, sumOf(first3, low3, up3));
}
