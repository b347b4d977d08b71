import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as h5wasm from 'h5wasm/node';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { FailureError, InputError } from '../../../common/errors.js';
import { type CachedTruthOptions, loadOrComputeTruth } from '../../../harness/truth/cache.js';
import { readTruth, writeTruth } from '../../../harness/truth/files.js';
import { tiesAtRank, tiesWithin } from '../../../harness/truth/ties.js';
import { Bench, bruteForce, randomVectors } from './vectors.js';

const bench = new Bench();
afterAll(() => bench.remove());

const dimensions = 6;
const base = randomVectors(50, dimensions, 1);
const queries = randomVectors(7, dimensions, 2);
const truth = {
  ...bruteForce(base, queries, dimensions, 'l2', 9),
  kernel: 'usearch',
  seconds: 0.25,
} as const;

describe('Parquet', () => {
  const path = join(bench.folder, 'truth.parquet');

  it('reads back what was written, to the bit', async () => {
    await writeTruth(path, truth, { metric: 'l2' });
    expect(await readTruth(path)).toEqual({ ...truth, metric: 'l2' });
  });

  it('reads back a truth of no queries', async () => {
    const none = { count: 0, depth: 5, rows: new Int32Array(0), distances: new Float64Array(0) };
    const empty = join(bench.folder, 'empty.parquet');
    await writeTruth(empty, none, { metric: 'dot' });
    expect(await readTruth(empty)).toMatchObject({ ...none, metric: 'dot' });
  });

  it('one changed byte anywhere is found, or changes nothing', async () => {
    await writeTruth(path, truth, { metric: 'l2' });
    const whole = readFileSync(path);
    const damaged = join(bench.folder, 'damaged.parquet');
    let refused = 0;
    for (let at = 0; at < whole.length; at += 7) {
      const bytes = Buffer.from(whole);
      bytes[at] = bytes[at]! ^ 0x55;
      writeFileSync(damaged, bytes);
      const outcome = await readTruth(damaged).catch((error: unknown) => error);
      if (outcome instanceof Error) {
        expect(outcome).toBeInstanceOf(InputError);
        expect(outcome.message).toContain('damaged.parquet');
        refused++;
      } else expect(outcome).toMatchObject({ rows: truth.rows, distances: truth.distances });
    }
    expect(refused).toBeGreaterThan(whole.length / 7 / 2);
  });

  it('a truncated file, another file and none are refused by name', async () => {
    const other = join(bench.folder, 'other.parquet');
    for (const bytes of [readFileSync(path).subarray(0, 300), Buffer.from('no parquet'), Buffer.alloc(0)]) {
      writeFileSync(other, bytes);
      await expect(readTruth(other)).rejects.toThrow(InputError);
    }
    await expect(readTruth(join(bench.folder, 'gone.parquet'))).rejects.toThrow(/gone\.parquet/);
  });
});

it("HDF5 has the names, types and attribute of ann-benchmarks' files", async () => {
  const path = join(bench.folder, 'truth.hdf5');
  await writeTruth(path, truth, { metric: 'cosine' });
  await h5wasm.ready;
  const file = new h5wasm.File(path, 'r');
  const [neighbors, distances] = ['neighbors', 'distances'].map((name) => file.get(name) as h5wasm.Dataset);
  expect(neighbors?.shape).toEqual([7, 9]);
  expect(neighbors?.value).toEqual(truth.rows);
  expect(distances?.value).toEqual(Float32Array.from(truth.distances));
  expect(file.attrs['distance']?.value).toBe('angular');
  file.close();
});

