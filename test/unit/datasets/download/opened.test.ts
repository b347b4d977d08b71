import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type CatalogEntry,
  catalogEntries,
  catalogEntry,
  downloadSize,
  readEntry,
} from '../../../../datasets/catalog.js';
import { downloadDataset } from '../../../../datasets/download/download.js';
import { datasetFolder } from '../../../../datasets/download/record.js';
import { openDataset } from '../../../../datasets/open.js';
import type { OpenContext } from '../../../../datasets/open-context.js';
import { openDownloaded } from '../../../../datasets/open-downloaded.js';
import { tarGz, zip } from './archives.js';
import { good, type HostileServer, serve } from './server.js';

let home: string;
let server: HostileServer | undefined;
let context: OpenContext;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'vecproof-opened-'));
  context = { baseFolder: home, cacheFolder: join(home, 'cache'), opened: [] };
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(home, { recursive: true, force: true });
});

function entry(name: string, rest: Record<string, unknown>): CatalogEntry {
  const path = join(home, `${name}.yaml`);
  writeFileSync(path, JSON.stringify({ name, location: 'download', licence: 'CC0', ...rest }));
  return readEntry(path);
}

function fbin(rows: readonly (readonly number[])[]): Buffer {
  const file = Buffer.alloc(8 + 4 * rows.length * rows[0]!.length);
  file.writeUInt32LE(rows.length, 0);
  file.writeUInt32LE(rows[0]!.length, 4);
  for (const [i, value] of rows.flat().entries()) file.writeFloatLE(value, 8 + 4 * i);
  return file;
}

describe('the catalog', () => {
  test('every entry is found by its name, and states its licence and whence it is', () => {
    const entries = catalogEntries();
    expect(entries.filter(({ location }) => location === 'download').length).toBeGreaterThan(50);
    for (const each of entries) {
      expect(catalogEntry(each.name)?.name).toBe(each.name);
      expect([each.name, each.licence, each.provenance]).not.toContain(undefined);
      if (each.location !== 'download') continue;
      expect(each.homepage).toMatch(/^https:/);
      expect(downloadSize(each)).toBeGreaterThan(1e6);
      expect(each.download.every(({ url }) => url.startsWith('https:'))).toBe(true);
      if (each.holds === 'vectors')
        expect([each.name, each.metric, each.dimensions]).not.toContain(undefined);
    }
  });

  test('the size of a part follows from its rows', () => {
    const widths: Record<string, number> = { fbin: 4, u8bin: 1, i8bin: 1 };
    const parts = catalogEntries().flatMap(({ download, dimensions }) =>
      download.filter(({ rows }) => rows !== undefined).map((file) => ({ ...file, dimensions: dimensions! })),
    );
    expect(parts.length).toBe(10);
    for (const { file, rows, bytes, dimensions } of parts)
      expect(bytes).toBe(8 + rows! * dimensions * widths[file.split('.').at(-1)!]!);
  });

  test('a name of it that is not here says the size, the licence and the command', async () => {
    await expect(openDataset('glove-25-angular', context)).rejects.toMatchObject({
      message: expect.stringMatching(
        /not here yet \(128 MB to download; licence: Vectors: GloVe.*\n.*vecproof dataset download glove-25-angular, or run with --download/,
      ),
      exitCode: 2,
    });
  });

  test('one of texts says what is missing', async () => {
    await expect(openDataset('beir-scifact', context)).rejects.toThrow(
      /holds texts, queries and judgements, and no vectors[\s\S]*add a key "vector"/,
    );
  });
});

test('big-ann: rows, queries and neighbours', async () => {
  const base = fbin([
    [1, 0],
    [0, 1],
    [3, 3],
    [9, 9],
  ]);
  const neighbours = Buffer.alloc(8 + 2 * 8);
  neighbours.writeUInt32LE(2, 0);
  neighbours.writeUInt32LE(1, 4);
  neighbours.writeUInt32LE(1, 12);
  server = await serve({
    '/base': good(base),
    '/query': good(
      fbin([
        [2, 0],
        [0, 2],
      ]),
    ),
    '/gt': good(neighbours),
  });
  const set = entry('ours', {
    format: 'bin',
    metric: 'l2',
    dimensions: 2,
    count: 2,
    points: { file: 'base.fbin' },
    querySets: [{ name: 'public', count: 2, file: 'query.fbin', neighbors: 'gt.bin' }],
    download: [
      { file: 'base.fbin', url: `${server.url}/base`, bytes: 8 + 2 * 8, rows: 2 },
      { file: 'query.fbin', url: `${server.url}/query`, bytes: 24 },
      { file: 'gt.bin', url: `${server.url}/gt`, bytes: 24 },
    ],
  });
  const { onMissing: _, ...without } = context;
  await expect(openDownloaded(set, 'ours', without)).rejects.toThrow('not here yet');
  const onMissing = async (missing: CatalogEntry) => {
    await downloadDataset(missing, { cacheFolder: context.cacheFolder });
  };
  const dataset = await openDownloaded(set, 'ours', { ...context, onMissing });
  expect(dataset.info).toMatchObject({ name: 'ours', count: 2, dimensions: 2, metric: 'l2', licence: 'CC0' });
  expect(await dataset.providedTruth('public')).toMatchObject({ state: 'usable', k: 1 });
  await dataset.close();

  const folder = datasetFolder(context.cacheFolder, 'ours');
  const changed = readFileSync(join(folder, 'base.fbin'));
  changed[20] = 7;
  writeFileSync(join(folder, 'base.fbin'), changed);
  await expect(openDownloaded(set, 'ours', context)).rejects.toThrow(
    /damaged or was changed[\s\S]*dataset download ours/,
  );
});

test('qdrant’s folders come as an archive', async () => {
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }".padEnd(117).concat('\n');
  const npy = Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([118, 0]),
    Buffer.from(header),
    fbin([
      [1, 0],
      [0, 1],
    ]).subarray(8),
  ]);
  const archive = await tarGz([
    { name: 'hnm/vectors.npy', content: npy },
    { name: 'hnm/payloads.jsonl', content: Buffer.from('{"a":"x"}\n{"a":"y"}\n') },
    {
      name: 'hnm/tests.jsonl',
      content: Buffer.from(
        '{"query":[1,0],"conditions":{"and":[{"a":{"match":{"value":"x"}}}]},"closest_ids":[0],"closest_scores":[1]}\n',
      ),
    },
  ]);
  server = await serve({ '/a.tgz': good(archive) });
  const download = [
    { file: 'a.tgz', url: `${server.url}/a.tgz`, about: archive.length, unpack: { about: 2000 } },
  ];
  const set = entry('hm', { format: 'npy', metric: 'cosine', dimensions: 2, count: 2, download });
  await downloadDataset(set, { cacheFolder: context.cacheFolder });
  const dataset = await openDownloaded(set, 'hm', context);
  expect(dataset.info).toMatchObject({ name: 'hm', count: 2, metric: 'cosine', metricSource: 'declared' });
  expect(dataset.info.fields.map(({ name }) => name)).toEqual(['a']);
  expect(dataset.info.querySets).toMatchObject([{ count: 1 }]);
  await dataset.close();
});

