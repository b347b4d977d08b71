import { createHash, randomUUID } from 'node:crypto';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { writeFileAtomic } from '../../common/files.js';
import type { Metric } from '../../datasets/dataset.js';
import { list } from './files.js';
import { type RowsWithin, startsOf } from './within.js';

export interface RangeFacts {
  metric: Metric;
  /** The distance within which all rows are; or the rank at whose distance, ties included, they are. */
  within: { radius: number } | { rank: number };
}

const SCHEMA: SchemaElement[] = [
  { name: 'root', num_children: 2 },
  ...list('neighbors', 'INT32'),
  ...list('distances', 'DOUBLE'),
];

/**
 * Writes rows within a distance, whole or not at all. `.parquet`: one row per query, lists `neighbors` (int32) and `distances`
 * (float64) of any length. `.hdf5`: as FAISS' range search gives them: `lims` (int32, one more than queries; those of query q begin at
 * `lims[q]`), `neighbors` (int32) and `distances` (float32).
 */
export async function writeWithin(path: string, found: RowsWithin, facts: RangeFacts): Promise<void> {
  if (/\.parquet$/i.test(path)) return writeParquet(path, found, facts);
  return writeHdf5(path, found, facts);
}

function writeParquet(path: string, found: RowsWithin, facts: RangeFacts): void {
  const { rows, distances, sizes, kernel, seconds, checked } = found;
  const starts = startsOf(sizes);
  const lists = (values: Int32Array | Float64Array): number[][] =>
    Array.from(sizes, (size, q) => Array.from(values.subarray(starts[q]!, starts[q]! + size)));
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of [sizes, rows, distances])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  const value = JSON.stringify({ ...facts, sha256: hash.digest('hex'), kernel, seconds, checked });
  const buffer = parquetWriteBuffer({
    schema: SCHEMA,
    columnData: [
      { name: 'neighbors', data: lists(rows) },
      { name: 'distances', data: lists(distances) },
    ],
    statistics: false,
    kvMetadata: [{ key: 'vecproof.range', value }],
  });
  writeFileAtomic(path, new Uint8Array(buffer));
}

async function writeHdf5(path: string, found: RowsWithin, { metric, within }: RangeFacts): Promise<void> {
  const { rows, distances, sizes } = found;
  const lims = Int32Array.from([...startsOf(sizes), rows.length]);
  const h5wasm = await import('h5wasm');
  const { FS } = await h5wasm.ready;
  const name = `range-${randomUUID()}.h5`;
  const file = new h5wasm.File(name, 'w');
  try {
    file.create_dataset({ name: 'lims', data: lims, dtype: '<i4' });
    file.create_dataset({ name: 'neighbors', data: rows, dtype: '<i4' });
    file.create_dataset({ name: 'distances', data: Float32Array.from(distances), dtype: '<f4' });
    file.create_attribute('distance', metric);
    for (const [key, value] of Object.entries(within)) file.create_attribute(key, value);
    file.close();
    writeFileAtomic(path, FS.readFile(name));
  } finally {
    FS.unlink(name);
  }
}
