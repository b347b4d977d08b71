import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collect, expectInputError, fixtures, openFresh, temporaryFolder } from './support.js';

const golden = (name: string) => join(fixtures, 'formats', name);
const vector = (row: number) => [row, 1, 2];
const lines = (from: number, to: number) =>
  Array.from(
    { length: to - from },
    (_, i) => `${JSON.stringify({ _id: `d${from + i}`, emb: vector(from + i), n: i })}\n`,
  ).join('');

/** A folder with these files. */
function folderOf(files: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const QUERIES = '{"id":"q0","vector":[1,1,2]}\n';

describe('several files as one dataset', () => {
  const files = {
    'data/train-00000-of-00002.jsonl': lines(0, 3),
    'data/train-00001-of-00002.jsonl': lines(3, 5),
    'q.jsonl': QUERIES,
  };
  const open = (path: string, folder: string) =>
    openFresh(path, { baseFolder: folder, queriesFile: 'q.jsonl', metric: 'l2' });

  it.each(['./', './data/*.jsonl', './data/train-*', './**/train-*.jsonl'])('given as %s', async (path) => {
    const folder = folderOf(files);
    const dataset = await open(path, folder);
    expect(dataset.info).toMatchObject({ count: 5, dimensions: 3, warnings: [] });
    const { ids, vectors, metadata } = await collect(dataset.points({ batchSize: 2, metadata: ['n'] }));
    expect(ids).toEqual(['d0', 'd1', 'd2', 'd3', 'd4']);
    expect(vectors).toEqual([0, 1, 2, 3, 4].flatMap(vector));
    expect(metadata['n']).toEqual([0, 1, 2, 0, 1]);
    expect(dataset.place?.(4)).toMatch(/train-00001-of-00002\.jsonl:2$/);
    await dataset.close();
  });

  it('one of several is told from the whole', async () => {
    const folder = folderOf(files);
    const dataset = await open('./data/train-00001-of-00002.jsonl', folder);
    expect(dataset.info.warnings?.join()).toMatch(/train-00001-of-00002\.jsonl is one of 2 files/);
  });

  it('files that differ are refused by name', async () => {
    const folder = folderOf({
      ...files,
      'data/train-00001-of-00002.jsonl': '{"_id":"x","emb":[1,2],"n":1}\n',
    });
    await expectInputError(open('./data/*.jsonl', folder), 'train-00001-of-00002.jsonl', 'dimensions differ');
    await expectInputError(open('./data/*.npy', folder), 'names no file');
  });

  it('a list in dataset.yaml', async () => {
    const folder = folderOf({
      ...files,
      'dataset.yaml':
        'name: mine\nformat: jsonl\npoints: { file: [data/train-00000-of-00002.jsonl, data/train-00001-of-00002.jsonl] }\nquerySets: [{ name: q, file: q.jsonl }]\n',
    });
    expect((await openFresh(folder)).info.count).toBe(5);
  });
});

describe('folders as their makers lay them out', () => {
  it('BEIR, embedded', async () => {
    const folder = folderOf({
      'corpus.jsonl': lines(0, 4),
      'queries.jsonl': '{"_id":"q0","text":"x","emb":[1,1,2]}\n',
      'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nq0\td1\t1\n',
    });
    const dataset = await openFresh(folder);
    expect(dataset.info.querySets).toMatchObject([{ name: 'queries', count: 1, judged: true }]);
    expect([...(await dataset.qrels('queries'))!]).toEqual([['q0', new Map([['d1', 1]])]]);
  });

  it("vectors.npy with payloads and tests, whose neighbours are the file's own", async () => {
    const folder = folderOf({
      'payloads.jsonl': Array.from({ length: 20 }, (_, i) => `{"color":"c${i % 2}"}\n`).join(''),
      'tests.jsonl':
        '{"query":[1,2,3,4,5,6],"conditions":null,"closest_ids":[3,2],"closest_scores":[0.5,0.5]}\n',
    });
    copyFileSync(golden('fortran.npy'), join(folder, 'vectors.npy'));
    const dataset = await openFresh(folder);
    expect(dataset.info).toMatchObject({ count: 20, fields: [{ name: 'color', type: 'string' }] });
    expect(await dataset.providedTruth('queries')).toMatchObject({
      state: 'usable',
      rows: Int32Array.of(3, 2),
    });
  });

  it('VectorDBBench: shuffled points, neighbours by id in a file of their own', async () => {
    const dataset = await openFresh('./formats/vectordbbench', { metric: 'l2' });
    const truth = await dataset.providedTruth('queries');
    // pyarrow and numpy made the files; the neighbours are the queries' nearest by Euclidean distance.
    expect(truth).toMatchObject({ state: 'usable', k: 3 });
    const points: number[][] = [];
    for await (const { vectors, count } of dataset.points({ batchSize: 64 }))
      for (let i = 0; i < count; i++) points.push([...vectors.subarray(i * 6, i * 6 + 6)]);
    const { vectors } = await dataset.queries('queries');
    const nearest = Array.from({ length: 4 }, (_, q) => {
      const far = points.map((point) => Math.hypot(...point.map((value, j) => value - vectors[q * 6 + j]!)));
      return points
        .map((_, row) => row)
        .sort((a, b) => far[a]! - far[b]!)
        .slice(0, 3);
    });
    expect([...(truth as { rows: Int32Array }).rows]).toEqual(nearest.flat());
    await dataset.close();
  });

  it('train and test, with neighbours by id', async () => {
    const folder = folderOf({
      'train.jsonl': lines(0, 4),
      'test.jsonl': '{"id":"q0","emb":[1,1,2],"neighbors_id":["d3","d1"]}\n',
    });
    const dataset = await openFresh(folder);
    expect(await dataset.providedTruth('queries')).toMatchObject({
      state: 'usable',
      rows: Int32Array.of(3, 1),
    });
  });
});

describe('invalid vectors', () => {
  const points = '[1,0]|[0,0]|[0,1]|[0,0]|[2,2]'
    .split('|')
    .map((v, i) => `{"id":"d${i}","vector":${v}}\n`)
    .join('');
  const files = { 'p.jsonl': points, 'q.jsonl': '{"id":"a","vector":[0,0]}\n{"id":"b","vector":[1,1]}\n' };
  const options = { queriesFile: 'q.jsonl', metric: 'cosine' as const };

  it('are left out at the user’s word, and counted', async () => {
    const folder = folderOf(files);
    const dataset = await openFresh('./p.jsonl', { ...options, baseFolder: folder, skipInvalid: ['zero'] });
    expect(dataset.info).toMatchObject({ count: 3, leftOut: [{ kind: 'zero', points: 2, queries: 1 }] });
    const { ids, vectors } = await collect(dataset.points({ batchSize: 2 }));
    expect([ids, vectors]).toEqual([
      ['d0', 'd2', 'd4'],
      [1, 0, 0, 1, 2, 2],
    ]);
    expect((await dataset.queries('queries')).ids).toEqual(['b']);
    expect(dataset.place?.(1)).toMatch(/:3$/);
    const whole = await openFresh('./p.jsonl', {
      ...options,
      metric: 'l2',
      baseFolder: folder,
      skipInvalid: ['zero'],
    });
    expect(whole.info.count, 'zero is no fault under l2').toBe(5);
    expect(whole.info.hash).not.toBe(dataset.info.hash);
  });

  it('are counted where they are refused', async () => {
    const folder = folderOf(files);
    const dataset = await openFresh('./p.jsonl', { ...options, baseFolder: folder });
    await expectInputError(
      dataset.queries('queries'),
      'q.jsonl:1',
      '1 of 2 queries is zero',
      '--skip-invalid zero',
    );
  });
});
