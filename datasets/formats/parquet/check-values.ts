import type { DecodedArray, ParquetType } from 'hyparquet';
import { decodeHybrid } from './levels.js';

/**
 * Throws RangeError for values whose encoding the library would read beyond, or count through without end: lengths and
 * places that lead out of the page, runs that are longer than the page, blocks of negative size.
 *
 * @param encoded of one page, unpacked, without levels
 * @param count values that are stored
 * @param width bytes of a value of fixed length
 */
export function checkValues(
  encoded: Uint8Array,
  count: number,
  encoding: string,
  type: ParquetType,
  width: number | undefined,
  dictionary: DecodedArray | undefined,
): void {
  if (encoding === 'PLAIN') checkPlain(encoded, count, type, width);
  else if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY')
    checkPlaces(encoded, count, dictionary?.length ?? 0);
  else if (encoding === 'RLE') checkBooleans(encoded, count);
  else if (encoding === 'BYTE_STREAM_SPLIT') fits(encoded, count * (widthOf(type, width) ?? 0));
  else if (encoding === 'DELTA_BINARY_PACKED') deltas(new Bits(encoded), count);
  else if (encoding === 'DELTA_LENGTH_BYTE_ARRAY') {
    const bits = new Bits(encoded);
    const bytes = sumOf(deltas(bits, count));
    fits(encoded, bytes + bits.at);
  } else if (encoding === 'DELTA_BYTE_ARRAY') checkPrefixes(encoded, count);
  else throw new Error(`encoding ${encoding} is not known`);
}

function fits(encoded: Uint8Array, needed: number): void {
  if (needed > encoded.length)
    throw new RangeError(`a page has ${encoded.length} bytes of values, ${needed} are needed`);
}

const WIDTHS: Readonly<Partial<Record<ParquetType, number>>> = {
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
};

function widthOf(type: ParquetType, width: number | undefined): number | undefined {
  return type === 'FIXED_LEN_BYTE_ARRAY' ? (width ?? 0) : WIDTHS[type];
}

/** Also of a dictionary's page, which is plain. */
export function checkPlain(
  encoded: Uint8Array,
  count: number,
  type: ParquetType,
  width: number | undefined,
): void {
  const bytes = type === 'BOOLEAN' ? 1 / 8 : widthOf(type, width);
  if (bytes !== undefined) {
    fits(encoded, Math.ceil(count * bytes));
    return;
  }
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  let at = 0;
  for (let i = 0; i < count; i++) {
    fits(encoded, at + 4);
    at += 4 + view.getUint32(at, true);
  }
  fits(encoded, at);
}

function checkPlaces(encoded: Uint8Array, count: number, known: number): void {
  const width = encoded[0] ?? 0;
  if (width > 32) throw new RangeError(`places in a dictionary of ${width} bits`);
  const places = new Uint32Array(count);
  if (width > 0) decodeHybrid(encoded.subarray(1), width, places, true);
  for (let i = 0; i < count; i++) {
    if (places[i]! >= known) throw new RangeError(`place ${places[i]} in a dictionary of ${known} values`);
  }
}

function checkBooleans(encoded: Uint8Array, count: number): void {
  if (count === 0) return;
  fits(encoded, 4);
  const length = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength).getUint32(0, true);
  fits(encoded, 4 + length);
  decodeHybrid(encoded.subarray(4, 4 + length), 1, new Uint8Array(count), true);
}

function checkPrefixes(encoded: Uint8Array, count: number): void {
  const bits = new Bits(encoded);
  const prefixes = deltas(bits, count);
  const suffixes = deltas(bits, count);
  let before = 0;
  for (let i = 0; i < count; i++) {
    if (prefixes[i]! < 0 || prefixes[i]! > before)
      throw new RangeError(`a value begins with ${prefixes[i]} bytes of one of ${before}`);
    before = prefixes[i]! + suffixes[i]!;
  }
  fits(encoded, sumOf(suffixes) + bits.at);
}

function sumOf(lengths: Float64Array): number {
  let sum = 0;
  for (const length of lengths) {
    if (length < 0) throw new RangeError(`a value of ${length} bytes`);
    sum += length;
  }
  return sum;
}

/** Values per block and its parts; writers use 128 and 4. */
const MOST_BLOCK = 2 ** 20;

/** The numbers of a DELTA_BINARY_PACKED part, exact for lengths; what follows is at `bits.at`. */
function deltas(bits: Bits, count: number): Float64Array {
  const block = bits.varint();
  const parts = bits.varint();
  const total = bits.varint();
  let value = Number(bits.zigzag());
  if (parts < 1 || block < 8 || block > MOST_BLOCK || block % parts !== 0 || (block / parts) % 8 !== 0)
    throw new RangeError(`blocks of ${block} values in ${parts} parts`);
  if (total < count) throw new RangeError(`a page has ${total} of ${count} values`);
  const values = new Float64Array(count);
  if (count > 0) values[0] = value;
  const each = block / parts;
  for (let done = 1; done < count; ) {
    const least = Number(bits.zigzag());
    const widths = bits.take(parts);
    for (let part = 0; part < parts && done < count; part++) {
      const width = widths[part]!;
      if (width > 64) throw new RangeError(`deltas of ${width} bits`);
      const packed = bits.take((each * width) / 8);
      for (let i = 0; i < each && done < count; i++) {
        value += least + unpacked(packed, i * width, width);
        values[done++] = value;
      }
    }
  }
  return values;
}

function unpacked(bytes: Uint8Array, from: number, width: number): number {
  let value = 0;
  for (let bit = 0; bit < width; ) {
    const at = from + bit;
    const take = Math.min(8 - (at & 7), width - bit);
    value += ((bytes[at >> 3]! >> (at & 7)) & ((1 << take) - 1)) * 2 ** bit;
    bit += take;
  }
  return value;
}

class Bits {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.#bytes.length)
      throw new RangeError(`values end after ${this.#bytes.length} bytes`);
    const bytes = this.#bytes.subarray(this.at, this.at + count);
    this.at += count;
    return bytes;
  }

  varint(): number {
    const value = this.#varint();
    if (value > 2n ** 31n) throw new RangeError(`a count of ${value}`);
    return Number(value);
  }

  zigzag(): bigint {
    const value = this.#varint();
    return (value >> 1n) ^ -(value & 1n);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const [byte] = this.take(1);
      if (shift > 63n) throw new RangeError('a number of more than 64 bits');
      value |= BigInt(byte! & 0x7f) << shift;
      if (byte! < 0x80) return value;
    }
  }
}
