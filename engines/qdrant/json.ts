export { fromJson } from '../kit/long-json.js';

/** What JSON can hold here: 64-bit integers come and go as bigint beyond ±(2^53 - 1). */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  /** A vector, as a list of numbers; read as float32, so that the shortest text of each is exact. */
  | Float32Array
  | readonly Json[]
  | { readonly [key: string]: Json };

/**
 * JSON that the server reads as the same values. Beside bigints it writes two kinds of numbers in another way than
 * JSON.stringify: those beyond 2^53, which the server would take for integers, and floats that it would misread.
 */
export function toJson(value: Json): string {
  switch (typeof value) {
    case 'number':
      return numberText(value);
    case 'bigint':
      return String(value);
    case 'object': {
      if (value === null) return 'null';
      if (value instanceof Float32Array) return vectorText(value);
      if (Array.isArray(value)) return `[${value.map((each: Json) => toJson(each ?? null)).join(',')}]`;
      const pairs = Object.entries(value as { readonly [key: string]: Json }).filter(
        ([, each]) => each !== undefined,
      );
      return `{${pairs.map(([key, each]) => `${JSON.stringify(key)}:${toJson(each)}`).join(',')}}`;
    }
    default:
      return JSON.stringify(value);
  }
}

function vectorText(vector: Float32Array): string {
  const text = JSON.stringify(Array.from(vector));
  if (!hasNegativeZero(vector)) return text;
  return `[${Array.from(vector, (value) => (Object.is(value, -0) ? '-0.0' : String(value))).join(',')}]`;
}

/** JSON.stringify writes it as 0. */
export function hasNegativeZero(vector: Float32Array): boolean {
  return new Int32Array(vector.buffer, vector.byteOffset, vector.length).includes(-(2 ** 31));
}

/** Throws RangeError for NaN and infinities, which JSON would turn into null. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} cannot be written as JSON`);
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  return floatText(value);
}

/** Digits that the server's parser takes at once, and the most that fit into its 64 bits. */
const DIGITS = [17, 18, 19];
const TRIES = 40;

/**
 * The server's JSON parser (serde_json without `float_roundtrip`) multiplies or divides the digits by a power of ten
 * and rounds twice: it misreads one in five of random float64 by one unit in the last place. Texts near the value
 * are tried until one is read right by it and by a correct parser; for fewer than 1 in 100 random values there is none,
 * and they keep the plain text.
 */
export function floatText(value: number): string {
  const plain = value.toExponential();
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  const [mantissa, exponent] = partsOf(size.toExponential());
  if (readByServer(mantissa, exponent) === size) return plain;
  for (const digits of DIGITS) {
    const [near, power] = partsOf(size.toExponential(digits - 1));
    const step = 5n ** BigInt(digits - 17);
    for (let i = 0; i <= TRIES; i++) {
      for (const each of [near + BigInt(i) * step, near - BigInt(i) * step]) {
        const text = `${each}e${power}`;
        if (readByServer(each, power) === size && Number(text) === size) return sign + text;
      }
    }
  }
  return plain;
}

/** `1.25e+7` as 125 and 5. */
function partsOf(text: string): [mantissa: bigint, exponent: number] {
  const [digits, exponent] = text.split('e') as [string, string];
  const decimals = digits.length > 1 ? digits.length - 2 : 0;
  return [BigInt(digits.replace('.', '')), Number(exponent) - decimals];
}

/** What serde_json 1.0 makes of digits and an exponent. */
function readByServer(mantissa: bigint, exponent: number): number {
  let value = Number(mantissa);
  let rest = exponent;
  for (; rest < -308; rest += 308) value /= 1e308;
  if (rest > 308) return Number.NaN;
  return rest >= 0 ? value * Number(`1e${rest}`) : value / Number(`1e${-rest}`);
}

/** Whether JSON.stringify would lose something: a bigint, the sign of a zero, a float that the server would misread or take for an integer. */
export function needsExactJson(value: Json): boolean {
  if (typeof value === 'bigint') return true;
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return true;
    if (!Number.isFinite(value) || Number.isSafeInteger(value)) return false;
    // Written with all digits, it would be taken for an integer.
    if (Number.isInteger(value) && Math.abs(value) < 1e21) return true;
    return floatText(value) !== value.toExponential();
  }
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Float32Array) return hasNegativeZero(value);
  return Object.values(value).some(needsExactJson);
}
