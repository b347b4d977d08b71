import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import type { FieldSchema } from '../../../datasets/dataset.js';
import { openParquet } from '../../../datasets/formats/parquet/source.js';
import { prepareVectors } from '../../../datasets/prepare.js';
import { ownParquet } from '../../../scripts/write-parquet.js';
import {
  collect,
  DIMENSIONS,
  expectedVectors,
  expectInputError,
  fixtures,
  openFresh,
  ROWS,
  step,
  temporaryFolder,
} from './support.js';

async function readFixture(name: string, batchSize = 7) {
  const source = await openParquet(join(fixtures, name));
  const metadata = source.fields.map((field) => field.name);
  const all = await collect(source.read({ batchSize, metadata }));
  await source.close();
  return { source, ...all };
}

const pyarrowFields: FieldSchema[] = [
  { name: 'tags', type: 'string[]', nullable: true },
  { name: 'score', type: 'float', nullable: true },
  { name: 'when', type: 'timestamp', nullable: true },
  { name: 'n', type: 'integer', nullable: true },
];

describe('Parquet of other tools', () => {
  const pyarrow: [string, (row: number, column: number) => number][] = [
    ['pyarrow-list-float-snappy', undefined],
    ['pyarrow-fixed-size-list-zstd', undefined],
    ['pyarrow-list-double-gzip', undefined],
    ['pyarrow-list-half-brotli', undefined],
    ['pyarrow-list-int64-lz4', step],
    ['pyarrow-small-pages-v1', undefined],
    ['pyarrow-small-pages-v2', undefined],
  ].map(([name, value]) => [name, value] as [string, (row: number, column: number) => number]);

  it.each(pyarrow)('reads %s with ids and typed metadata', async (name, value) => {
    const { source, ids, vectors, metadata } = await readFixture(`${name}.parquet`);
    expect([source.count, source.dimensions]).toEqual([ROWS, DIMENSIONS]);
    expect(source.fields).toEqual(pyarrowFields);
    expect(vectors).toEqual(expectedVectors(value));
    expect(ids).toEqual(Array.from({ length: ROWS }, (_, n) => `p${n}`));
    expect(metadata['tags']!.slice(0, 6)).toEqual([null, ['t0'], ['t0', 't1'], [], null, ['t0', 't1']]);
    expect(metadata['score']!.slice(0, 3)).toEqual([null, 0.25, 0.5]);
    expect(metadata['when']![1]).toBe(BigInt(Date.UTC(2020, 0, 2)) * 1000n);
    expect(metadata['n']).toEqual(Array.from({ length: ROWS }, (_, n) => n));
  });

  it('gives the same for every batch size, across pages and row groups', async () => {
    const whole = await readFixture('pyarrow-small-pages-v1.parquet', 1000);
    for (const batchSize of [1, 4, 9, 10, 20]) {
      const parts = await readFixture('pyarrow-small-pages-v1.parquet', batchSize);
      expect([parts.ids, parts.vectors, parts.metadata]).toEqual([whole.ids, whole.vectors, whole.metadata]);
    }
  });

  it('reads a pandas file, whose index column is no metadata', async () => {
    const { source, ids, vectors } = await readFixture('pandas.parquet');
    expect(source.fields.map((field) => field.name)).toEqual(['text', 'n']);
    expect(ids[19]).toBe('19');
    expect(vectors).toEqual(expectedVectors());
  });

  it('reads a DuckDB file, whose vector column has a name of its own', async () => {
    const { source, ids, vectors, metadata } = await readFixture('duckdb.parquet');
    expect(source.fields.map(({ name, type }) => [name, type])).toEqual([
      ['day', 'timestamp'],
      ['even', 'boolean'],
    ]);
    expect(ids.slice(0, 2)).toEqual(['100', '101']);
    expect(vectors).toEqual(expectedVectors());
    expect(metadata['even']!.slice(0, 2)).toEqual([true, false]);
    expect(metadata['day']![2]).toBe(BigInt(Date.UTC(2020, 0, 3)) * 1000n);
  });

  it('finds the queries beside the file', async () => {
    const dataset = await openFresh('pandas.parquet');
    const queries = await dataset.queries('queries');
    expect(queries.ids).toEqual(['p0', 'p1', 'p2']);
    expect(queries.vectors[0]).toBe(-2 + 0.25);
    expect(dataset.info).toMatchObject({ metric: 'cosine', metricSource: 'default', name: 'pandas' });
  });
});

