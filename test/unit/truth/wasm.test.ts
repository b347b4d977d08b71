import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../common/paths.js';
import { NUMBER_METRICS } from '../../../datasets/dataset.js';
import { chooseKernel } from '../../../harness/truth/choose.js';
import { scanFloat64 } from '../../../harness/truth/float64-kernel.js';
import { tryKernel } from '../../../harness/truth/kernels.js';
import { requireSame, sampledQueries } from '../../../harness/truth/sample-check.js';
import { measured } from '../../../harness/truth/tile.js';
import { TopLists } from '../../../harness/truth/top-lists.js';
import { wasmKernel } from '../../../harness/truth/wasm-kernel.js';
import { compileWasm, MODULES } from '../../../scripts/wasm.js';
import { bruteForce, randomVectors } from './vectors.js';

test.each(MODULES)('$compiled is what its source gives', ({ source, compiled }) => {
  expect(Buffer.from(compileWasm(source)).equals(readFileSync(join(packageRoot, compiled)))).toBe(true);
});

test('lists that overflow, near ties and many tiles: brute force to the bit', async () => {
  const scan = wasmKernel();
  const fail = (): never => {
    throw new Error('not finite');
  };
  const given = fc.record({
    metric: fc.constantFrom(...NUMBER_METRICS),
    dimensions: fc.integer({ min: 1, max: 20 }),
    count: fc.integer({ min: 300, max: 1500 }),
    asked: fc.integer({ min: 1, max: 9 }),
    k: fc.integer({ min: 1, max: 150 }),
    tileRows: fc.integer({ min: 200, max: 1500 }),
    /** Vectors that are different; the others repeat them, some off by the last bits. */
    distinct: fc.constantFrom(1, 3, 40, 300, 2000),
    steps: fc.integer({ min: 1, max: 3 }),
    offset: fc.constantFrom(0, 0, 1000),
    seed: fc.integer(),
  });
  await fc.assert(
    fc.asyncProperty(
      given,
      async ({ metric, dimensions, count, asked, k, tileRows, distinct, steps, offset, seed }) => {
        const pool = randomVectors(distinct, dimensions, seed);
        const base = Float32Array.from({ length: count * dimensions }, (_, i) => {
          const row = Math.floor(i / dimensions);
          const x = pool[(row % distinct) * dimensions + (i % dimensions)]!;
          return (x + offset) * (1 + (row % steps) * 2 ** -22);
        });
        const queries = Float32Array.from(randomVectors(asked, dimensions, seed + 1), (x) => x + offset);
        const asks = measured(queries, asked, dimensions, fail);
        const lists = new TopLists(asked, k);
        for (let first = 0; first < count; first += tileRows) {
          const rows = Math.min(tileRows, count - first);
          const values = base.slice(first * dimensions, (first + rows) * dimensions);
          const tile = { first, ...measured(values, rows, dimensions, fail) };
          await scan({ metric, queries: asks, lists, rowsSeen: first }, tile);
        }
        const exact = bruteForce(base, queries, dimensions, metric, k);
        expect(lists.rows).toEqual(exact.rows);
        expect(lists.distances).toEqual(exact.distances);
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);

test('a kernel that computes wrong, or does not load, is noticed before it is used', async () => {
  expect(await tryKernel('wasm', 'cosine', 24)).toMatchObject({ state: 'works', kernel: 'wasm' });
  const wrong = await tryKernel('wasm', 'cosine', 24, {
    scan: Promise.resolve((job, tile) =>
      scanFloat64(
        { ...job, queries: { ...job.queries, values: job.queries.values.map((x) => x * 1.5 + 0.1) } },
        tile,
      ),
    ),
  });
  expect(wrong).toMatchObject({ state: 'fails', reason: 'its neighbours of a test sample are wrong' });
  const absent = await tryKernel('usearch', 'l2', 24, { scan: Promise.reject(new Error('no such module')) });
  expect(absent).toEqual({ state: 'fails', kernel: 'usearch', reason: 'no such module', absent: false });
});

test('little work is done by the reference itself; much by the fastest, with the reference beside', async () => {
  const small = { metric: 'cosine', dimensions: 384, rows: 20_000, queries: 700 } as const;
  expect(await chooseKernel(small)).toEqual({ kernel: 'usearch', reference: undefined });
  const { kernel, reference } = await chooseKernel({ ...small, rows: 10_000_000 });
  expect(reference).toBe(kernel === 'usearch' ? undefined : 'usearch-int8');
  const asked = { ...small, kernel: 'wasm' } as const;
  expect(await chooseKernel(asked)).toEqual({ kernel: 'wasm', reference: 'usearch-int8' });
  expect(await chooseKernel({ ...asked, metric: 'dot' })).toEqual({ kernel: 'wasm', reference: 'usearch' });
});

test('the sample holds fifty queries, and one of each filter', () => {
  const of = Int32Array.from({ length: 400 }, (_, i) => (i < 200 ? -1 : i % 90));
  const sampled = sampledQueries(400, { of, list: [] });
  expect(new Set(sampled).size).toBe(sampled.length);
  expect(sampled.length).toBeGreaterThanOrEqual(50);
  const filters = new Set(Array.from(of).filter((filter) => filter >= 0));
  expect(new Set(Array.from(sampled, (query) => of[query]!).filter((filter) => filter >= 0))).toEqual(
    filters,
  );
  expect(sampledQueries(400, undefined)).toHaveLength(50);
  expect(sampledQueries(20, undefined)).toHaveLength(20);
});

test('one wrong neighbour in the sample ends the truth, by name', () => {
  const truth = {
    count: 2,
    depth: 2,
    rows: Int32Array.of(5, 7, 1, 2),
    distances: Float64Array.of(0.1, 0.2, 0.3, 0.4),
  };
  const second = { count: 1, depth: 2, rows: Int32Array.of(1, 2), distances: Float64Array.of(0.3, 0.4) };
  const same = () => requireSame(truth, second, Int32Array.of(1), ['wasm', 'usearch']);
  expect(same).not.toThrow();
  second.rows[1] = 9;
  expect(same).toThrow(/two kernels disagree on the neighbours of query 1/);
  second.rows[1] = 2;
  second.distances[1] = 0.4 + 2 ** -53;
  expect(same).toThrow(/query 1/);
});
