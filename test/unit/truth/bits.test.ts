import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BIT_METRICS, type BitMetric } from '../../../datasets/dataset.js';
import { distance, marginOf, tieLimit } from '../../../harness/measures/distance.js';
import { Random } from '../../../harness/measures/random.js';
import { computeTruth } from '../../../harness/truth/compute.js';
import type { KernelName, ScanTile } from '../../../harness/truth/kernel.js';
import { scanOf, supports, tryKernel } from '../../../harness/truth/kernels.js';
import { mergeParts } from '../../../harness/truth/merge.js';
import { RangeLists } from '../../../harness/truth/range-lists.js';
import { Selections, sharedSelections } from '../../../harness/truth/selections.js';
import { measured } from '../../../harness/truth/tile.js';
import { TopLists } from '../../../harness/truth/top-lists.js';
import { computeWithin } from '../../../harness/truth/within.js';
import { Bench } from './vectors.js';

const KERNELS: readonly KernelName[] = ['popcount', 'usearch', 'usearch-int8', 'float64'];

/** Vectors of 0 and 1; some equal, some without any bit, some with all. */
function bitVectors(count: number, dimensions: number, seed: number, distinct: number): Float32Array {
  const random = new Random(seed);
  const pool = Array.from({ length: distinct }, (_, i) => {
    const share = i % 7 === 0 ? 0 : i % 7 === 1 ? 256 : [8, 64, 128, 200, 250][i % 5]!;
    return Array.from({ length: dimensions }, () => Number(random.below(256) < share));
  });
  return Float32Array.from({ length: count }, () => random.below(distinct)).reduce(
    (into, which, i) => {
      into.set(pool[which]!, i * dimensions);
      return into;
    },
    new Float32Array(count * dimensions),
  );
}

/** Written out over sets of bits, so that no formula of the project is trusted. */
function far(metric: BitMetric, a: Float32Array, b: Float32Array): number {
  const [one, other] = [a, b].map((v) => new Set(Array.from(v.keys()).filter((i) => v[i] === 1))) as [
    Set<number>,
    Set<number>,
  ];
  const either = new Set([...one, ...other]).size;
  const both = [...one].filter((i) => other.has(i)).length;
  if (metric === 'hamming') return either - both;
  return either === 0 ? 1 : 1 - both / either;
}

const given = fc.record({
  metric: fc.constantFrom(...BIT_METRICS),
  dimensions: fc.constantFrom(1, 7, 8, 31, 63, 64, 65, 100, 255, 256, 257, 330),
  count: fc.integer({ min: 1, max: 400 }),
  asked: fc.integer({ min: 1, max: 6 }),
  k: fc.constantFrom(1, 5, 60, 1000),
  tileRows: fc.integer({ min: 20, max: 400 }),
  distinct: fc.constantFrom(1, 2, 9, 400),
  seed: fc.integer(),
  /** Share of rows, of 8, that the queries' filters let through. */
  passing: fc.constantFrom(undefined, 0, 1, 5, 8),
  radius: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
});

type Given = typeof given extends fc.Arbitrary<infer T> ? T : never;

const fail = (): never => {
  throw new Error('not finite');
};

async function scanAll(scan: ScanTile, each: Given) {
  const { metric, dimensions, count, asked, k, tileRows, distinct, seed, passing, radius } = each;
  const base = bitVectors(count, dimensions, seed, distinct);
  const values = bitVectors(asked, dimensions, seed + (distinct > 5 ? 1 : 0), distinct);
  const queries = measured(values, asked, dimensions, fail);
  const random = new Random(seed + 2);
  const passes = Array.from({ length: 2 }, () =>
    Array.from({ length: count }, () => random.below(8) < (passing ?? 8)),
  );
  const list = passes.map((rows) => ({
    words: Uint32Array.from({ length: Math.ceil(count / 32) }, (_, word) =>
      rows.slice(word * 32, word * 32 + 32).reduce((bits, pass, i) => bits | (Number(pass) << i), 0),
    ),
    length: count,
    count: () => rows.filter(Boolean).length,
  }));
  const of = Int32Array.from({ length: asked }, (_, query) => (query % 3) - 1);
  const limit = radius === undefined ? undefined : metric === 'hamming' ? radius : radius / 20;
  const lists =
    limit === undefined
      ? new TopLists(asked, Math.min(k, count))
      : new RangeLists(new Float64Array(asked).fill(limit));
  const shared = passing === undefined ? undefined : sharedSelections({ of, list } as never, count);
  const selections = shared && new Selections(shared);
  for (let tile = Math.ceil(count / tileRows) - 1; tile >= 0; tile--) {
    const first = tile * tileRows;
    const rows = Math.min(tileRows, count - first);
    const part = base.slice(first * dimensions, (first + rows) * dimensions);
    const vectors = { first, ...measured(part, rows, dimensions, fail) };
    await scan({ metric, queries, lists, rowsSeen: 0, selections }, vectors);
  }
  const expected = Array.from({ length: asked }, (_, query) => {
    const own = values.subarray(query * dimensions, (query + 1) * dimensions);
    const all = Array.from({ length: count }, (_, row) => ({
      row,
      d: far(metric, own, base.subarray(row * dimensions, (row + 1) * dimensions)),
    })).filter(({ row }) => passing === undefined || of[query]! < 0 || passes[of[query]!]![row]!);
    all.sort((a, b) => a.d - b.d || a.row - b.row);
    return limit === undefined ? all.slice(0, k) : all.filter(({ d }) => d <= limit);
  });
  return { found: listed(lists), expected };
}

