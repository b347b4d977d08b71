import { truncateSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { FailureError, InputError, InterruptedError } from '../../../common/errors.js';
import { computeTruth } from '../../../harness/truth/compute.js';
import { tileRowsFor } from '../../../harness/truth/job.js';
import { here, pairs } from './here.js';
import { Bench, bruteForce, randomVectors } from './vectors.js';

const bench = new Bench();
afterAll(() => bench.remove());

const dimensions = 24;
const base = randomVectors(700, dimensions, 1);
const queries = randomVectors(30, dimensions, 2);
const vectors = bench.prepared(base, dimensions);

describe('threads', () => {
  it.each(pairs)('%s by %s: tiles of several threads merge to brute force', async (metric, kernel) => {
    const truth = await computeTruth(vectors, queries, { metric, kernel, k: 15, threads: 3, tileRows: 64 });
    const exact = bruteForce(base, queries, dimensions, metric, 15);
    expect(truth.rows).toEqual(exact.rows);
    expect(truth.distances).toEqual(exact.distances);
    expect(truth).toMatchObject({ kernel, count: 30, depth: 15 });
    expect(truth.seconds).toBeGreaterThan(0);
  });

  it('uses usearch where it is installed', async () => {
    const warnings: string[] = [];
    const truth = await computeTruth(vectors, queries, {
      metric: 'l2',
      k: 1,
      onWarning: (text) => warnings.push(text),
    });
    expect(truth.kernel).toBe('usearch');
    expect(warnings).toEqual([]);
  });

  it('tells its progress, up to all tiles', async () => {
    const seen: [number, number][] = [];
    const onProgress = (done: number, total: number): void => {
      seen.push([done, total]);
    };
    await computeTruth(vectors, queries, { metric: 'l2', k: 3, threads: 2, tileRows: 100, onProgress });
    expect(seen.at(-1)).toEqual([7, 7]);
    expect(seen.length).toBe(7);
  });

  it('share small data evenly and keep large tiles bounded', () => {
    expect(tileRowsFor(20_000, 384, 2)).toBe(10_000);
    expect(tileRowsFor(100, 384, 2)).toBe(100);
    expect(tileRowsFor(10_000_000, 384, 2) * 384 * 4).toBeLessThanOrEqual(16 * 2 ** 20);
  });
});

describe('sizes', () => {
  it('k larger than the dataset: all of it', async () => {
    const truth = await computeTruth(vectors, queries, { metric: 'cosine', k: 5000 });
    expect(truth.depth).toBe(700);
    expect(truth.rows).toEqual(bruteForce(base, queries, dimensions, 'cosine', 700).rows);
  });

  it('no queries: nothing', async () => {
    const truth = await computeTruth(vectors, new Float32Array(0), { metric: 'cosine', k: 5 });
    expect(truth).toMatchObject({ count: 0, depth: 5 });
  });

  it('queries that are a view into a larger array', async () => {
    const view = queries.subarray(dimensions, 3 * dimensions);
    const truth = await computeTruth(vectors, view, { metric: 'l2', k: 5 });
    expect(truth.rows).toEqual(bruteForce(base, view, dimensions, 'l2', 5).rows);
  });
});

describe('abort', () => {
  it('before the start', async () => {
    const signal = AbortSignal.abort();
    await expect(computeTruth(vectors, queries, { metric: 'l2', k: 3, signal })).rejects.toThrow(
      InterruptedError,
    );
  });

  it('in the middle, with no thread left behind', async () => {
    const stop = new AbortController();
    const onProgress = (): void => stop.abort();
    const options = {
      metric: 'l2',
      kernel: 'float64',
      k: 3,
      threads: 2,
      tileRows: 8,
      signal: stop.signal,
    } as const;
    await expect(computeTruth(vectors, queries, { ...options, onProgress })).rejects.toThrow(
      InterruptedError,
    );
    expect(process.getActiveResourcesInfo().filter((name) => name === 'MessagePort')).toEqual([]);
  });

  it('passes on the reason, if it is one of our errors', async () => {
    const reason = new FailureError('disk gone');
    const signal = AbortSignal.abort(reason);
    await expect(computeTruth(vectors, queries, { metric: 'l2', k: 3, signal })).rejects.toBe(reason);
  });
});

describe('bad input', () => {
  const compute = (given: Partial<Parameters<typeof computeTruth>[2]>, asked = queries, from = vectors) =>
    computeTruth(from, asked, { metric: 'l2', k: 3, ...given });

  it.each([0, -1, 1.5, Number.NaN])('k = %d', async (k) => {
    await expect(compute({ k })).rejects.toThrow(InputError);
  });

  it('queries of other dimensions', async () => {
    await expect(compute({}, queries.subarray(1))).rejects.toThrow(/24 dimensions/);
  });

  it('a query that is not finite is named', async () => {
    const bad = queries.slice();
    bad[5 * dimensions + 1] = Number.NaN;
    await expect(compute({}, bad)).rejects.toThrow(/query 5 /);
  });

  it.each(here)('a row that is not finite is named by $kernel', async ({ kernel, metrics: [metric] }) => {
    const bad = base.slice();
    bad[123 * dimensions] = Number.POSITIVE_INFINITY;
    const from = bench.prepared(bad, dimensions, `infinite-${kernel}.f32`);
    await expect(compute({ kernel, metric: metric!, tileRows: 50 }, queries, from)).rejects.toThrow(
      /row 123 /,
    );
  });

  it('a truncated file is named', async () => {
    const from = bench.prepared(base, dimensions, 'short.f32');
    truncateSync(from.file, 1000);
    await expect(compute({}, queries, from)).rejects.toThrow(InputError);
    await expect(compute({}, queries, from)).rejects.toThrow(/short\.f32/);
  });

  it('a file that is gone is named', async () => {
    const from = { ...vectors, file: `${vectors.file}.gone` };
    await expect(compute({}, queries, from)).rejects.toThrow(/vectors\.f32\.gone/);
  });
});