test('BEIR’s texts are unpacked, and with vectors they are a dataset', async () => {
  const archive = zip([
    {
      name: 'tiny/corpus.jsonl',
      content: Buffer.from('{"_id":"d1","title":"","text":"a"}\n{"_id":"d2","title":"","text":"b"}\n'),
    },
    { name: 'tiny/queries.jsonl', content: Buffer.from('{"_id":"q1","text":"a"}\n') },
    { name: 'tiny/qrels/test.tsv', content: Buffer.from('query-id\tcorpus-id\tscore\nq1\td1\t1\n') },
  ]);
  server = await serve({ '/tiny.zip': good(archive) });
  const download = [
    { file: 'tiny.zip', url: `${server.url}/tiny.zip`, bytes: archive.length, unpack: { about: 1000 } },
  ];
  const set = entry('tiny', { format: 'jsonl', holds: 'texts', download });
  const { folder, record } = await downloadDataset(set, { cacheFolder: context.cacheFolder });
  expect(record.files.map(({ path }) => path).sort()).toEqual([
    'corpus.jsonl',
    'qrels/test.tsv',
    'queries.jsonl',
  ]);
  await expect(openDownloaded(set, 'tiny', context)).rejects.toThrow(folder);
  const withVectors = (file: string, vectors: number[][]) => {
    const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n');
    const all = lines.map((line, i) => JSON.stringify({ ...JSON.parse(line), vector: vectors[i] }));
    writeFileSync(join(folder, file), `${all.join('\n')}\n`);
  };
  withVectors('corpus.jsonl', [
    [1, 0],
    [0, 1],
  ]);
  withVectors('queries.jsonl', [[1, 0.1]]);
  const dataset = await openDataset(folder, context);
  expect([dataset.info.count, (await dataset.qrels('queries'))?.get('q1')?.get('d1')]).toEqual([2, 1]);
  await dataset.close();
});