function listed(lists: TopLists | RangeLists) {
  const { rows, distances, sizes } = lists instanceof TopLists ? lists : lists.flat();
  let at = 0;
  return Array.from(sizes, (size, query) => {
    const start = lists instanceof TopLists ? query * lists.depth : at;
    at += size;
    return Array.from({ length: size }, (_, i) => ({ row: rows[start + i]!, d: distances[start + i]! }));
  });
}

describe.each(KERNELS)('%s', (kernel) => {
  test('counts as sets do: ties, filters, all within a distance, vectors without bits', async () => {
    const scan = await scanOf(kernel);
    await fc.assert(
      fc.asyncProperty(given, async (each) => {
        fc.pre(supports(kernel, each.metric));
        const { found, expected } = await scanAll(scan, each);
        expect(found).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('is tried on bits', async () => {
    const metrics = BIT_METRICS.filter((metric) => supports(kernel, metric));
    expect(metrics).toEqual(kernel === 'usearch-int8' ? ['hamming'] : BIT_METRICS);
    for (const metric of metrics) {
      expect(await tryKernel(kernel, metric, 100, { rounds: 1 })).toMatchObject({ state: 'works' });
    }
  });
});

test.each(BIT_METRICS)('parts that are merged, and all ties, are those of the whole: %s', async (metric) => {
  const bench = new Bench();
  try {
    const [dimensions, count, k] = [70, 500, 9];
    const [base, queries] = [bitVectors(count, dimensions, 1, 90), bitVectors(12, dimensions, 2, 12)];
    const vectors = bench.prepared(base, dimensions);
    const options = { metric, k, memory: 500 * 2 ** 20 };
    const whole = await computeTruth(vectors, queries, options);
    const ranges = [0, 123, 124, count];
    const parts = await Promise.all(
      ranges.slice(1).map(async (to, i) => {
        const part = { from: ranges[i]!, to };
        const truth = await computeTruth(vectors, queries, { ...options, part });
        const said = { ...part, points: count, datasetHash: 'd', queriesHash: 'q' };
        return { path: `${i}`, truth: { ...truth, metric, part: said } };
      }),
    );
    const { rows, distances } = mergeParts(parts);
    expect({ rows, distances }).toEqual({ rows: whole.rows, distances: whole.distances });
    const radii = Float64Array.from({ length: 12 }, (_, query) => whole.distances[query * k + k - 1]!);
    const within = await computeWithin(vectors, queries, radii, options);
    const far = (query: number, row: number) =>
      distance(metric, queries, query * dimensions, base, row * dimensions, dimensions);
    const tied = Array.from(
      radii,
      (radius, query) =>
        Array.from({ length: count }, (_, row) => far(query, row)).filter((each) => each <= radius).length,
    );
    expect(Array.from(within.sizes)).toEqual(tied);
    expect(Math.max(...tied)).toBeGreaterThan(k);
  } finally {
    bench.remove();
  }
});

test('the distance is that of sets; ties are exact', () => {
  const [a, b, none] = [Float32Array.of(1, 1, 0, 1), Float32Array.of(0, 1, 1, 1), new Float32Array(4)];
  const of = (metric: BitMetric, x: Float32Array, y: Float32Array) => distance(metric, x, 0, y, 0, 4);
  expect([of('hamming', a, b), of('jaccard', a, b)]).toEqual([2, 0.5]);
  expect([of('hamming', none, none), of('jaccard', none, none), of('jaccard', a, none)]).toEqual([0, 1, 1]);
  for (const metric of BIT_METRICS) expect(tieLimit(0.5, marginOf({}, metric))).toBe(0.5);
});
