import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { homeFolder } from '../common/paths.js';
import { openDataset } from '../datasets/open.js';

/**
 * A part of the bundled dataset as files, small enough that an index is built in seconds: every n-th point and every
 * n-th query, so that all sections are in it.
 *
 *   node dist/scripts/aa-data.js <folder> [--points 6000] [--queries 2000]
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { points: { type: 'string', default: '6000' }, queries: { type: 'string', default: '2000' } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('give a folder to write to');

const dataset = await openDataset('debian-packages-20k', {
  baseFolder: process.cwd(),
  cacheFolder: join(homeFolder(), '.cache'),
});
const { dimensions, count } = dataset.info;
const all = new Float32Array(count * dimensions);
for await (const { start, vectors } of dataset.points({ batchSize: 2000 }))
  all.set(vectors, start * dimensions);
const queries = await dataset.queries('new-packages');

write('points.npy', spread(all, count, Number(values.points)));
write('points.queries.npy', spread(queries.vectors, queries.count, Number(values.queries)));
await dataset.close();

/** `wanted` rows, evenly spread over all. */
function spread(vectors: Float32Array, rows: number, wanted: number): Float32Array {
  if (wanted > rows) throw new Error(`there are only ${rows} rows, not ${wanted}`);
  const part = new Float32Array(wanted * dimensions);
  for (let i = 0; i < wanted; i++) {
    const row = Math.floor((i * rows) / wanted);
    part.set(vectors.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  }
  return part;
}

/** As numpy.save writes it: version 1.0, float32, C order. */
function write(name: string, vectors: Float32Array): void {
  const shape = `(${vectors.length / dimensions}, ${dimensions})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  const header = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11);
  const size = Buffer.alloc(2);
  size.writeUInt16LE(header.length + 1);
  const parts = [Buffer.from('\x93NUMPY\x01\x00', 'latin1'), size, Buffer.from(`${header}\n`, 'latin1')];
  writeFileSync(join(folder!, name), Buffer.concat([...parts, Buffer.from(vectors.buffer)]));
}
