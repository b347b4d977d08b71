/** All 65,536 half-precision values as float32, built once on first use (256 KiB). */
let table: Float32Array | undefined;

function halfTable(): Float32Array {
  if (table !== undefined) return table;
  const values = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) values[bits] = decodeHalf(bits);
  table = values;
  return values;
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */
function decodeHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Decodes `count` half-precision values into float32 (exact: every half is a float32).
 *
 * @param bytes the values, two bytes each, from `bytes[0]`
 * @param into written at `into[at .. at+count]`
 */
export function decodeFloat16(
  bytes: Uint8Array,
  count: number,
  into: Float32Array,
  at = 0,
  littleEndian = true,
): void {
  const values = halfTable();
  const low = littleEndian ? 0 : 1;
  const high = 1 - low;
  for (let i = 0, b = 0; i < count; i++, b += 2) {
    into[at + i] = values[bytes[b + low]! | (bytes[b + high]! << 8)]!;
  }
}

/** Bits of the half nearest to `value` (ties to even); too large becomes infinite, as the standard says. */
export function encodeFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24);
  let exponent = Math.floor(Math.log2(size));
  if (2 ** exponent > size) exponent--;
  if (2 ** (exponent + 1) <= size) exponent++;
  // A fraction that rounds up to 1024 carries into the exponent by plain addition.
  return sign | (((exponent + 15) << 10) + roundEven((size / 2 ** exponent - 1) * 1024));
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 === 1)) return floor + 1;
  return floor;
}
