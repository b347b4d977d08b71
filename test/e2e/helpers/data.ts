import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { Random } from '../../../harness/measures/random.js';

/** Vectors of a test, one array per row. */
export type Vectors = number[][];

/** Reproducible vectors without structure, components from -1 to 1, exact in float32. */
export function randomVectors(count: number, dimensions: number, seed = 1): Vectors {
  const random = new Random(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: dimensions }, () => (random.below(2 ** 21) - 2 ** 20) / 2 ** 20),
  );
}

/** As numpy.save writes it: version 1.0, float32, C order. */
export function npy(vectors: Vectors): Buffer {
  const shape = `(${vectors.length}, ${vectors[0]?.length ?? 0})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  const padding = 64 - ((10 + text.length + 1) % 64);
  const header = Buffer.from(`${text}${' '.repeat(padding)}\n`, 'latin1');
  const start = Buffer.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length & 255,
    header.length >> 8,
  ]);
  return Buffer.concat([start, header, Buffer.from(Float32Array.from(vectors.flat()).buffer)]);
}

export function jsonl(vectors: Vectors, id: (row: number) => string = (row) => `p${row}`): string {
  return vectors.map((vector, row) => `${JSON.stringify({ id: id(row), vector })}\n`).join('');
}

export function parquet(vectors: Vectors): Uint8Array {
  const list = { repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' } as const;
  const buffer = parquetWriteBuffer({
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'vector', ...list },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
    ],
    columnData: [
      { name: 'id', data: vectors.map((_, row) => `p${row}`) },
      { name: 'vector', data: vectors },
    ],
  });
  return new Uint8Array(buffer);
}

export interface Hdf5Content {
  train: Vectors;
  test: Vectors;
  distance: string;
  neighbors?: number[][];
}

/** A file as ann-benchmarks makes it. */
export async function writeHdf5(folder: string, name: string, content: Hdf5Content): Promise<string> {
  const h5wasm = await import('h5wasm/node');
  await h5wasm.ready;
  const path = join(folder, name);
  const file = new h5wasm.File(path, 'w');
  const put = (dataset: string, rows: number[][], kind: 'f' | 'i') => {
    const flat = rows.flat();
    const data = kind === 'f' ? Float32Array.from(flat) : Int32Array.from(flat);
    file.create_dataset({ name: dataset, data, shape: [rows.length, rows[0]!.length], dtype: `<${kind}4` });
  };
  put('train', content.train, 'f');
  put('test', content.test, 'f');
  if (content.neighbors !== undefined) put('neighbors', content.neighbors, 'i');
  file.create_attribute('distance', content.distance);
  file.close();
  return path;
}
