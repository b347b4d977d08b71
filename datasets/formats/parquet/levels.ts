/** Groups of eight of one run; a page has not more values. */
const MOST_GROUPS = 2 ** 24;

/**
 * Levels and dictionary indices of Parquet: runs of one value, or groups of eight bit-packed ones
 * (parquet-format, Encodings.md, "RLE / Bit-Packing Hybrid"). Into typed arrays, which for a column of lists is most of
 * the time of reading it.
 *
 * @param bytes exactly the encoded values, without a length before them
 * @param width bits of a value, at most 32
 * @param strict whether a run of one value must not go beyond what is asked for
 * @throws RangeError if they end too early
 */
export function decodeHybrid(
  bytes: Uint8Array,
  width: number,
  into: Uint8Array | Uint32Array,
  strict = false,
): void {
  const count = into.length;
  const valueBytes = (width + 7) >> 3;
  let at = 0;
  let seen = 0;
  while (seen < count) {
    let header = 0;
    let shift = 0;
    for (let byte = 0x80; byte >= 0x80; shift += 7) {
      if (shift > 28) throw new RangeError('a run of more than 32 bits');
      byte = byteAt(bytes, at++);
      header += (byte & 0x7f) * 2 ** shift;
    }
    const length = Math.floor(header / 2);
    if (header % 2 === 0) {
      let value = 0;
      for (let i = 0; i < valueBytes; i++) value += byteAt(bytes, at++) * 2 ** (8 * i);
      const end = Math.min(seen + length, count);
      if (length === 0) throw new RangeError('a run of no values');
      if (strict && length > count - seen) throw tooLong(length, count - seen);
      into.fill(value, seen, end);
      seen = end;
    } else {
      const values = Math.min(length * 8, count - seen);
      if (length === 0) throw new RangeError('a group of no values');
      if (length > MOST_GROUPS) throw tooLong(length * 8, count - seen);
      if (at + Math.ceil((values * width) / 8) > bytes.length) throw ended(bytes);
      if (width === 1) unpackBits(bytes, at, into, seen, values);
      else unpack(bytes, at, width, into, seen, values);
      at += length * width;
      seen += values;
    }
  }
}

/** Whether the encoded values are one run of `value`, at least `count` long, as levels without nulls are. */
export function isOneRun(bytes: Uint8Array, width: number, value: number, count: number): boolean {
  let header = 0;
  let at = 0;
  for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
    byte = bytes[at++] ?? 0;
    header += (byte & 0x7f) * 2 ** shift;
  }
  return width <= 8 && header % 2 === 0 && header / 2 === count && bytes[at] === value;
}

function unpackBits(
  bytes: Uint8Array,
  from: number,
  into: Uint8Array | Uint32Array,
  to: number,
  values: number,
): void {
  for (let i = 0; i < values; i++) into[to + i] = (bytes[from + (i >> 3)]! >> (i & 7)) & 1;
}

function unpack(
  bytes: Uint8Array,
  from: number,
  width: number,
  into: Uint8Array | Uint32Array,
  to: number,
  values: number,
): void {
  const modulus = 2 ** width;
  let at = from;
  // More bits than 32 may wait here, so that this is no integer of bit operations.
  let waiting = 0;
  let bits = 0;
  for (let i = 0; i < values; i++) {
    while (bits < width) {
      waiting += bytes[at++]! * 2 ** bits;
      bits += 8;
    }
    const rest = Math.floor(waiting / modulus);
    into[to + i] = waiting - rest * modulus;
    waiting = rest;
    bits -= width;
  }
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw ended(bytes);
  return byte;
}

function tooLong(length: number, left: number): RangeError {
  return new RangeError(`a run of ${length} values, where ${left} can be`);
}

function ended(bytes: Uint8Array): RangeError {
  return new RangeError(`levels or indices end after ${bytes.length} bytes`);
}

/** Bits that hold levels of at most `highest`. */
export function levelWidth(highest: number): number {
  return highest === 0 ? 0 : 32 - Math.clz32(highest);
}
