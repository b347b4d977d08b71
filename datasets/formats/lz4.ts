/**
 * Unpacks LZ4 frames (LZ4 Frame Format 1.6, block format of the same), which Arrow's buffers are packed in. The libraries for
 * it are native or no longer kept; the format has not changed in ten years. Checksums, which Arrow does not write, are
 * passed over.
 *
 * @param size of the unpacked bytes, as Arrow states it
 * @throws Error for data that is no frame, or that is not of this size
 */
export function unpackLz4Frame(input: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (input.length < 7 || view.getUint32(0, true) !== 0x184d2204) throw new Error('is no LZ4 frame');
  const flags = input[4]!;
  if (flags >> 6 !== 1) throw new Error(`LZ4 frames of version ${flags >> 6} are not known`);
  const hasBlockChecksums = (flags & 0x10) !== 0;
  // Descriptor: flags, block size, content size, dictionary, checksum of the header.
  let at = 6 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0) + 1;
  const output = new Uint8Array(size);
  let done = 0;
  for (;;) {
    if (at + 4 > input.length) throw new Error('the LZ4 frame ends early');
    const header = view.getUint32(at, true);
    at += 4;
    if (header === 0) break;
    const bytes = header & 0x7fffffff;
    if (at + bytes > input.length) throw new Error('the LZ4 frame ends early');
    const block = input.subarray(at, at + bytes);
    if (header >>> 31 === 0) done = unpackBlock(block, output, done);
    else {
      if (done + bytes > size) throw tooLong(size);
      output.set(block, done);
      done += bytes;
    }
    at += bytes + (hasBlockChecksums ? 4 : 0);
  }
  if (done !== size) throw new Error(`the LZ4 frame has ${done} bytes, ${size} were announced`);
  return output;
}

/** A single block of LZ4, as Parquet has them (`LZ4_RAW`). Throws Error as `unpackLz4Frame`. */
export function unpackLz4Block(input: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const output = new Uint8Array(size);
  const done = unpackBlock(input, output, 0);
  if (done !== size) throw new Error(`an LZ4 block has ${done} bytes, ${size} were announced`);
  return output;
}

/**
 * Parquet's codec `LZ4`: blocks as Hadoop writes them, each behind its unpacked and its packed length (big-endian), or a
 * single block without lengths, as others did. Throws Error as `unpackLz4Frame`.
 */
export function unpackHadoopLz4(input: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  return hadoopBlocks(input, size) ?? unpackLz4Block(input, size);
}

function hadoopBlocks(input: Uint8Array, size: number): Uint8Array<ArrayBuffer> | undefined {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const output = new Uint8Array(size);
  let done = 0;
  for (let at = 0; at < input.length; ) {
    if (at + 8 > input.length) return undefined;
    const [bytes, packed] = [view.getUint32(at), view.getUint32(at + 4)];
    at += 8;
    if (bytes > size - done || packed > input.length - at) return undefined;
    try {
      if (unpackBlock(input.subarray(at, at + packed), output, done) !== done + bytes) return undefined;
    } catch {
      return undefined; // It begins with bytes that only look like lengths.
    }
    done += bytes;
    at += packed;
  }
  return done === size ? output : undefined;
}

/** A block's sequences: literals, then a copy of what stands before, also from earlier blocks. */
function unpackBlock(input: Uint8Array, output: Uint8Array, start: number): number {
  let at = 0;
  let done = start;
  const length = (nibble: number): number => {
    if (nibble < 15) return nibble;
    let sum = nibble;
    for (;;) {
      if (at >= input.length) throw new Error('an LZ4 block ends early');
      const byte = input[at++]!;
      sum += byte;
      if (byte !== 255) return sum;
    }
  };
  while (at < input.length) {
    const token = input[at++]!;
    const literals = length(token >> 4);
    if (at + literals > input.length) throw new Error('an LZ4 block ends early');
    if (done + literals > output.length) throw tooLong(output.length);
    output.set(input.subarray(at, at + literals), done);
    at += literals;
    done += literals;
    // The last sequence is literals alone.
    if (at === input.length) return done;
    if (at + 2 > input.length) throw new Error('an LZ4 block ends early');
    const back = input[at]! | (input[at + 1]! << 8);
    at += 2;
    const copied = length(token & 15) + 4;
    if (back === 0 || back > done) throw new Error('an LZ4 block refers to bytes before its beginning');
    if (done + copied > output.length) throw tooLong(output.length);
    // Byte by byte where the copy overlaps itself.
    if (back >= copied) output.copyWithin(done, done - back, done - back + copied);
    else for (let i = 0; i < copied; i++) output[done + i] = output[done + i - back]!;
    done += copied;
  }
  return done;
}

function tooLong(size: number): Error {
  return new Error(`LZ4 data is longer than the ${size} bytes that were announced`);
}
