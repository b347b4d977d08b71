import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Metric } from '../../../datasets/dataset.js';
import { distance } from '../../../harness/measures/distance.js';
import { writeWithin } from '../../../harness/truth/range-files.js';
import { computeWithin, startsOf } from '../../../harness/truth/within.js';
import { here } from './here.js';
import { Bench, randomVectors } from './vectors.js';

const bench = new Bench();
afterAll(() => bench.remove());

const dimensions = 12;
const count = 900;
/** Every third vector is one of ten: many rows lie at the same distance. */
const pool = randomVectors(10, dimensions, 3);
const base = randomVectors(count, dimensions, 1).map((x, i) => {
  const row = Math.floor(i / dimensions);
  return row % 3 === 0 ? pool[(row % 10) * dimensions + (i % dimensions)]! : x;
});
const queries = randomVectors(40, dimensions, 2);
const vectors = bench.prepared(base, dimensions);

/** The definition: every row by its float64 distance. */
function expected(metric: Metric, radii: Float64Array): [row: number, distance: number][][] {
  return Array.from(radii, (radius, q) =>
    Array.from({ length: count }, (_, row): [number, number] => [
      row,
      distance(metric, queries, q * dimensions, base, row * dimensions, dimensions),
    ])
      .filter(([, far]) => far <= radius)
      .sort((a, b) => a[1] - b[1] || a[0] - b[0]),
  );
}

/** By query a radius that some row lies at exactly; the first has none, the second all. */
function radiiOf(metric: Metric): Float64Array {
  const all = expected(metric, new Float64Array(40).fill(Number.POSITIVE_INFINITY));
  return Float64Array.from(all, (rows, q) =>
    q === 0 ? rows[0]![1] - 1e-9 : rows[q === 1 ? count - 1 : (q * 17) % 300]![1],
  );
}

describe.each(here)('rows within a radius, $kernel', ({ kernel, metrics }) => {
  it.each(metrics)('are those of brute force, to the bit: %s', async (metric) => {
    const radii = radiiOf(metric);
    const options = { metric, kernel, threads: 2, tileRows: 250 };
    const { rows, distances, sizes } = await computeWithin(vectors, queries, radii, options);
    const starts = startsOf(sizes);
    for (const [q, list] of expected(metric, radii).entries()) {
      const found = Array.from({ length: sizes[q]! }, (_, i) => {
        const at = starts[q]! + i;
        return [rows[at], distances[at]];
      });
      expect(found).toEqual(list);
    }
    expect([sizes[0], sizes[1]]).toEqual([0, count]);
  });
});

it.each(here)('more rows than candidates have room for, $kernel', async ({ kernel }) => {
  const [rows, width] = [4000, 3];
  const many = bench.prepared(randomVectors(rows, width, 8), width, 'many.f32');
  // No two directions are farther apart than 2.
  const radii = Float64Array.of(2, 0.5);
  const options = { metric: 'cosine', kernel, threads: 1 } as const;
  const { sizes } = await computeWithin(many, randomVectors(2, width, 9), radii, options);
  expect(sizes[0]).toBe(rows);
});

it('are written with where each list begins', async () => {
  const radii = radiiOf('l2');
  const found = await computeWithin(vectors, queries, radii, { metric: 'l2' });
  const path = join(bench.folder, 'range.h5');
  await writeWithin(path, found, { metric: 'l2', within: { radius: 0.5 } });
  const h5wasm = await import('h5wasm/node');
  await h5wasm.ready;
  const file = new h5wasm.File(path, 'r');
  const lims = (file.get('lims') as unknown as { value: Int32Array }).value;
  expect(Array.from(lims)).toEqual([...startsOf(found.sizes), found.rows.length]);
  expect((file.get('neighbors') as unknown as { value: Int32Array }).value).toEqual(found.rows);
  file.close();
});
