import { encodeNumbers } from '../encode.js';
import { bytesOf, type NumberType } from '../numbers.js';
import { withoutPacking } from '../packed.js';
import type { ByteSink } from '../sink.js';
import { type FormatWriter, type NeighborTable, VECTORS_ALONE } from '../writer.js';
import { vecsType } from './open.js';

/** fvecs, bvecs, ivecs. */
export const vecsWriter: FormatWriter = {
  ...VECTORS_ALONE,
  component: (path) => vecsType(withoutPacking(path)),
  neighbors: { beside: '.ivecs' },
  to: {
    kind: 'bytes',
    async open(sink, { dimensions, path, place }) {
      const type = vecsType(withoutPacking(path));
      return {
        async write({ vectors, start }) {
          const numbers = encodeNumbers(vectors, type, dimensions, (row) => place(start + row));
          await sink.write(withDimensions(numbers, dimensions, type));
        },
        finish: async () => {},
      };
    },
  },
};

/** Each row behind its number of dimensions. */
function withDimensions(numbers: Uint8Array, dimensions: number, type: NumberType): Uint8Array {
  const rowBytes = dimensions * bytesOf(type);
  const rows = numbers.length / rowBytes;
  const bytes = new Uint8Array(rows * (4 + rowBytes));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < rows; i++) {
    view.setInt32(i * (4 + rowBytes), dimensions, true);
    bytes.set(numbers.subarray(i * rowBytes, (i + 1) * rowBytes), i * (4 + rowBytes) + 4);
  }
  return bytes;
}

export async function writeIvecs(sink: ByteSink, { rows, k }: NeighborTable): Promise<void> {
  await sink.write(withDimensions(bytesOfInts(rows), k, 'i4'));
}

/** Little-endian, as every machine that Node runs on has them. */
export function bytesOfInts(rows: Int32Array): Uint8Array {
  return new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
}