describe('what cannot be written', () => {
  it('another extension', async () => {
    await expect(writeTruth(join(bench.folder, 'truth.csv'), truth, { metric: 'l2' })).rejects.toThrow(
      InputError,
    );
  });

  it.each(['parquet', 'hdf5'])(
    'a folder that is not there; nothing is left behind: %s',
    async (extension) => {
      const before = readdirSync(bench.folder);
      const path = join(bench.folder, 'nowhere', `truth.${extension}`);
      await expect(writeTruth(path, truth, { metric: 'l2' })).rejects.toThrow(FailureError);
      expect(readdirSync(bench.folder)).toEqual(before);
    },
  );

  it.each(['parquet', 'hdf5'])('a folder in its place; nothing is left behind: %s', async (extension) => {
    const path = join(bench.folder, `folder.${extension}`);
    mkdirSync(path);
    const before = readdirSync(bench.folder);
    await expect(writeTruth(path, truth, { metric: 'l2' })).rejects.toThrow(FailureError);
    expect(readdirSync(bench.folder)).toEqual(before);
  });
});

describe('cache', () => {
  const warnings: string[] = [];
  beforeEach(() => {
    warnings.length = 0;
  });
  const options: CachedTruthOptions = {
    cacheFolder: join(bench.folder, 'cache'),
    datasetHash: 'a'.repeat(64),
    queriesHash: 'b'.repeat(64),
    vectors: bench.prepared(base, dimensions),
    queries,
    metric: 'l2',
    k: 9,
    onWarning: (text) => warnings.push(text),
  };
  const files = () => readdirSync(join(options.cacheFolder, 'truth'));

  it('computes once, then reads', async () => {
    const first = await loadOrComputeTruth(options);
    expect(first.fromCache).toBe(false);
    const second = await loadOrComputeTruth(options);
    expect(second).toMatchObject({
      fromCache: true,
      seconds: first.seconds,
      kernel: 'usearch',
      rows: truth.rows,
    });
    expect(second.distances).toEqual(truth.distances);
    expect(warnings).toEqual([]);
    expect(files().length).toBe(1);
  });

  it.each([
    { datasetHash: 'c'.repeat(64) },
    { queriesHash: 'c'.repeat(64) },
    { metric: 'dot' as const },
    { k: 8 },
    { kernel: 'float64' as const },
  ])('anything that matters makes another truth: %o', async (change) => {
    await loadOrComputeTruth(options);
    expect((await loadOrComputeTruth({ ...options, ...change })).fromCache).toBe(false);
  });

  it('a damaged file is reported, and computed and kept again', async () => {
    const damaged = { ...options, cacheFolder: join(bench.folder, 'damaged') };
    await loadOrComputeTruth(damaged);
    const [name] = readdirSync(join(damaged.cacheFolder, 'truth'));
    writeFileSync(join(damaged.cacheFolder, 'truth', name!), 'nonsense');
    const again = await loadOrComputeTruth(damaged);
    expect(again).toMatchObject({ fromCache: false, rows: truth.rows });
    expect(warnings.join()).toMatch(/damaged/);
    expect((await loadOrComputeTruth(damaged)).fromCache).toBe(true);
  });

  it('a cache that cannot be written is reported and costs only time', async () => {
    const blocked = join(bench.folder, 'a-file');
    writeFileSync(blocked, '');
    const computed = await loadOrComputeTruth({ ...options, cacheFolder: blocked });
    expect(computed.rows).toEqual(truth.rows);
    expect(warnings.join()).toMatch(/not kept in the cache/);
    expect(existsSync(join(blocked, 'truth'))).toBe(false);
  });
});

describe('ties', () => {
  const tied = {
    count: 2,
    depth: 4,
    rows: Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3),
    distances: Float64Array.of(0.1, 0.2, 0.2, 0.3, 0.1, 0.2, 0.2 + 1e-5, 0.3),
  };

  it('at rank k and k + 1', () => {
    expect(tiesAtRank(tied, 1, 'l2', 100)).toBe(0);
    expect(tiesAtRank(tied, 2, 'l2', 100)).toBe(0.5);
    expect(tiesAtRank(tied, 4, 'l2', 100)).toBeUndefined();
    expect(tiesAtRank(tied, 4, 'l2', 4)).toBe(0);
  });

  it('within the top k', () => {
    expect(tiesWithin(tied, 2, 'l2')).toBe(0);
    expect(tiesWithin(tied, 3, 'l2')).toBe(0.5);
    expect(tiesWithin({ ...tied, count: 0 }, 3, 'l2')).toBeUndefined();
  });
});
