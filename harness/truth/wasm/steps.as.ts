// AssemblyScript (https://www.assemblyscript.org), compiled to steps.wasm by `npm run wasm`; TypeScript does not read it.
//
// Rounds vectors to 8 bits for the reference, in float32 and with one step for all of them: it shares nothing with the kernels that are
// compared with it (round.as.ts). `centre` is a vector that is taken from all (f32), 0: none; `factors` have one number for each vector
// (f32), 0: it is 1.

// @ts-ignore: decorator
@inline
function factorOf(factors: usize, i: i32): f32 {
  return factors == 0 ? 1 : load<f32>(factors + ((<usize>i) << 2));
}

/** The largest component of `count` vectors less the centre, times their factors, without its sign. */
export function largest(vectors: usize, count: i32, width: i32, centre: usize, factors: usize): f32 {
  const end = (<usize>width) << 2, whole = end & ~15;
  let most: f32 = 0;
  for (let i = 0; i < count; i++) {
    let four = f32x4.splat(0);
    for (let at: usize = 0; at < whole; at += 16) {
      let value = v128.load(vectors + at);
      if (centre != 0) value = f32x4.sub(value, v128.load(centre + at));
      four = f32x4.pmax(four, f32x4.abs(value));
    }
    let one = max(
      max(f32x4.extract_lane(four, 0), f32x4.extract_lane(four, 1)),
      max(f32x4.extract_lane(four, 2), f32x4.extract_lane(four, 3)),
    );
    for (let at = whole; at < end; at += 4) one = max(one, abs(valueAt(vectors, centre, at)));
    most = max(most, one * factorOf(factors, i));
    vectors += end;
  }
  return most;
}

// @ts-ignore: decorator
@inline
function valueAt(vector: usize, centre: usize, at: usize): f32 {
  const value = load<f32>(vector + at);
  return centre == 0 ? value : value - load<f32>(centre + at);
}

/** Writes the nearest whole number (i8) of each of these components times `factor`. */
export function round(
  vectors: usize, count: i32, width: i32, centre: usize, factors: usize, factor: f32, into: usize,
): void {
  const end = (<usize>width) << 2, whole = end & ~15;
  for (let i = 0; i < count; i++) {
    const own = factorOf(factors, i);
    const by = f32x4.splat(own), steps = f32x4.splat(factor);
    for (let at: usize = 0; at < whole; at += 16) {
      let value = v128.load(vectors + at);
      if (centre != 0) value = f32x4.sub(value, v128.load(centre + at));
      const number = f32x4.nearest(f32x4.mul(f32x4.mul(value, by), steps));
      const four = i32x4.trunc_sat_f32x4_s(number);
      const narrow = i16x8.narrow_i32x4_s(four, four);
      v128.store32_lane(into, i8x16.narrow_i16x8_s(narrow, narrow), 0);
      into += 4;
    }
    for (let at = whole; at < end; at += 4) {
      store<i8>(into, <i8>(<i32>nearest<f32>(valueAt(vectors, centre, at) * own * factor)));
      into++;
    }
    vectors += end;
  }
}
