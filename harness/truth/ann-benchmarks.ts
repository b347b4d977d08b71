import { randomUUID } from 'node:crypto';
import type { File } from 'h5wasm';
import { writeFileAtomic } from '../../common/files.js';
import { isBitMetric, type Metric } from '../../datasets/dataset.js';
import { HDF5_DISTANCE } from '../../datasets/formats/hdf5/write.js';
import type { Truth } from '../model/samples.js';

/** What a file for ann-benchmarks holds beside the neighbours. */
export interface TruthData {
  dimensions: number;
  /** Row-major. */
  train: Float32Array;
  test: Float32Array;
}

/**
 * Writes a truth as ann-benchmarks reads it: made in memory and then written like any other file, since the HDF5 library does not report
 * a full disk. Beside the vectors, distances by `hamming` are shares of the bits, and vectors of `jaccard` are lists of their bits, as there.
 */
export async function writeHdf5(
  path: string,
  truth: Truth,
  metric: Metric,
  data: TruthData | undefined,
): Promise<void> {
  const h5wasm = await import('h5wasm');
  const { FS } = await h5wasm.ready;
  const name = `truth-${randomUUID()}.h5`;
  const shape = [truth.count, truth.depth];
  const file = new h5wasm.File(name, 'w');
  const unit = data !== undefined && metric === 'hamming' ? data.dimensions : 1;
  try {
    file.create_dataset({ name: 'neighbors', data: truth.rows, shape, dtype: '<i4' });
    const distances = Float32Array.from(truth.distances, (distance) => distance / unit);
    file.create_dataset({ name: 'distances', data: distances, shape, dtype: '<f4' });
    file.create_attribute('distance', HDF5_DISTANCE[metric]);
    if (data !== undefined) writeData(file, data, metric);
    file.close();
    writeFileAtomic(path, FS.readFile(name));
  } finally {
    FS.unlink(name);
  }
}

/** The vectors, and what ann-benchmarks' own files say of themselves. */
function writeData(file: File, data: TruthData, metric: Metric): void {
  const { dimensions } = data;
  const bits = isBitMetric(metric);
  const sparse = metric === 'jaccard';
  for (const name of ['train', 'test'] as const) {
    if (sparse) writeLists(file, name, data);
    else
      file.create_dataset({
        name,
        data: bits ? Uint8Array.from(data[name]) : data[name],
        shape: [data[name].length / dimensions, dimensions],
        dtype: bits ? '<B' : '<f4',
      });
  }
  file.create_attribute('type', sparse ? 'sparse' : 'dense');
  file.create_attribute('point_type', bits ? 'bit' : 'float');
  file.create_attribute('dimension', dimensions);
}

/** By vector the numbers of its bits, one list after the other, and how many they are. */
function writeLists(file: File, name: 'train' | 'test', { [name]: values, dimensions }: TruthData): void {
  const sizes = new Int32Array(values.length / dimensions);
  const numbers: number[] = [];
  for (let at = 0; at < values.length; at++) {
    if (values[at] === 0) continue;
    sizes[Math.floor(at / dimensions)]! += 1;
    numbers.push(at % dimensions);
  }
  file.create_dataset({ name, data: Int32Array.from(numbers), shape: [numbers.length], dtype: '<i4' });
  file.create_dataset({ name: `size_${name}`, data: sizes, shape: [sizes.length], dtype: '<i4' });
}
