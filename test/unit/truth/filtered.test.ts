import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Metric } from '../../../datasets/dataset.js';
import { Selection } from '../../../filters/selection.js';
import { Random } from '../../../harness/measures/random.js';
import { loadOrComputeTruth } from '../../../harness/truth/cache.js';
import { computeTruth } from '../../../harness/truth/compute.js';
import { readTruth, writeTruth } from '../../../harness/truth/files.js';
import { type QuerySelections, Selections, sharedSelections } from '../../../harness/truth/selections.js';
import { measured } from '../../../harness/truth/tile.js';
import { TopLists } from '../../../harness/truth/top-lists.js';
import { here, pairs } from './here.js';
import { Bench, bruteForce, randomVectors } from './vectors.js';

const bench = new Bench();
afterAll(() => bench.remove());

/** Shares of the rows that pass, so that each way of searching is taken: none, a few, a part, nearly all, all. */
const SHARES = [0, 0.01, 0.1, 0.3, 0.5, 0.95, 1];

function randomSelection(rows: number, share: number, seed: number): Selection {
  const random = new Random(seed);
  const selection = new Selection(rows);
  for (let row = 0; row < rows; row++) if (random.below(1000) < share * 1000) selection.add(row);
  return selection;
}

/** The definition: brute force over the vectors of the rows that pass alone, with their numbers put back. */
function expected(
  base: Float32Array,
  queries: Float32Array,
  dimensions: number,
  metric: Metric,
  k: number,
  { of, list }: QuerySelections,
) {
  const depth = Math.min(k, base.length / dimensions);
  const rows = new Int32Array(of.length * depth).fill(-1);
  const distances = new Float64Array(of.length * depth).fill(Number.NaN);
  for (const [q, which] of of.entries()) {
    const passing = (which < 0 ? Selection.all(base.length / dimensions) : list[which]!).rows();
    const vectors = Float32Array.from([...passing].flatMap((row) => [...at(base, row, dimensions)]));
    const exact = bruteForce(vectors, at(queries, q, dimensions), dimensions, metric, depth);
    exact.rows.forEach((row, i) => {
      rows[q * depth + i] = passing[row]!;
    });
    distances.set(exact.distances, q * depth);
  }
  return { rows, distances };
}

const at = (values: Float32Array, i: number, dimensions: number) =>
  values.subarray(i * dimensions, (i + 1) * dimensions);

describe.each(here)('filtered, $kernel', ({ scan, metrics }) => {
  it('is brute force over the rows that pass, to the bit', async () => {
    const cases = fc.record({
      metric: fc.constantFrom(...metrics),
      dimensions: fc.integer({ min: 1, max: 5 }),
      count: fc.integer({ min: 1, max: 400 }),
      distinct: fc.integer({ min: 1, max: 400 }),
      shares: fc.array(fc.constantFrom(...SHARES), { minLength: 1, maxLength: 4 }),
      of: fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 1, maxLength: 24 }),
      k: fc.integer({ min: 1, max: 20 }),
      tileRows: fc.integer({ min: 20, max: 400 }),
      seed: fc.nat(),
    });
    const check = async ({
      metric,
      dimensions,
      count,
      distinct,
      shares,
      of,
      k,
      tileRows,
      seed,
    }: typeof cases extends fc.Arbitrary<infer Case> ? Case : never) => {
      // Few different vectors: ties are the rule.
      const pool = randomVectors(distinct, dimensions, seed);
      const base = Float32Array.from({ length: count * dimensions }, (__, i) => pool[i % pool.length]!);
      const queries = randomVectors(of.length, dimensions, seed + 1);
      const selections: QuerySelections = {
        of: Int32Array.from(of, (i) => Math.min(i, shares.length - 1)),
        list: shares.map((share, i) => randomSelection(count, share, seed + i)),
      };
      const asked = measured(queries, of.length, dimensions, fail);
      const lists = new TopLists(of.length, Math.min(k, count));
      const shared = new Selections(sharedSelections(selections, count));
      for (let first = 0, rowsSeen = 0; first < count; first += tileRows) {
        const rows = Math.min(tileRows, count - first);
        const values = base.slice(first * dimensions, (first + rows) * dimensions);
        const tile = { first, ...measured(values, rows, dimensions, fail) };
        await scan({ metric, queries: asked, lists, rowsSeen, selections: shared }, tile);
        rowsSeen += rows;
      }
      const exact = expected(base, queries, dimensions, metric, k, selections);
      expect(lists.rows).toEqual(exact.rows);
      expect(lists.distances).toEqual(exact.distances);
    };
    await fc.assert(fc.asyncProperty(cases, check), { numRuns: 300 });
  });
});

