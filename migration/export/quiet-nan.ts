import type { DenseType, DenseValues } from '../../engines/contract/vectors.js';

/**
 * NaNs of any payload and sign as the quiet one without a sign, which is all that a file of numbers and another language
 * keep of them; the same array where there are none.
 */
export function quietNaNs(type: DenseType, values: DenseValues): DenseValues {
  switch (type) {
    case 'f32':
      return hasNaN(values as Float32Array) ? quietFloats(values as Float32Array) : values;
    case 'f16':
      return quietBits(values as Uint16Array, 0x7c00, 0x7e00);
    case 'bf16':
      return quietBits(values as Uint16Array, 0x7f80, 0x7fc0);
    default:
      return values;
  }
}

/** Infinities show as NaN here, too: they are told apart one by one, which is rare. */
function hasNaN(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * 0;
  return Number.isNaN(sum);
}

const QUIET = 0x7fc00000;

function quietFloats(values: Float32Array): Float32Array {
  const copy = Float32Array.from(values);
  // As bits: what an engine stores for a NaN that passes through a number is its own choice.
  const bits = new Uint32Array(copy.buffer);
  for (let i = 0; i < copy.length; i++) if (Number.isNaN(copy[i])) bits[i] = QUIET;
  return copy;
}

function quietBits(values: Uint16Array, infinity: number, quiet: number): Uint16Array {
  const first = values.findIndex((bits) => (bits & 0x7fff) > infinity);
  if (first < 0) return values;
  return values.map((bits) => ((bits & 0x7fff) > infinity ? quiet : bits));
}
