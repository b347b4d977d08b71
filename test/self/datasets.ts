import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset } from '../../datasets/open.js';
import { median, print } from './print.js';

const ROWS = 20_000;
const DIMENSIONS = 384;
const REPEATS = 5;
const PYTHON = 'VECPROOF_PYTHON';

/**
 * How fast files of vectors are read, from the page cache, against reading their bytes one after the other; and list<float>
 * in Parquet against pyarrow reading the same file, with one thread, into a table and one numpy array. Each repetition reads
 * all of them in turn. Time is that of the processor, all threads together: on a busy machine that of the clock says nothing.
 */
export async function measureDatasets(folder: string): Promise<void> {
  const python = process.env[PYTHON];
  const files = [...flatFiles(folder), ...(python === undefined ? [] : pythonFiles(folder, python))];
  if (python === undefined)
    print(
      'HDF5, Parquet',
      'skipped',
      `${PYTHON} names no Python with numpy, h5py and pyarrow, which write them`,
    );
  const cacheFolder = join(folder, 'cache');
  const seconds = new Map<string, { ours: number[]; raw: number[]; pyarrow: number[] }>();
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    for (const file of files) {
      const found = seconds.get(file) ?? { ours: [], raw: [], pyarrow: [] };
      seconds.set(file, found);
      const ours = await timePoints(file, cacheFolder);
      const raw = timeRaw(file);
      const theirs = python !== undefined && file.includes('list') ? timePyarrow(file, python) : undefined;
      // The first pass warms up code and page cache.
      if (repeat === 0) continue;
      found.ours.push(ours);
      found.raw.push(raw);
      if (theirs !== undefined) found.pyarrow.push(theirs);
    }
  }
  print(`reading ${ROWS} x ${DIMENSIONS} float32`, 'MB/s', 'share of raw reading; target: 50%, or 500 MB/s');
  for (const [file, { ours, raw, pyarrow }] of seconds) {
    const rate = statSync(file).size / median(ours) / 1e6;
    const share = median(raw.map((each, i) => each / ours[i]!));
    const against =
      pyarrow.length === 0
        ? ''
        : `; ${median(ours.map((each, i) => each / pyarrow[i]!)).toFixed(2)}x pyarrow's time (target: 3)`;
    print(`  ${file.slice(folder.length + 1)}`, rate.toFixed(0), `${(share * 100).toFixed(0)}%${against}`);
  }
}

/** Normal-looking values that do not compress. */
function values(): Float32Array<ArrayBuffer> {
  const all = new Float32Array(ROWS * DIMENSIONS);
  let state = 1;
  for (let i = 0; i < all.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    all[i] = state / 2 ** 31;
  }
  return all;
}

function flatFiles(folder: string): string[] {
  const all = values();
  const bytes = Buffer.from(all.buffer);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(ROWS, 0);
  head.writeUInt32LE(DIMENSIONS, 4);
  const shape = `{'descr': '<f4', 'fortran_order': False, 'shape': (${ROWS}, ${DIMENSIONS}), }`;
  const npy = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${shape.padEnd(117)}\n`, 'latin1');
  const rows = Array.from({ length: ROWS }, (_, row) => [
    head.subarray(4),
    bytes.subarray(row * DIMENSIONS * 4, (row + 1) * DIMENSIONS * 4),
  ]).flat();
  const files: [string, Buffer[]][] = [
    ['flat.npy', [npy, bytes]],
    ['flat.fbin', [head, bytes]],
    ['flat.fvecs', rows],
  ];
  return files.map(([name, parts]) => {
    const path = join(folder, name);
    writeFileSync(path, Buffer.concat(parts));
    return path;
  });
}

const WRITE = `
import sys, numpy as np, h5py, pyarrow as pa, pyarrow.parquet as pq
folder, dims = sys.argv[1], int(sys.argv[2])
x = np.load(folder + "/flat.npy")
with h5py.File(folder + "/plain.hdf5", "w") as f:
    f["train"] = x; f["test"] = x[:10]
flat = pa.array(x.ravel())
ids = pa.array(np.arange(len(x)))
offsets = pa.array(np.arange(0, x.size + 1, dims, dtype=np.int32))
lists = pa.ListArray.from_arrays(offsets, flat)
table = pa.table({"id": ids, "emb": lists})
pq.write_table(table, folder + "/list.parquet")
pq.write_table(table, folder + "/list-plain.parquet", use_dictionary=False, compression="none")
pq.write_table(table, folder + "/list-zstd.parquet", use_dictionary=False, compression="zstd")
fixed = pa.FixedSizeListArray.from_arrays(flat, dims)
pq.write_table(pa.table({"id": ids, "emb": fixed}), folder + "/fixed-list.parquet", use_dictionary=False)
`;

function pythonFiles(folder: string, python: string): string[] {
  const done = spawnSync(python, ['-c', WRITE, folder, String(DIMENSIONS)], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${python} could not write the files: ${done.stderr}`);
  const names = [
    'plain.hdf5',
    'list.parquet',
    'list-plain.parquet',
    'list-zstd.parquet',
    'fixed-list.parquet',
  ];
  return names.map((name) => join(folder, name));
}

async function timePoints(file: string, cacheFolder: string): Promise<number> {
  const dataset = await openDataset(file, { baseFolder: '/', cacheFolder, queriesFile: queriesOf(file) });
  const start = process.cpuUsage();
  let rows = 0;
  for await (const batch of dataset.points({ batchSize: 4096 })) rows += batch.count;
  const seconds = cpuSince(start);
  await dataset.close();
  if (rows !== ROWS) throw new Error(`${file}: ${rows} rows`);
  return seconds;
}

/** Seconds of the processor. */
function cpuSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** HDF5 has its own; the other files are their own queries, of which none is read. */
function queriesOf(file: string): string | undefined {
  return file.endsWith('.hdf5') ? undefined : file;
}

function timeRaw(file: string): number {
  const buffer = Buffer.alloc(1 << 20);
  const handle = openSync(file, 'r');
  const start = process.cpuUsage();
  while (readSync(handle, buffer) > 0);
  const seconds = cpuSince(start);
  closeSync(handle);
  return seconds;
}

const READ = `
import sys, time, numpy as np, pyarrow.parquet as pq
best = None
for _ in range(2):
    start = time.process_time()
    table = pq.read_table(sys.argv[1], use_threads=False)
    column = table["emb"].combine_chunks()
    vectors = column.flatten().to_numpy().reshape(len(table), -1)
    took = time.process_time() - start
    best = took
print(best, vectors.shape[0])
`;

/** Without the start of Python; of two readings in one process the second, as its libraries load at the first. */
function timePyarrow(file: string, python: string): number {
  const done = spawnSync(python, ['-c', READ, file], { encoding: 'utf8' });
  const [seconds, rows] = done.stdout.trim().split(' ').map(Number);
  if (done.status !== 0 || rows !== ROWS) throw new Error(`pyarrow could not read ${file}: ${done.stderr}`);
  return seconds!;
}
