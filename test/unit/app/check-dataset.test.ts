import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Metric } from '../../../datasets/dataset.js';
import { checkDataset } from '../../../harness/app/check/check-dataset.js';
import type { Context } from '../../../harness/app/context.js';
import { distance } from '../../../harness/measures/distance.js';
import { Random } from '../../../harness/measures/random.js';

const folder = mkdtempSync(join(tmpdir(), 'vecproof-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const context: Context = {
  runs: join(folder, '.runs'),
  cache: join(folder, '.cache'),
  cwd: folder,
  env: {},
  signal: new AbortController().signal,
  onEvent: () => {},
  hide: () => {},
};
const DIMENSIONS = 8;

interface Made {
  points?: number;
  queries?: number;
  change?: (points: Record<string, unknown>[], queries: Record<string, unknown>[]) => void;
}

let made = 0;
function make({ points = 300, queries = 40, change }: Made = {}): string {
  const random = new Random(7);
  const vector = () =>
    Array.from({ length: DIMENSIONS }, () => Math.fround((random.uint32() / 2 ** 32 - 0.5) * 4));
  const docs: Record<string, unknown>[] = Array.from({ length: points }, (_, i) => ({
    id: `d${i}`,
    vector: vector(),
    color: i % 3 === 0 ? null : `c${i % 7}`,
    size: i,
  }));
  const asked: Record<string, unknown>[] = Array.from({ length: queries }, (_, i) => ({
    id: `q${i}`,
    vector: vector(),
  }));
  change?.(docs, asked);
  const name = `set${made++}`;
  const lines = (list: object[]) => list.map((each) => `${JSON.stringify(each)}\n`).join('');
  writeFileSync(join(folder, `${name}.jsonl`), lines(docs));
  if (queries > 0) writeFileSync(join(folder, `${name}.queries.jsonl`), lines(asked));
  return `./${name}.jsonl`;
}

const check = (dataset: string, metric: Metric | null = 'l2', model?: string) =>
  checkDataset({ dataset, options: { metric, queriesFile: null }, model }, context);
const texts = ({ findings }: Awaited<ReturnType<typeof check>>) =>
  findings.map(({ severity, what }) => `${severity}: ${what}`);

/** By brute force. */
function nearest(
  docs: Record<string, unknown>[],
  query: Record<string, unknown>,
  metric: Metric,
  k = 10,
): number[] {
  const q = Float32Array.from(query['vector'] as number[]);
  const far = docs.map(
    (doc, i) =>
      [i, distance(metric, q, 0, Float32Array.from(doc['vector'] as number[]), 0, DIMENSIONS)] as const,
  );
  return far
    .sort((a, b) => a[1] - b[1])
    .slice(0, k)
    .map(([i]) => i);
}

describe('what is counted', () => {
  test('vectors, ids, fields and queries', async () => {
    const path = make({
      change(docs, queries) {
        docs[3]!['vector'] = docs[5]!['vector'];
        docs[4]!['vector'] = new Array(DIMENSIONS).fill(0);
        docs[9]!['id'] = 'd8';
        queries[0] = { id: 'd1', vector: docs[7]!['vector'] };
        queries[2]!['vector'] = queries[1]!['vector'];
      },
    });
    const report = await check(path, 'cosine');
    expect(report.points).toMatchObject({ count: 300, zero: 1, nonFinite: 0, duplicates: 1, unit: 0 });
    expect(report.repeatedIds).toBe(1);
    expect(report.queries[0]).toMatchObject({
      name: 'queries',
      idsOfPoints: 1,
      vectorsOfPoints: 1,
      vectors: { count: 40, duplicates: 1 },
    });
    expect(report.fields).toEqual([
      { name: 'color', type: 'string', nulls: 100, distinct: { count: 7, atLeast: false } },
      {
        name: 'size',
        type: 'integer',
        nulls: 0,
        distinct: { count: 300, atLeast: false },
        least: '0',
        greatest: '299',
      },
    ]);
    expect(texts(report)).toEqual(
      expect.arrayContaining([
        'fault: 1 of 300 points are zero, which have no direction under cosine',
        'fault: 1 points have an id that another point has',
        'warning: 300 points are too few to tell engines apart: a scan of all of them is fast',
      ]),
    );
  });

  test('zero queries are a fault under cosine alone', async () => {
    const path = make({
      change: (_, queries) => {
        queries[3]!['vector'] = new Array(DIMENSIONS).fill(0);
      },
    });
    expect(texts(await check(path, 'cosine'))).toContain(
      'fault: 1 of 40 queries (queries) are zero, which have no direction under cosine',
    );
    expect((await check(path, 'l2')).findings.every(({ severity }) => severity === 'warning')).toBe(true);
  });

  test('a dataset without queries', async () => {
    const report = await check(make({ queries: 0 }));
    expect(report.metric).toMatchObject({ ofPoints: true, queries: 100 });
    expect(texts(report)).toContain('warning: it has no queries');
  });
});

describe('the metric', () => {
  const withNeighbors = (metric: Metric, shift = 0) =>
    make({
      change(docs, queries) {
        for (const doc of docs) delete doc['id'];
        for (const query of queries)
          query['neighbors'] = nearest(docs, query, metric).map((row) => row + shift);
        for (const query of queries)
          if ((query['neighbors'] as number[]).some((row) => row > 299)) query['neighbors'] = [0];
      },
    });

  test('neighbours that fit are no warning', async () => {
    const report = await check(withNeighbors('l2'), 'l2');
    expect(report.metric!.provided!.find(({ metric, shift }) => metric === 'l2' && shift === 0)!.share).toBe(
      1,
    );
    expect(texts(report).filter((text) => text.includes('neighbours'))).toEqual([]);
  });

  test('those of another metric are told with it', async () => {
    expect(texts(await check(withNeighbors('dot'), 'cosine')).join('\n')).toMatch(
      /only \d+\.\d% of the file's own neighbours are exact ones by cosine, but 100\.0% by dot/,
    );
  });

  test('counted from 1', async () => {
    expect(texts(await check(withNeighbors('l2', 1), 'l2')).join('\n')).toMatch(
      /but \d+\.\d% by l2, counted from 1/,
    );
  });

  test('how much it matters where nothing says it', async () => {
    const found = texts(await check(make(), null)).join('\n');
    expect(found).toMatch(/nothing says which metric is meant; cosine is assumed$/m);
    expect(found).toMatch(/cosine and l2 share \d+\.\d% of the first 10 neighbours/);
  });

  test('what is known of the model', async () => {
    const found = texts(await check(make(), 'cosine', 'sentence-transformers/all-MiniLM-L6-v2')).join('\n');
    expect(found).toMatch(/gives 384 dimensions, these vectors have 8/);
    expect(found).toMatch(/gives vectors of norm 1, but only 0\.0% of these have it/);
    expect(texts(await check(make(), 'cosine', 'mine'))).toContain(
      'warning: nothing is known here of the model "mine"',
    );
  });
});

describe('how hard it is', () => {
  test('uniform data has about as many intrinsic dimensions as dimensions', async () => {
    const { metric } = await check(make({ points: 4000, queries: 100 }));
    expect(metric!.intrinsicDimension).toBeGreaterThan(5);
    expect(metric!.intrinsicDimension).toBeLessThan(9);
  });

  test('few points of few dimensions are easy', async () => {
    const report = await check(make());
    expect(report.hardness).toMatchObject({ state: 'measured', points: 300, queries: 40, k: 10 });
    expect(texts(report).join('\n')).toMatch(
      /it is easy: HNSW as it comes \(ef 64\) has recall@10 (1\.0000|0\.99\d\d)/,
    );
  });

  test('too few points for an index', async () => {
    expect((await check(make({ points: 40 }))).hardness).toEqual({
      state: 'unmeasured',
      reason: '40 points are too few',
    });
  });
});
