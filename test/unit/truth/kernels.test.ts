import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Metric } from '../../../datasets/dataset.js';
import { kernelLimit } from '../../../harness/truth/error-bound.js';
import type { ScanTile } from '../../../harness/truth/kernel.js';
import { measured } from '../../../harness/truth/tile.js';
import { TopLists } from '../../../harness/truth/top-lists.js';
import { elsewhere, here } from './here.js';
import { bruteForce, randomVectors } from './vectors.js';

it.skip.each(elsewhere)('%s', () => undefined);

interface Case {
  metric: Metric;
  base: Float32Array;
  queries: Float32Array;
  dimensions: number;
  k: number;
  tileRows: number;
}

/** What a worker does, in this thread; the tiles in reverse, since their order must not matter. */
async function scanAll(
  scan: ScanTile,
  { metric, base, queries, dimensions, k, tileRows }: Case,
): Promise<TopLists> {
  const fail = (): never => {
    throw new Error('not finite');
  };
  const count = base.length / dimensions;
  const asked = measured(queries, queries.length / dimensions, dimensions, fail);
  const lists = new TopLists(asked.count, Math.min(k, count));
  let rowsSeen = 0;
  for (let tile = Math.ceil(count / tileRows) - 1; tile >= 0; tile--) {
    const first = tile * tileRows;
    const rows = Math.min(tileRows, count - first);
    const values = base.slice(first * dimensions, (first + rows) * dimensions);
    const vectors = measured(values, rows, dimensions, fail);
    await scan({ metric, queries: asked, lists, rowsSeen }, { first, ...vectors });
    rowsSeen += rows;
  }
  return lists;
}

async function expectExact(scan: ScanTile, given: Case): Promise<void> {
  const { rows, distances } = await scanAll(scan, given);
  const exact = bruteForce(given.base, given.queries, given.dimensions, given.metric, given.k);
  expect(rows).toEqual(exact.rows);
  expect(distances).toEqual(exact.distances);
}

/** Rows that are hard to tell apart: few different vectors, multiples of them, tiny, huge and zero ones. */
const awkward = (metrics: readonly Metric[]): fc.Arbitrary<Case> =>
  fc
    .record({
      metric: fc.constantFrom(...metrics),
      dimensions: fc.integer({ min: 1, max: 9 }),
      count: fc.integer({ min: 1, max: 60 }),
      asked: fc.integer({ min: 1, max: 5 }),
      k: fc.integer({ min: 1, max: 70 }),
      tileRows: fc.integer({ min: 1, max: 70 }),
      distinct: fc.integer({ min: 1, max: 60 }),
      factors: fc.array(fc.constantFrom(1, 2, 3, -1, 0, 1e-30, 1e-19, 1e15, 1e30, 1 + 2 ** -22), {
        minLength: 1,
        maxLength: 3,
      }),
      seed: fc.integer(),
    })
    .map(({ distinct, count, asked, factors, seed, dimensions, ...rest }) => {
      const pool = randomVectors(distinct, dimensions, seed);
      const pick = (i: number): number[] => {
        const vector = (i * 7 + seed) & 0xffff;
        const start = (vector % distinct) * dimensions;
        const factor = factors[i % factors.length]!;
        return Array.from(pool.subarray(start, start + dimensions), (x) => x * factor);
      };
      const base = Float32Array.from(Array.from({ length: count }, (_, i) => pick(i)).flat());
      const queries = Float32Array.from(Array.from({ length: asked }, (_, i) => pick(i * 3 + 1)).flat());
      return { ...rest, dimensions, base, queries };
    });

describe.each(here)('$kernel, of vectors as long as integers bear', ({ scan, metrics }) => {
  // All components alike is the largest sum that rounded vectors can have.
  it.each([1, 2, 3, 15, 384, 4097])('%i dimensions', async (dimensions) => {
    const metric = metrics[0]!;
    const base = Float32Array.from({ length: 40 * dimensions }, (_, i) => {
      const row = Math.floor(i / dimensions);
      return (row % 2 === 0 ? 1 : -1) * (i % dimensions === row % dimensions ? 1 - row * 1e-4 : 1);
    });
    const queries = base.slice(0, 3 * dimensions);
    await expectExact(scan, { metric, base, queries, dimensions, k: 40, tileRows: 40 });
  });
});

