import { createHash } from 'node:crypto';
import { FailureError } from '../../../common/errors.js';
import type { Metric } from '../../dataset.js';
import { type FormatWriter, VECTORS_ALONE } from '../writer.js';
import { openHdf5File } from './file.js';

/** Names of the metrics in ann-benchmarks' files. */
export const HDF5_DISTANCE: Readonly<Record<Metric, string>> = {
  cosine: 'angular',
  l2: 'euclidean',
  dot: 'dot',
  hamming: 'hamming',
  jaccard: 'jaccard',
};

/** ann-benchmarks' layout: `train`, `test`, `neighbors`, `distances`, and the attribute `distance`. */
export const hdf5Writer: FormatWriter = {
  ...VECTORS_ALONE,
  component: () => 'f4',
  queries: 'inside',
  neighbors: 'inside',
  metric: true,
  to: {
    kind: 'file',
    async open(temporary, { count, dimensions, metric, path }) {
      const { Dataset, File, ready } = await import('h5wasm/node');
      (await ready).activate_throwing_error_handler();
      const file = new File(temporary, 'w');
      const hash = createHash('sha256');
      const chunk = [Math.max(1, Math.min(count, Math.floor((1 << 18) / dimensions))), dimensions];
      file.create_attribute('distance', HDF5_DISTANCE[metric]);
      let open = true;
      const close = () => {
        if (open) file.close();
        open = false;
      };
      return {
        async write({ start, count: rows, vectors }) {
          hash.update(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
          const shape = [start + rows, dimensions];
          if (start === 0) {
            file.create_dataset({
              name: 'train',
              data: vectors,
              shape,
              dtype: '<f4',
              maxshape: [null, dimensions],
              chunks: chunk,
            });
            return;
          }
          const train = file.get('train');
          if (!(train instanceof Dataset)) throw new Error('the table "train" is gone');
          train.resize(shape);
          train.write_slice(
            [
              [start, start + rows],
              [0, dimensions],
            ],
            vectors,
          );
        },
        async queries({ count: rows, vectors, neighbors }) {
          file.create_dataset({ name: 'test', data: vectors, shape: [rows, dimensions], dtype: '<f4' });
          if (neighbors === undefined) return;
          const shape = [neighbors.count, neighbors.k];
          file.create_dataset({ name: 'neighbors', data: neighbors.rows, shape, dtype: '<i4' });
          const { distances } = neighbors;
          if (distances !== undefined)
            file.create_dataset({ name: 'distances', data: distances, shape, dtype: '<f4' });
        },
        async finish() {
          close();
          await verify(temporary, path, hash.digest('hex'));
        },
        abandon: close,
      };
    },
  },
};

/** The library does not tell of a full disk: what was written is read again. */
async function verify(temporary: string, path: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  const file = await openHdf5File(temporary);
  try {
    const train = file.table('train')!;
    const step = Math.max(1, Math.floor((1 << 20) / train.columns));
    for (let start = 0; start < train.rows; start += step) {
      const { buffer, byteOffset, byteLength } = train.read(
        start,
        Math.min(step, train.rows - start),
      ) as unknown as Float32Array;
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
  } finally {
    file.close();
  }
  if (hash.digest('hex') === expected) return;
  throw new FailureError('reads back other values than were written', {
    where: path,
    next: 'make room on the disk, and convert again',
  });
}