describe('own Parquet', () => {
  it('comes back as written, nulls and lists included', async () => {
    const path = join(temporaryFolder(), 'own.parquet');
    const half = (...bytes: number[]) => Uint8Array.from(bytes);
    const vectors = [half(0, 0x3c, 0, 0x40), half(0, 0xc0, 0, 0x38)];
    const columns = [
      { name: 'size', type: 'integer', nullable: true, values: [5, null] },
      { name: 'on', type: 'boolean', nullable: false, values: [true, false] },
      { name: 'tags', type: 'string[]', nullable: true, values: [['a', 'b'], null] },
    ] as const;
    writeFileSync(path, ownParquet(['x', 'ü'], vectors, columns));
    const source = await openParquet(path);
    expect(source.fields).toEqual(columns.map(({ name, type, nullable }) => ({ name, type, nullable })));
    const all = await collect(source.read({ batchSize: 10, metadata: ['size', 'on', 'tags'] }));
    expect(all).toEqual({
      ids: ['x', 'ü'],
      vectors: [1, 2, -2, 0.5],
      metadata: { size: [5, null], on: [true, false], tags: [['a', 'b'], null] },
    });
  });
});

describe('own Parquet with float32', () => {
  const write = (own: unknown, size: number) => {
    const path = join(temporaryFolder(), 'own32.parquet');
    const vector = new Uint8Array(Float32Array.of(1.1, -2.2).buffer);
    const buffer = parquetWriteBuffer({
      schema: [
        { name: 'root', num_children: 1 },
        { name: 'v', type: 'FIXED_LEN_BYTE_ARRAY', type_length: size, repetition_type: 'REQUIRED' },
      ],
      columnData: [{ name: 'v', data: [vector.subarray(0, size), vector.subarray(0, size)] }],
      kvMetadata: [{ key: 'vecproof', value: typeof own === 'string' ? own : JSON.stringify(own) }],
    });
    writeFileSync(path, new Uint8Array(buffer));
    return path;
  };
  const own = { version: 1, vector: 'v', component: 'float32' };

  it('is read', async () => {
    const source = await openParquet(write(own, 8));
    const { ids, vectors } = await collect(source.read({ batchSize: 1 }));
    expect(ids).toEqual(['0', '1']);
    expect(vectors).toEqual([1.1, -2.2, 1.1, -2.2].map(Math.fround));
  });

  it('is refused if its metadata does not fit', async () => {
    await expectInputError(openParquet(write(own, 7)), 'own32.parquet', 'float32');
    await expectInputError(openParquet(write({ ...own, vector: 'w' }, 8)), 'no column "w"');
    await expectInputError(openParquet(write({ ...own, version: 2 }, 8)), 'own32.parquet', 'update vecproof');
    await expectInputError(openParquet(write('{', 8)), 'own32.parquet', 'not JSON');
  });
});

describe('bad Parquet', () => {
  const queriesFile = 'pandas.queries.parquet';

  it.each([
    ['no-vector.parquet', 'no vector column'],
    ['two-lists.parquet', 'several columns'],
    ['null-vector.parquet', 'row 7'],
    ['empty-vector.parquet', 'row 7'],
    ['null-component.parquet', 'row 7'],
    ['nan.parquet', 'row 7', 'component 2', 'NaN'],
    ['infinite.parquet', 'row 7', 'component 4', '-Infinity'],
    ['zero.parquet', 'row 7', 'zero'],
    ['short-vector.parquet', 'row 7', '5 dimensions'],
    ['long-vector.parquet', 'row 7', '7 dimensions'],
    ['duplicate-id.parquet', 'row 7', 'row 3', '"p3"'],
  ])('%s is refused and nothing half-written stays', async (name, ...messages) => {
    const cacheFolder = temporaryFolder();
    const prepare = async () => {
      const dataset = await openFresh(name, { queriesFile, cacheFolder });
      await prepareVectors(dataset, { cacheFolder });
    };
    await expectInputError(prepare(), name, ...messages);
    const { readdirSync } = await import('node:fs');
    const left = readdirSync(cacheFolder, { recursive: true }).map(String);
    expect(left.filter((path) => path.includes('vectors.'))).toEqual([]);
  });

  it('a file that is cut off is refused, wherever it was cut', async () => {
    const folder = temporaryFolder();
    const whole = readFileSync(join(fixtures, 'pyarrow-list-float-snappy.parquet'));
    for (const length of [0, 4, 11, 1000, whole.length - 1]) {
      const path = join(folder, `cut-${length}.parquet`);
      writeFileSync(path, whole.subarray(0, length));
      await expectInputError(openParquet(path), `cut-${length}.parquet`);
    }
  });

  it('pages that are overwritten are refused with the file named', async () => {
    const path = join(temporaryFolder(), 'damaged.parquet');
    const bytes = readFileSync(join(fixtures, 'pyarrow-fixed-size-list-zstd.parquet'));
    bytes.fill(0xff, 4, bytes.length - 1800);
    writeFileSync(path, bytes);
    const read = async () => collect((await openParquet(path)).read({ batchSize: 5 }));
    await expectInputError(read(), 'damaged.parquet');
  });

  it('a path that cannot be read is refused', async () => {
    await expectInputError(openFresh('nothing-here.parquet'), 'nothing-here.parquet', 'ENOENT');
    const folder = temporaryFolder();
    copyFileSync(join(fixtures, 'pandas.parquet'), join(folder, 'lonely.parquet'));
    await expectInputError(openFresh(join(folder, 'lonely.parquet')), 'no queries', 'lonely.queries.parquet');
  });
});
