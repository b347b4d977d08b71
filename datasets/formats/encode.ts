import { InputError } from '../../common/errors.js';
import { encodeFloat16 } from '../float16.js';
import { bytesOf, type NumberType, typeName } from './numbers.js';

const RANGES: Readonly<Partial<Record<NumberType, readonly [number, number]>>> = {
  u1: [0, 255],
  i1: [-128, 127],
  i4: [-(2 ** 31), 2 ** 31 - 1],
};

/**
 * Float32 components as little-endian numbers of another type. Integers must be whole and in range, halves in range:
 * nothing is cut off or rounded to another whole number.
 *
 * @param place where row `i` of these is
 * @throws InputError naming the first component that the type cannot hold
 */
export function encodeNumbers(
  values: Float32Array,
  type: NumberType,
  dimensions: number,
  place: (row: number) => string,
): Uint8Array {
  if (type === 'f4') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const refuse = (at: number): never => {
    throw new InputError(
      `component ${at % dimensions} of the vector is none that ${typeName(type)} can hold`,
      {
        where: place(Math.floor(at / dimensions)),
        got: values[at],
        next: 'write a format with float32 (.fbin, .fvecs, .npy, .parquet)',
      },
    );
  };
  const bytes = new Uint8Array(values.length * bytesOf(type));
  if (type === 'f2') {
    const far = values.findIndex((value) => Math.abs(value) >= 65520);
    if (far !== -1) refuse(far);
    const halves = new DataView(bytes.buffer);
    for (let at = 0; at < values.length; at++) halves.setUint16(at * 2, encodeFloat16(values[at]!), true);
    return bytes;
  }
  const range = RANGES[type];
  if (range === undefined) throw new Error(`${type} is not written`);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!Number.isInteger(value) || value < range[0] || value > range[1]) refuse(at);
    if (type === 'i4') view.setInt32(at * 4, value, true);
    else bytes[at] = value & 255;
  }
  return bytes;
}
