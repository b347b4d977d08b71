import { encodeNumbers } from '../encode.js';
import { withoutPacking } from '../packed.js';
import type { ByteSink } from '../sink.js';
import { bytesOfInts } from '../vecs/write.js';
import { type FormatWriter, type NeighborTable, VECTORS_ALONE } from '../writer.js';
import { binType } from './open.js';

/** fbin, f16bin, u8bin, i8bin, ibin. */
export const binWriter: FormatWriter = {
  ...VECTORS_ALONE,
  component: (path) => binType(withoutPacking(path)),
  // big-ann-benchmarks' ground truth has the ids, then the distances.
  neighbors: { beside: '.ibin', distances: '.bin' },
  to: {
    kind: 'bytes',
    async open(sink, { count, dimensions, path, place }) {
      const type = binType(withoutPacking(path));
      await sink.write(header(count, dimensions));
      return {
        write: ({ vectors, start }) =>
          sink.write(encodeNumbers(vectors, type, dimensions, (row) => place(start + row))),
        finish: async () => {},
      };
    },
  },
};

function header(count: number, dimensions: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(count, dimensions).buffer);
}

export async function writeGroundTruth(sink: ByteSink, table: NeighborTable): Promise<void> {
  const { count, k, rows, distances } = table;
  await sink.write(header(count, k));
  await sink.write(bytesOfInts(rows));
  if (distances !== undefined)
    await sink.write(new Uint8Array(distances.buffer, distances.byteOffset, distances.byteLength));
}
