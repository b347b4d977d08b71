import { Selection } from './selection.js';

export type Comparison = 'gt' | 'gte' | 'lt' | 'lte';

/** A condition on one value that is there. */
export type Test<Value> =
  | { op: Comparison; value: Value }
  | { op: 'in'; values: readonly Value[] }
  | { op: 'text'; holds: (text: string) => boolean };

/** Rows whose flag is set; code -1 is a row without a value. */
export function scanFlags(codes: Int32Array, flags: Uint8Array): Selection {
  const found = new Selection(codes.length);
  const { words } = found;
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    if (code >= 0) words[row >>> 5]! |= flags[code]! << (row & 31);
  }
  return found;
}

/**
 * Rows of a number column that pass; NaN, which stands for no value, passes nothing. Few loops, of one comparison
 * each: a function called for each row, or a loop that knows several operators, is several times slower.
 */
export function scanNumbers(values: Float64Array, test: Test<number>): Selection {
  switch (test.op) {
    case 'in':
      return test.values.length === 1 ? scanEqual(values, test.values[0]!) : scanSet(values, test.values);
    case 'gt':
      return scanAtLeast(values, nextAbove(test.value));
    case 'gte':
      return scanAtLeast(values, test.value);
    case 'lt':
      return scanAtMost(values, -nextAbove(-test.value));
    case 'lte':
      return scanAtMost(values, test.value);
    default:
      throw new RangeError('a condition on text meets numbers');
  }
}

/** The smallest float64 above `value`: above the one is from the other on. */
function nextAbove(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const bits = new BigInt64Array(1);
  const float = new Float64Array(bits.buffer);
  float[0] = value;
  bits[0]! += value > 0 ? 1n : -1n;
  return float[0]!;
}

function scanAtLeast(values: Float64Array, value: number): Selection {
  const found = new Selection(values.length);
  const { words } = found;
  for (let at = 0, row = 0; at < words.length; at++) {
    const end = Math.min(row + 32, values.length);
    let word = 0;
    for (let bit = 1; row < end; row++, bit <<= 1) word |= values[row]! >= value ? bit : 0;
    words[at] = word;
  }
  return found;
}

function scanAtMost(values: Float64Array, value: number): Selection {
  const found = new Selection(values.length);
  const { words } = found;
  for (let at = 0, row = 0; at < words.length; at++) {
    const end = Math.min(row + 32, values.length);
    let word = 0;
    for (let bit = 1; row < end; row++, bit <<= 1) word |= values[row]! <= value ? bit : 0;
    words[at] = word;
  }
  return found;
}

function scanEqual(values: Float64Array, value: number): Selection {
  const found = new Selection(values.length);
  const { words } = found;
  for (let at = 0, row = 0; at < words.length; at++) {
    const end = Math.min(row + 32, values.length);
    let word = 0;
    for (let bit = 1; row < end; row++, bit <<= 1) word |= values[row]! === value ? bit : 0;
    words[at] = word;
  }
  return found;
}

function scanSet(values: Float64Array, wanted: readonly number[]): Selection {
  const found = new Selection(values.length);
  const set = new Set(wanted);
  for (let row = 0; row < values.length; row++) if (set.has(values[row]!)) found.add(row);
  return found;
}

/** Rows of a 64-bit column that pass; rows without a value hold 0 and are for the caller to leave out. */
export function scanBig(values: BigInt64Array, test: Test<bigint>): Selection {
  const found = new Selection(values.length);
  if (test.op === 'text') throw new RangeError('a condition on text meets numbers');
  if (test.op === 'in') {
    const wanted = new Set(test.values);
    for (let row = 0; row < values.length; row++) if (wanted.has(values[row]!)) found.add(row);
    return found;
  }
  const { op, value } = test;
  for (let row = 0; row < values.length; row++) {
    const each = values[row]!;
    const holds =
      op === 'gt' ? each > value : op === 'gte' ? each >= value : op === 'lt' ? each < value : each <= value;
    if (holds) found.add(row);
  }
  return found;
}
