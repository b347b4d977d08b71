import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readTruth } from '../../harness/truth/files.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors, type Vectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

const POINTS = randomVectors(400, 16);
const QUERIES = randomVectors(30, 16, 2);
const K = 12;

/** The slow and obvious way: every distance in float64, sorted, the lower row first where two are equal. */
function neighbours(points: Vectors, query: number[], distance: (a: number[], b: number[]) => number) {
  return points
    .map((point, row) => ({ row, distance: distance(query, point) }))
    .sort((a, b) => a.distance - b.distance || a.row - b.row)
    .slice(0, K);
}
const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const DISTANCES = {
  l2: (a: number[], b: number[]) => Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0)),
  cosine: (a: number[], b: number[]) => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
  dot: (a: number[], b: number[]) => -dot(a, b),
};

let work: Workspace;
beforeAll(() => {
  work = new Workspace();
  work.write('points.npy', npy(POINTS));
  work.write('queries.npy', npy(QUERIES));
});

const truth = (out: string, ...more: string[]) =>
  vecproof(
    ['truth', './points.npy', '--queries', 'queries.npy', '--k', String(K), '--out', out, ...more],
    work,
  );

describe('truth', () => {
  test.each(Object.keys(DISTANCES) as (keyof typeof DISTANCES)[])(
    'by %s is what brute force finds',
    async (metric) => {
      const { code, stdout, stderr } = await truth(`${metric}.parquet`, '--metric', metric);
      expect(code, stderr).toBe(0);
      expect(stdout).toContain(`the ${K} nearest of 400 points for 30 queries by ${metric}`);
      const found = await readTruth(join(work.folder, `${metric}.parquet`));
      expect(found).toMatchObject({ count: 30, depth: K, metric });
      for (const [q, query] of QUERIES.entries()) {
        const expected = neighbours(POINTS, query, DISTANCES[metric]);
        expect(Array.from(found.rows.subarray(q * K, (q + 1) * K))).toEqual(expected.map(({ row }) => row));
      }
    },
  );

  test('.hdf5 has the names, shapes and attribute of ann-benchmarks, and the same neighbours', async () => {
    expect((await truth('truth.hdf5', '--metric', 'l2')).code).toBe(0);
    expect((await truth('truth.parquet', '--metric', 'l2')).code).toBe(0);
    const expected = await readTruth(join(work.folder, 'truth.parquet'));
    const h5wasm = await import('h5wasm/node');
    await h5wasm.ready;
    const file = new h5wasm.File(join(work.folder, 'truth.hdf5'), 'r');
    try {
      const neighbors = file.get('neighbors') as InstanceType<typeof h5wasm.Dataset>;
      const distances = file.get('distances') as InstanceType<typeof h5wasm.Dataset>;
      expect(neighbors.shape).toEqual([30, K]);
      expect(distances.shape).toEqual([30, K]);
      expect(Array.from(neighbors.value as Int32Array)).toEqual(Array.from(expected.rows));
      expect(Array.from(distances.value as Float32Array)).toEqual(
        Array.from(Float32Array.from(expected.distances)),
      );
      expect(file.attrs['distance']?.value).toBe('euclidean');
    } finally {
      file.close();
    }
  });

  test('comes from the cache the second time, and both kernels agree', async () => {
    await truth('first.parquet', '--metric', 'cosine');
    expect((await truth('second.parquet', '--metric', 'cosine')).stdout).toContain('(from the cache)');
    const slow = await truth('slow.parquet', '--metric', 'cosine', '--kernel', 'float64');
    expect(slow.stdout).toMatch(/kernel float64/);
    const [a, b] = await Promise.all(
      ['first', 'slow'].map((name) => readTruth(join(work.folder, `${name}.parquet`))),
    );
    expect(b!.rows).toEqual(a!.rows);
  });

  test.each([
    [
      'a k larger than the dataset',
      ['--k', '401', '--out', 'x.hdf5'],
      /--k: k is larger than the dataset, which has 400 points \(got 401\)/,
    ],
    [
      'a format that is not written',
      ['--out', 'x.csv'],
      /--out: unknown file format \(got "x\.csv"\)\n {2}next: end the name with \.hdf5/,
    ],
    ['a k that is no number', ['--k', 'ten', '--out', 'x.hdf5'], /--k.*ten.*integer/],
    ['no place to write to', [], /--out <file>/],
  ])('%s is bad input', async (_name, options, message) => {
    const { code, stderr } = await vecproof(
      ['truth', './points.npy', '--queries', 'queries.npy', ...options],
      work,
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(join(work.folder, 'x.hdf5'))).toBe(false);
  });

  test('a folder that is not there: exit code 3, and nothing half-written', async () => {
    const { code, stderr } = await truth('none/truth.hdf5', '--metric', 'l2');
    expect(code).toBe(3);
    expect(stderr).toMatch(/none\/truth\.hdf5: cannot be written/);
    expect(readdirSync(work.folder).filter((name) => name.includes('tmp-'))).toEqual([]);
  });
});
