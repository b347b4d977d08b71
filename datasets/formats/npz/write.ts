import { npyHead } from '../npy/write.js';
import { bytesOfInts } from '../vecs/write.js';
import { type FormatWriter, VECTORS_ALONE } from '../writer.js';
import { ZipWriter } from './zip-writer.js';

/** `train`, `ids` (text), `test` and `neighbors`, stored as `np.savez` does. */
export const npzWriter: FormatWriter = {
  ...VECTORS_ALONE,
  component: () => 'f4',
  ids: true,
  idWidths: true,
  queries: 'inside',
  neighbors: 'inside',
  to: {
    kind: 'bytes',
    async open(sink, { count, dimensions, id, idWidth = 1 }) {
      const zip = new ZipWriter(sink);
      // Texts of numpy have one length, four bytes for each character.
      const texts: Uint8Array[] = [];
      await zip.member('train.npy');
      await zip.write(npyHead('<f4', [count, dimensions]));
      return {
        async write({ vectors, ids }) {
          await zip.write(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
          if (id !== null) texts.push(fixedTexts(ids, idWidth));
        },
        async queries({ count: rows, vectors, neighbors }) {
          await zip.member('test.npy');
          await zip.write(npyHead('<f4', [rows, dimensions]));
          await zip.write(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
          if (neighbors === undefined) return;
          await zip.member('neighbors.npy');
          await zip.write(npyHead('<i4', [neighbors.count, neighbors.k]));
          await zip.write(bytesOfInts(neighbors.rows));
        },
        async finish() {
          if (id !== null) {
            await zip.member('ids.npy');
            await zip.write(npyHead(`<U${idWidth}`, [count]));
            for (const each of texts) await zip.write(each);
          }
          await zip.end();
        },
      };
    },
  },
};

function fixedTexts(ids: readonly string[], width: number): Uint8Array {
  const codes = new Uint32Array(ids.length * width);
  for (const [i, id] of ids.entries()) {
    let at = i * width;
    for (const character of id) codes[at++] = character.codePointAt(0)!;
  }
  return new Uint8Array(codes.buffer);
}
