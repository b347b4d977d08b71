import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readByQuery, writeByQuery } from '../../../harness/store/by-query.js';

const folder = mkdtempSync(join(tmpdir(), 'by-query-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const column = (queries: number[], values: number[]) => ({
  queries: Int32Array.from(queries),
  values: Float64Array.from(values),
});

it('comes back as it was: trials of other queries and measures, queries without a figure, odd names', async () => {
  const path = join(folder, 'by-query.parquet');
  const columns = new Map([
    ['a', new Map([['recall@10', column([0, 2, 5], [1, 0.1 + 0.2, 0])]])],
    [
      'b "ü"; --',
      new Map([
        ['recall@10', column([1, 2], [0.5, 1 / 3])],
        ['ndcg@10', column([1, 2], [Number.NaN, 1e-300])],
      ]),
    ],
    ['failed', new Map()],
  ]);
  writeByQuery(path, columns);
  const found = await readByQuery(path);
  expect(found).toEqual(new Map([...columns].filter(([, measures]) => measures.size > 0)));
});

it('holds more rows than one group of the file', async () => {
  const path = join(folder, 'large.parquet');
  const queries = Array.from({ length: 60_000 }, (_, i) => i);
  const columns = new Map(
    ['x', 'y', 'z'].map((trial, t) => [
      trial,
      new Map([
        [
          'recall@1',
          column(
            queries,
            queries.map((query) => ((query * 7 + t) % 11) / 11),
          ),
        ],
      ]),
    ]),
  );
  writeByQuery(path, columns);
  expect(await readByQuery(path)).toEqual(columns);
});

it('of no measured trial is empty', async () => {
  const path = join(folder, 'empty.parquet');
  writeByQuery(path, new Map([['failed', new Map()]]));
  expect(await readByQuery(path)).toEqual(new Map());
});