describe.each(here)('$kernel', ({ scan, metrics }) => {
  it('is brute force to the bit, on awkward vectors', async () => {
    await fc.assert(
      fc.asyncProperty(awkward(metrics), (given) => expectExact(scan, given)),
      { numRuns: 1500 },
    );
  });

  it.each(metrics)('is brute force to the bit, on ordinary vectors: %s', async (metric) => {
    const dimensions = 96;
    const [base, queries] = [randomVectors(1500, dimensions, 1), randomVectors(40, dimensions, 2)];
    await expectExact(scan, { metric, base, queries, dimensions, k: 20, tileRows: 400 });
  });

  it('has a thousand neighbours', async () => {
    const dimensions = 20;
    const [base, queries] = [randomVectors(3000, dimensions, 1), randomVectors(9, dimensions, 2)];
    await expectExact(scan, { metric: 'cosine', base, queries, dimensions, k: 1000, tileRows: 1700 });
  });

  it.each(metrics)(
    'is brute force where the first scores that are looked at promise too much: %s',
    async (metric) => {
      // Every fifth row is looked at first: twelve of them are near, and no others.
      const [dimensions, count] = [8, 6000];
      const query = randomVectors(1, dimensions, 6);
      const base = Float32Array.from(
        randomVectors(count, dimensions, 7).map((x, i) => {
          const [row, d] = [Math.floor(i / dimensions), i % dimensions];
          return row % 5 === 0 && row < 60 ? query[d]! + x / 1000 : x / 3;
        }),
      );
      for (const k of [10, 20])
        await expectExact(scan, { metric, base, queries: query, dimensions, k, tileRows: count });
    },
  );

  it.each(metrics)('5,000 equal vectors: the first rows, not any: %s', async (metric) => {
    const dimensions = 8;
    const one = randomVectors(1, dimensions, 3);
    const base = Float32Array.from({ length: 5000 * dimensions }, (__, i) => one[i % dimensions]!);
    await expectExact(scan, {
      metric,
      base,
      queries: randomVectors(3, dimensions, 4),
      dimensions,
      k: 10,
      tileRows: 5000,
    });
  });

  it.runIf(metrics.includes('l2'))('clusters far from the origin, and one row far from all', async () => {
    const [dimensions, count, clusters] = [12, 5000, 20];
    const centres = randomVectors(clusters, dimensions, 8);
    for (const [offset, outlier] of [
      [4096, 0],
      [0, 1e9],
      [-1e6, -1e30],
    ] as const) {
      const place = (i: number) =>
        centres[(Math.floor(i / dimensions) % clusters) * dimensions + (i % dimensions)]!;
      const base = randomVectors(count, dimensions, 9).map((x, i) => offset + place(i) + x / 16);
      if (outlier !== 0) base.fill(outlier, 777 * dimensions, 778 * dimensions);
      const queries = randomVectors(7, dimensions, 10).map((x, i) => offset + place(i) + x / 16);
      await expectExact(scan, { metric: 'l2', base, queries, dimensions, k: 15, tileRows: count });
    }
  });

  it.each(metrics)('rows that float32 cannot order, the nearest last: %s', async (metric) => {
    // The rows differ from each other by steps of the last bit, and the kernel's float32 results mostly agree.
    const dimensions = 16;
    const query = randomVectors(1, dimensions, 5).map((x) => Math.abs(x) + 0.5);
    const far = query.map((x, i) => (i % 2 === 0 ? x * 1.5 : x * 0.5));
    const base = Float32Array.from(
      Array.from({ length: 600 }, (__, row) =>
        Array.from(far, (x, i) => x * (1 + (i % 2 === 0 ? -1 : 1) * Math.floor(row / 20) * 2 ** -23)),
      ).flat(),
    );
    await expectExact(scan, { metric, base, queries: query, dimensions, k: 5, tileRows: 600 });
  });
});

describe('error bound', () => {
  it('is never below the distance itself, in the units of the kernel', () => {
    const bounds = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(bounds, fc.integer({ min: 1, max: 4096 }), (bound, dimensions) => {
        expect(kernelLimit('cosine', bound, 1, dimensions)).toBeGreaterThan(bound);
        expect(kernelLimit('dot', bound, 1, dimensions)).toBeGreaterThan(1 + bound);
        expect(kernelLimit('l2', Math.abs(bound), 1, dimensions)).toBeGreaterThan(bound ** 2);
      }),
    );
  });

  it('excludes nothing where dimensions are too many for float32 to say anything', () => {
    expect(kernelLimit('cosine', 0.5, 1, 2 ** 25)).toBe(Number.POSITIVE_INFINITY);
  });

  it('is narrow enough to be of use', () => {
    expect(kernelLimit('cosine', 0.5, 1, 384) - 0.5).toBeLessThan(1e-4);
  });
});
