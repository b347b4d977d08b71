/** Numbers of 16 bits as their bits, and as float32: half precision (IEEE 754 binary16) and bfloat16. */

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** Exact: every half is a float32. */
export function halvesToFloats(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, halfToFloat);
}

/** The nearest halves, of two equally near ones the even; beyond the range, infinity. */
export function floatsToHalves(values: ArrayLike<number>): Uint16Array {
  return Uint16Array.from(values, floatToHalf);
}

function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function floatToHalf(value: number): number {
  floats[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  if (Number.isNaN(value)) return sign | 0x7e00;
  const size = Math.abs(floats[0]!);
  if (size >= 65_520) return sign | 0x7c00;
  // Below the normal numbers the step is 2^-24; above, 1024 steps lie between two powers of two. Carries fit.
  if (size < 2 ** -14) return sign | nearestEven(size * 2 ** 24);
  const exponent = ((bits[0]! >>> 23) & 0xff) - 127;
  return sign | (((exponent + 14) << 10) + nearestEven(size * 2 ** (10 - exponent)));
}

function nearestEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

/** Exact: a bfloat16 is the upper half of a float32. */
export function brainsToFloats(brains: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(brains, (each) => each * 2 ** 16).buffer);
}

/** The nearest bfloat16, of two equally near ones the even. */
export function floatsToBrains(values: ArrayLike<number>): Uint16Array {
  return Uint16Array.from(values, (value) => {
    floats[0] = value;
    if (Number.isNaN(value)) return 0x7fc0;
    const whole = bits[0]!;
    return (whole + 0x7fff + ((whole >>> 16) & 1)) >>> 16;
  });
}