function fail(): never {
  throw new Error('not finite');
}

const dimensions = 24;
const base = randomVectors(900, dimensions, 1);
const queries = randomVectors(40, dimensions, 2);
const vectors = bench.prepared(base, dimensions);
const selections: QuerySelections = {
  list: SHARES.map((share, i) => randomSelection(900, share, i)),
  of: Int32Array.from({ length: 40 }, (_, q) => (q % (SHARES.length + 1)) - 1),
};

describe('computeTruth with selections', () => {
  it.each(pairs)('%s by %s: threads merge to brute force, short lists included', async (metric, kernel) => {
    const options = { metric, kernel, k: 15, threads: 3, tileRows: 128, selections };
    const truth = await computeTruth(vectors, queries, options);
    const exact = expected(base, queries, dimensions, metric, 15, selections);
    expect(truth.rows).toEqual(exact.rows);
    expect(truth.distances).toEqual(exact.distances);
    expect(truth.matches).toEqual(selections.of.map((i) => (i < 0 ? 900 : selections.list[i]!.count())));
  });

  it('without selections it has no matches', async () => {
    expect((await computeTruth(vectors, queries, { metric: 'l2', k: 3 })).matches).toBeUndefined();
  });

  it('refuses selections of other queries or points', async () => {
    for (const wrong of [
      { ...selections, of: selections.of.slice(1) },
      { ...selections, of: selections.of.map(() => SHARES.length) },
      { ...selections, list: SHARES.map(() => new Selection(899)) },
    ]) {
      const failed = computeTruth(vectors, queries, { metric: 'l2', k: 3, selections: wrong });
      await expect(failed).rejects.toThrow(/selections must be of the 40 queries and of the 900 points/);
    }
  });
});

describe('files', () => {
  it('reads back short and empty lists, and the numbers of points that pass', async () => {
    const path = join(bench.folder, 'filtered.parquet');
    const truth = await computeTruth(vectors, queries, { metric: 'dot', k: 15, selections });
    await writeTruth(path, truth, { metric: 'dot' });
    expect(await readTruth(path)).toEqual({ ...truth, metric: 'dot' });
  });

  it('the cache knows filters apart', async () => {
    const options = {
      metric: 'cosine',
      k: 5,
      cacheFolder: bench.folder,
      datasetHash: 'a',
      queriesHash: 'b',
      vectors,
      queries,
    } as const;
    const plain = await loadOrComputeTruth(options);
    const filtered = await loadOrComputeTruth({ ...options, selections });
    const other = { ...selections, of: selections.of.slice().reverse() };
    expect((await loadOrComputeTruth({ ...options, selections: other })).fromCache).toBe(false);
    const again = await loadOrComputeTruth({ ...options, selections });
    expect([plain.fromCache, filtered.fromCache, again.fromCache]).toEqual([false, false, true]);
    expect({ ...again, fromCache: false }).toEqual({ ...filtered, metric: 'cosine' });
    expect(existsSync(join(bench.folder, 'truth'))).toBe(true);
    expect(readdirSync(join(bench.folder, 'truth'))).toHaveLength(3);
  });
});
