import type { ByteSink } from '../sink.js';
import { bytesOfInts } from '../vecs/write.js';
import { type FormatWriter, type NeighborTable, VECTORS_ALONE } from '../writer.js';

export const npyWriter: FormatWriter = {
  ...VECTORS_ALONE,
  component: () => 'f4',
  neighbors: { beside: '.npy' },
  to: {
    kind: 'bytes',
    async open(sink, { count, dimensions }) {
      await sink.write(npyHead('<f4', [count, dimensions]));
      return {
        write: ({ vectors }) =>
          sink.write(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength)),
        finish: async () => {},
      };
    },
  },
};

export async function writeNpyNeighbors(sink: ByteSink, { count, k, rows }: NeighborTable): Promise<void> {
  await sink.write(npyHead('<i4', [count, k]));
  await sink.write(bytesOfInts(rows));
}

/** What stands before the values (numpy's NEP 1, version 1.0): filled with spaces to a multiple of 64 bytes. */
export function npyHead(descr: string, shape: readonly number[]): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const padding = 63 - ((10 + text.length) % 64);
  const body = `${text}${' '.repeat(padding)}\n`;
  const head = Buffer.alloc(10 + body.length);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(body.length, 8);
  head.write(body, 10, 'latin1');
  return head;
}
