import * as zlib from 'node:zlib';
import { decompress } from 'fzstd';
import type { Compressors } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { unpackHadoopLz4, unpackLz4Block } from '../lz4.js';

type Native = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

/** Node's own decoders where it has them (zstd from 22.15 on), several times as fast; the library's for the rest. */
const DECODERS: Compressors = {
  ...compressors,
  GZIP: native(zlib.gunzipSync),
  BROTLI: native(zlib.brotliDecompressSync),
  // Into a buffer of the announced size: without one it takes what the data says.
  ZSTD: (bytes, length) => decompress(bytes, new Uint8Array(length)),
  // The library's own goes on for ever where a length is negative.
  LZ4: unpackHadoopLz4,
  LZ4_RAW: unpackLz4Block,
  ...zstd((zlib as unknown as { zstdDecompressSync?: Native }).zstdDecompressSync),
};

/** Writers end pages after about a megabyte. */
const HARMLESS = 2 ** 26;
const MOST_RATIO = 10;

/** Memory is allocated for the size that a page announces, so one that cannot be is refused before. */
export const COMPRESSORS: Compressors = Object.fromEntries(
  Object.entries(DECODERS).map(([name, decode]) => [
    name,
    (bytes: Uint8Array, length: number) => {
      if (length < 0 || (length > HARMLESS && length > bytes.length * MOST_RATIO))
        throw new RangeError(`a page of ${bytes.length} bytes announces ${length} when unpacked`);
      return decode(bytes, length);
    },
  ]),
);

function zstd(decode: Native | undefined): Compressors {
  return decode === undefined ? {} : { ZSTD: native(decode) };
}

/** Pages say how large they are; more than that is not unpacked. */
function native(decode: Native): (bytes: Uint8Array, length: number) => Uint8Array {
  return (bytes, length) => {
    if (length === 0) return new Uint8Array(0);
    return decode(bytes, { maxOutputLength: length });
  };
}
