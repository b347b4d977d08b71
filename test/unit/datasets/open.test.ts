import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogEntries } from '../../../datasets/catalog.js';
import { readQrels } from '../../../datasets/formats/qrels.js';
import { expectInputError, fixtures, openFresh, temporaryFolder } from './support.js';

function folderWith(yaml: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'dataset.yaml'), yaml);
  return folder;
}

describe('the catalog', () => {
  it('describes every dataset completely, with the size and hash of every file', () => {
    const entries = catalogEntries().filter(({ location }) => location !== 'download');
    expect(entries.map((entry) => entry.name)).toEqual([
      'debian-packages',
      'debian-packages-20k',
      'glove-words-20k',
      'synthetic-10k-32',
      'synthetic-1m-128',
    ]);
    for (const entry of entries) {
      for (const key of [
        'title',
        'description',
        'licence',
        'provenance',
        'metric',
        'dimensions',
        'count',
      ] as const) {
        expect(entry[key], `${entry.name} ${key}`).toBeTruthy();
      }
      expect(entry.querySets.every((set) => set.count! > 0)).toBe(true);
      expect(entry.fields.every((field) => field.nulls !== undefined)).toBe(true);
      for (const file of entry.files) expect([file.bytes, file.sha256]).not.toContain(undefined);
      if (entry.format === 'synthetic') expect(entry.description).toContain('not real');
      else expect(entry.files.length).toBeGreaterThan(0);
    }
  });
});

describe('naming a dataset', () => {
  it('an unknown name gets the nearest known one and the list', async () => {
    await expectInputError(
      openFresh('debian-package-20k'),
      'unknown dataset "debian-package-20k"',
      'Did you mean "debian-packages-20k"?',
      'synthetic-1m-128',
    );
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'mine'));
    await expectInputError(openFresh('mine', { baseFolder: folder }), 'Did you mean the path ./mine?');
  });

  it('a dataset whose files are not in the package asks for the folder', async () => {
    await expectInputError(openFresh('debian-packages'), 'not part of the package', 'vectors.f16.npy');
  });

  it('a path that is missing, a folder without description and an unknown ending are refused', async () => {
    await expectInputError(openFresh('./none.npy'), 'none.npy', 'ENOENT');
    const folder = temporaryFolder();
    await expectInputError(openFresh(folder), folder, 'no dataset.yaml');
    writeFileSync(join(folder, 'vectors.bin'), 'x');
    await expectInputError(openFresh(join(folder, 'vectors.bin')), 'vectors.bin', '.parquet');
  });

  it('an unknown query set or field gets the known ones', async () => {
    const dataset = await openFresh('pandas.parquet');
    await expectInputError(dataset.queries('query'), 'no query set "query"', 'use one of queries');
    const read = dataset.points({ batchSize: 5, metadata: ['txt'] })[Symbol.asyncIterator]();
    await expectInputError(Promise.resolve(read.next()), 'no metadata field "txt"', 'Did you mean "text"?');
    await dataset.close();
  });

  it('queries of other dimensions, or with an id used twice, are refused', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'q.jsonl');
    writeFileSync(path, '{"vector":[1,2]}\n');
    await expectInputError(
      openFresh('f4-le.npy', { queriesFile: path }),
      'q.jsonl:1',
      '2 dimensions, the points 6',
    );
    writeFileSync(path, '{"id":"a","vector":[1,2,3,4,5,6]}\n{"id":"a","vector":[1,2,3,4,5,7]}\n');
    const dataset = await openFresh('f4-le.npy', { queriesFile: path });
    await expectInputError(dataset.queries('queries'), 'q.jsonl:2', 'q.jsonl:1', '"a"');
  });

  it('zero queries are refused under cosine only', async () => {
    const path = join(temporaryFolder(), 'q.jsonl');
    writeFileSync(path, '{"vector":[0,0,0,0,0,0]}\n');
    const open = (metric: 'cosine' | 'l2') => openFresh('f4-le.npy', { queriesFile: path, metric });
    await expectInputError((await open('cosine')).queries('queries'), 'q.jsonl:1', 'zero');
    expect((await (await open('l2')).queries('queries')).count).toBe(1);
  });
});

describe('a hash', () => {
  it('stays the same in another folder and changes with the content', async () => {
    const data = [1, 2].map((n) => `{"id":"${n}","vector":[${n},1]}\n`).join('');
    const make = (text: string) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'd.jsonl'), text);
      writeFileSync(join(folder, 'd.queries.jsonl'), '{"vector":[1,1]}\n');
      return openFresh(join(folder, 'd.jsonl'));
    };
    const [a, b, c] = [await make(data), await make(data), await make(data.replace('[2,', '[3,'))];
    expect(a.info.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(b.info.hash).toBe(a.info.hash);
    expect(c.info.hash).not.toBe(a.info.hash);
  });
});

describe('dataset.yaml', () => {
  it('lists all its faults with their keys', async () => {
    const folder = folderWith('name: My Data\nformat: xlsx\npoints: { file: ../x.npy }\nmetrik: cosine\n');
    await expectInputError(openFresh(folder), 'dataset.yaml', 'name:', 'format:', 'points.file:', 'metrik');
    await expectInputError(openFresh(folderWith('name: [')), 'dataset.yaml', 'YAML');
    await expectInputError(openFresh(folderWith('name: a\nformat: npy\n')), 'points:');
    await expectInputError(
      openFresh(folderWith('name: a\nformat: synthetic\n')),
      'synthetic:',
      'count:',
      'metric:',
    );
  });

  it('a count or hash that is not that of the file is refused', async () => {
    const { copyFileSync } = await import('node:fs');
    const make = (more: string) => {
      const folder = folderWith(`name: a\nformat: npy\npoints: { file: v.npy }\n${more}`);
      copyFileSync(join(fixtures, 'f4-le.npy'), join(folder, 'v.npy'));
      return openFresh(folder);
    };
    await expectInputError(make('count: 21\n'), 'v.npy', '20 rows', '21');
    await expectInputError(
      make(`files: [{ path: v.npy, sha256: ${'a'.repeat(64)} }]\n`),
      'v.npy',
      'a'.repeat(64),
    );
    await expectInputError(make(''), 'no queries', 'querySets');
    const sets = 'querySets: [{ name: own, file: v.npy }]\n';
    expect((await make(sets)).info).toMatchObject({ name: 'a', count: 20, metricSource: 'default' });
  });
});

describe('judgements', () => {
  const write = (text: string) => {
    const path = join(temporaryFolder(), 'qrels.tsv');
    writeFileSync(path, text);
    return path;
  };

  it('are read with tabs or spaces; negative grades count as 0', async () => {
    const qrels = await readQrels(write('q1\t0\td1\t2\nq1 0 d2 -1\r\n\nq2 Q0 d1 0\n'));
    expect([...qrels].map(([query, grades]) => [query, ...grades])).toEqual([
      ['q1', ['d1', 2], ['d2', 0]],
      ['q2', ['d1', 0]],
    ]);
  });

  it.each([
    ['q1 0 d1', ':1'],
    ['q1 0 d1 1\nq1 0 d1 2', ':2'],
    ['q1 0 d1 1.5', ':1'],
    ['q1 0 d1 1 extra', ':1'],
  ])('%j is refused with its line', async (text, line) => {
    await expectInputError(readQrels(write(text)), `qrels.tsv${line}`);
  });
});
