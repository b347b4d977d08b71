import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../../common/paths.js';
import { type ConvertRequest, convertDataset } from '../../../datasets/convert/convert.js';
import type { MetadataColumns } from '../../../datasets/dataset.js';
import { openDataset } from '../../../datasets/open.js';

const ROWS = 40;
const DIMENSIONS = 5;
const folder = mkdtempSync(join(tmpdir(), 'vecproof-convert-'));
const cacheFolder = join(folder, '.cache');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const open = { baseFolder: folder, cacheFolder };

/** A Python with numpy, pyarrow, h5py and pandas; CI has one. */
const python = process.env['VECPROOF_PYTHON'];

const vectorOf = (i: number) =>
  Array.from({ length: DIMENSIONS }, (_, j) => Math.fround(Math.sin(i * 7 + j * 3) * 10 ** ((i % 5) - 2)));
const rows = Array.from({ length: ROWS }, (_, i) => ({
  id: `doc ${i}ü`,
  vector: vectorOf(i),
  title: i % 7 === 3 ? null : `"quoted", \n ${i}`,
  stars: i % 5 === 0 ? null : i / 4,
  price: i % 2 === 0 ? 3 : 0.5,
  big: i % 3 === 0 ? 9007199254740993n + BigInt(i) : 7,
  live: i % 2 === 0,
  when: `2024-02-29T12:00:${String(i % 60).padStart(2, '0')}.000123Z`,
  tags: i % 4 === 0 ? null : Array.from({ length: i % 3 }, (_, n) => `t${n}`),
  counts: [i, -i],
}));
const queries = Array.from({ length: 6 }, (_, i) => ({
  id: `q${i}`,
  vector: vectorOf(i).map((value) => Math.fround(value + 0.01)),
  topic: `topic ${i}`,
  neighbors: [`doc ${i}ü`, `doc ${i + 1}ü`],
}));
const jsonLine = (row: object) =>
  `${JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `#${value}#` : value)).replaceAll(/"#(\d+)#"/g, '$1')}\n`;

beforeAll(() => {
  const source = join(folder, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'docs.jsonl'), rows.map(jsonLine).join(''));
  writeFileSync(join(source, 'queries.jsonl'), queries.map(jsonLine).join(''));
  writeFileSync(join(source, 'qrels.tsv'), queries.map(({ id }, i) => `${id}\t0\tdoc_${i}\t2\n`).join(''));
  writeFileSync(
    join(source, 'dataset.yaml'),
    'name: source\nformat: jsonl\nmetric: l2\npoints: { file: docs.jsonl }\nquerySets: [{ name: log, file: queries.jsonl, qrels: qrels.tsv }]\nfields: [{ name: when, type: timestamp, nullable: false }]\n',
  );
});

const convert = (out: string, more: Partial<ConvertRequest> = {}) =>
  convertDataset({
    input: './source',
    out: `./out/${out}`,
    acceptLoss: [],
    overwrite: false,
    planOnly: false,
    open,
    ...more,
  });

interface Content {
  metric: string;
  ids: string[];
  vectors: number[][];
  fields: MetadataColumns;
  queries: { name: string; ids: readonly string[]; vectors: number[]; fields: MetadataColumns }[];
  neighbors: unknown;
}

async function content(path: string, more: object = {}): Promise<Content> {
  const dataset = await openDataset(path, { ...open, queriesOptional: true, ...more });
  const { info } = dataset;
  const names = info.fields.map(({ name }) => name).sort();
  const ids: string[] = [];
  const vectors: number[][] = [];
  const fields: Record<string, unknown[]> = Object.fromEntries(names.map((name) => [name, []]));
  for await (const batch of dataset.points({ batchSize: 7, metadata: names })) {
    ids.push(...batch.ids);
    for (let i = 0; i < batch.count; i++)
      vectors.push([...batch.vectors.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS)]);
    for (const name of names) fields[name]!.push(...batch.metadata![name]!);
  }
  const sets = [];
  for (const { name } of info.querySets) {
    const set = await dataset.queries(name);
    sets.push({ name, ids: set.ids, vectors: [...set.vectors], fields: set.fields });
  }
  const neighbors = info.querySets[0] && (await dataset.providedTruth(info.querySets[0].name));
  await dataset.close();
  return { metric: info.metric, ids, vectors, fields: fields as MetadataColumns, queries: sets, neighbors };
}

/** What every format holds. */
const vectorsAlone = ({ vectors, queries: [set], neighbors }: Content) => ({
  vectors,
  queries: set!.vectors,
  neighbors: (neighbors as { rows?: Int32Array } | undefined)?.rows,
});

describe('everything comes back', () => {
  test.each(['parquet', 'arrow', 'jsonl'])('from a folder of %s', async (format) => {
    const { losses } = await convert(`${format}/`, { format });
    expect(losses).toEqual([]);
    expect(await content(`./out/${format}`)).toEqual(await content('./source'));
  });

  test('from a folder of npy: ids and fields stand in JSON Lines beside it', async () => {
    const { losses } = await convert('npy/', { format: 'npy' });
    expect(losses).toEqual([]);
    expect(await content('./out/npy')).toEqual(await content('./source'));
  });

  test.each(['one.parquet', 'two.feather', 'stream.arrows', 'packed.parquet.gz', 'wrapped.arrow.gz'])(
    'from %s, but for its metric',
    async (name) => {
      await convert(name);
      expect(await content(`./out/${name}`, { metric: 'l2' })).toEqual({
        ...(await content('./source')),
        queries: [{ ...(await content('./source')).queries[0], name: 'queries' }],
      });
    },
  );

  test('judgements, in either layout', async () => {
    const source = await openDataset('./source', open);
    for (const name of ['a.qrels', 'b.qrels.tsv', 'c.qrels.gz']) {
      await convert(name);
      const dataset = await openDataset('./source', { ...open, qrelsFile: `out/${name}` });
      expect(await dataset.qrels('log')).toEqual(await source.qrels('log'));
      await dataset.close();
    }
    await source.close();
    expect(readFileSync(join(folder, 'out/b.qrels.tsv'), 'utf8')).toMatch(
      /^query-id\tcorpus-id\tscore\nq0\tdoc_0\t2\n/,
    );
    await convert('d.qrels', { input: './out/b.qrels.tsv' });
    expect(readFileSync(join(folder, 'out/d.qrels'), 'utf8')).toMatch(/^q0 0 doc_0 2\n/);
  });

  test('BEIR’s layout', async () => {
    await convert('beir/', { format: 'beir', acceptLoss: ['types'] });
    const found = await content('./out/beir', { metric: 'l2' });
    const source = await content('./source');
    expect({ ...found, fields: { ...found.fields, when: source.fields['when'] } }).toEqual({
      ...source,
      queries: [{ ...source.queries[0], name: 'queries' }],
    });
    expect(
      Object.keys(JSON.parse(readFileSync(join(folder, 'out/beir/corpus.jsonl'), 'utf8').split('\n')[0]!))[0],
    ).toBe('_id');
  });
});

describe('formats of vectors alone', () => {
  test.each([
    ['a_base.fvecs', ['a_base.fvecs', 'a_groundtruth.ivecs', 'a_query.fvecs']],
    ['a.npz', ['a.npz']],
    ['a.hdf5', ['a.hdf5']],
  ])('%s: vectors, queries and neighbours', async (name, files) => {
    await convert(name, { acceptLoss: ['ids', 'fields', 'judgements', 'types'] });
    expect(
      readdirSync(join(folder, 'out'))
        .filter((each) => each.startsWith(name.replace(/\..*|_.*/, '')) && files.includes(each))
        .sort(),
    ).toEqual(files);
    expect(vectorsAlone(await content(`./out/${name}`))).toEqual(vectorsAlone(await content('./source')));
  });

  test.each(['fbin', 'npy'])('a folder of %s names its neighbours', async (ending) => {
    const format = ending === 'fbin' ? 'bin' : 'npy';
    await convert(`alone-${ending}/`, { format, acceptLoss: ['all'] });
    const found = await content(`./out/alone-${ending}`);
    expect(vectorsAlone(found)).toEqual(vectorsAlone(await content('./source')));
    expect(found.metric).toBe('l2');
  });

  test('HDF5 says its metric', async () => {
    expect((await content('./out/a.hdf5')).metric).toBe('l2');
  });

  test('npz keeps ids', async () => {
    expect((await content('./out/a.npz')).ids).toEqual(rows.map(({ id }) => id));
  });

  test('CSV: numbers and texts; lists become text', async () => {
    await expect(convert('t.csv')).rejects.toThrow(/string\[\] becomes JSON as text in csv: tags/);
    await convert('t.csv', { acceptLoss: ['types'] });
    const source = await content('./source');
    const found = await content('./out/t.csv');
    expect(found.ids).toEqual(source.ids);
    expect(found.vectors).toEqual(source.vectors);
    for (const name of ['title', 'stars', 'price', 'big', 'live'])
      expect(found.fields[name], name).toEqual(source.fields[name]);
    expect(found.fields['tags']![1]).toBe('["t0"]');
  });
});

describe('ids that look like numbers', () => {
  const ids = ['1.0', '1', '007', '1e3', '-0', '+5', '9007199254740993', 'true'];
  const points = (name: string, list: readonly string[]) =>
    writeFileSync(join(folder, name), list.map((id, i) => jsonLine({ id, vector: vectorOf(i) })).join(''));

  test.each(['ids.csv', 'ids.tsv', 'ids.csv.gz'])('come back from %s as they were', async (name) => {
    points('odd-ids.jsonl', ids);
    await convert(name, { input: './odd-ids.jsonl' });
    expect((await content(`./out/${name}`)).ids).toEqual(ids);
    await convert(`again-${name}.jsonl`, { input: `./out/${name}` });
    expect((await content(`./out/again-${name}.jsonl`)).ids).toEqual(ids);
  });

  test.each([
    [['1', '0', '-12', '9007199254740993'], 'column "id" (integer)'],
    [['1', '2.0'], 'column "id" (text)'],
    [['1', '-0'], 'column "id" (text)'],
    [['true', 'FALSE'], 'column "id" (text)'],
  ])('%j is told as %s', async (list, told) => {
    points('told.jsonl', list);
    await convert('told.csv', { input: './told.jsonl', overwrite: true });
    const dataset = await openDataset('./out/told.csv', { ...open, queriesOptional: true });
    expect(dataset.info.columns?.id).toBe(told);
    await dataset.close();
    expect((await content('./out/told.csv')).ids).toEqual(list);
  });

  test('stay numbers in a column that is not the id', async () => {
    writeFileSync(join(folder, 'key.csv'), 'id,key,vector\na,1.5,"[1,2]"\nb,2,"[3,4]"\n');
    const dataset = await openDataset('./key.csv', { ...open, queriesOptional: true });
    expect(dataset.info.fields).toEqual([{ name: 'key', type: 'float', nullable: false }]);
    await dataset.close();
  });
});

describe('other number types', () => {
  const integers = Array.from({ length: 4 }, (_, i) => ({ id: i, vector: [i, 255 - i, 0] }));
  const write = (name: string, list: object[]) =>
    writeFileSync(join(folder, name), list.map((row) => `${JSON.stringify(row)}\n`).join(''));

  test('whole numbers in range', async () => {
    write('whole.jsonl', integers);
    for (const ending of ['bvecs', 'u8bin', 'ivecs', 'ibin']) {
      await convert(`whole.${ending}`, { input: './whole.jsonl', acceptLoss: ['ids'] });
      const dataset = await openDataset(`./out/whole.${ending}`, { ...open, queriesOptional: true });
      for await (const { vectors } of dataset.points({ batchSize: 9 }))
        expect([...vectors]).toEqual(integers.flatMap(({ vector }) => vector));
      await dataset.close();
    }
  });

  test('others are refused with their place, and nothing is left', async () => {
    write('wide.jsonl', [...integers, { id: 9, vector: [1, 256, 0] }]);
    await expect(convert('wide.u8bin', { input: './wide.jsonl', acceptLoss: ['all'] })).rejects.toThrow(
      /wide\.jsonl:5: component 1 of the vector is none that uint8 can hold \(got 256\)/,
    );
    expect(readdirSync(join(folder, 'out')).filter((name) => name.includes('wide'))).toEqual([]);
  });

  test('rounding is a loss that has to be accepted', async () => {
    await expect(
      convert('h.f16bin', { acceptLoss: ['ids', 'fields', 'judgements', 'types'] }),
    ).rejects.toThrow(/precision: components are rounded to float16/);
    const wide = join(packageRoot, 'test/golden/datasets/f8-le.npy');
    await expect(convert('f8.npy', { input: wide })).rejects.toThrow(
      /precision: components are rounded from float64/,
    );
    const { losses } = await convert('f8.npy', { input: wide, acceptLoss: ['precision'] });
    expect(losses).toHaveLength(1);
  });
});

describe('what is refused', () => {
  test('losses, all at once, before anything is written', async () => {
    const error = await convert('lossy.fvecs').catch((caught: Error) => caught.message);
    expect(error).toMatch(/nothing was written/);
    for (const kind of ['ids:', 'fields:', 'judgements:']) expect(error).toContain(kind);
    expect(error).toContain('--accept-loss ids,fields,judgements');
    expect(readdirSync(join(folder, 'out')).filter((name) => name.includes('lossy'))).toEqual([]);
  });

  test.each([
    ['x.docx', /is not a format that is written here/],
    ['x.hdf5.gz', /HDF5 is not written packed/],
    ['x/', /there is no format "parket"\. Did you mean "parquet"\?/],
  ])('%s', async (name, message) => {
    await expect(convert(name, name === 'x/' ? { format: 'parket' } : {})).rejects.toThrow(message);
  });

  test('what is there is not overwritten unasked', async () => {
    await convert('twice.parquet');
    await expect(convert('twice.parquet')).rejects.toThrow(/twice\.parquet: is there already/);
    await convert('twice.parquet', { overwrite: true });
    mkdirSync(join(folder, 'out/full'));
    writeFileSync(join(folder, 'out/full/mine'), '');
    await expect(convert('full/')).rejects.toThrow(/is no empty folder/);
    expect(readdirSync(join(folder, 'out/full'))).toEqual(['mine']);
  });

  test('a failure half way leaves neither files nor folders', async () => {
    writeFileSync(join(folder, 'bad.jsonl'), '{"id":1,"vector":[1,2]}\n{"id":2,"vector":[1,1e39]}\n');
    await expect(convert('bad/', { input: './bad.jsonl' })).rejects.toThrow(/bad\.jsonl:2: component 1/);
    expect(existsSync(join(folder, 'out/bad'))).toBe(false);
  });
});

describe('bytes as other tools have them', () => {
  test('npy, fvecs and fbin by their layouts', async () => {
    await convert('plain.npy', { acceptLoss: ['all'] });
    await convert('plain.fbin', { acceptLoss: ['all'] });
    await convert('plain.fvecs', { acceptLoss: ['all'] });
    const flat = Float32Array.from(rows.flatMap(({ vector }) => vector));
    const numbers = Buffer.from(flat.buffer);
    const npy = readFileSync(join(folder, 'out/plain.npy'));
    expect(npy.readUInt16LE(8) + 10).toBe(128);
    expect(npy.subarray(10, 128).toString('latin1').trim()).toBe(
      `{'descr': '<f4', 'fortran_order': False, 'shape': (${ROWS}, ${DIMENSIONS}), }`,
    );
    expect(npy.subarray(128).equals(numbers)).toBe(true);
    const bin = readFileSync(join(folder, 'out/plain.fbin'));
    expect([bin.readUInt32LE(0), bin.readUInt32LE(4)]).toEqual([ROWS, DIMENSIONS]);
    expect(bin.subarray(8).equals(numbers)).toBe(true);
    const vecs = readFileSync(join(folder, 'out/plain.fvecs'));
    expect(vecs.length).toBe(ROWS * (4 + DIMENSIONS * 4));
    expect(vecs.readInt32LE(24)).toBe(DIMENSIONS);
    expect(vecs.readFloatLE(28)).toBe(flat[DIMENSIONS]);
  });

  test('unzip finds no fault with npz', async ({ skip }) => {
    if (spawnSync('unzip', ['-v']).status !== 0) skip();
    await convert('z.npz', { acceptLoss: ['all'] });
    expect(() => execFileSync('unzip', ['-tq', join(folder, 'out/z.npz')])).not.toThrow();
  });
});

describe.skipIf(python === undefined)('read by numpy, pyarrow, h5py and pandas', () => {
  const script = join(packageRoot, 'test/unit/datasets/read-back.py');
  const read = (name: string) =>
    JSON.parse(
      execFileSync(python!, [script, join(folder, 'out', name)], { encoding: 'utf8', maxBuffer: 1 << 26 }),
    ) as Record<string, unknown>;
  const plain = () => ({
    id: rows.map(({ id }) => id),
    vector: rows.map(({ vector }) => vector),
    title: rows.map(({ title }) => title),
    stars: rows.map(({ stars }) => stars),
    price: rows.map(({ price }) => price),
    big: rows.map(({ big }) => String(big)),
    live: rows.map(({ live }) => live),
    when: rows.map(({ when }) => when),
    tags: rows.map(({ tags }) => tags),
    counts: rows.map(({ counts }) => counts.map((each) => (each === 0 ? 0 : each))),
  });

  test.each([
    ['py1.parquet', 'list<element: float not null>'],
    ['py2.feather', 'fixed_size_list<item: float not null>[5]'],
    ['py3.arrows', 'fixed_size_list<item: float not null>[5]'],
  ])('%s: typed columns', async (name, type) => {
    await convert(name);
    const { columns, types } = read(name) as { columns: object; types: Record<string, string> };
    expect(columns).toEqual(plain());
    expect(types['vector']).toBe(type);
    expect(types).toMatchObject({
      id: 'string',
      big: 'int64',
      stars: 'double',
      live: 'bool',
      when: 'timestamp[us, tz=UTC]',
    });
  });

  test.each(['py.npy', 'py.npz', 'py.hdf5'])('%s: arrays', async (name) => {
    await convert(name, { acceptLoss: ['all'] });
    const { arrays } = read(name) as { arrays: Record<string, unknown> };
    const vectors = rows.map(({ vector }) => vector);
    if (name === 'py.npy') {
      expect(arrays).toEqual({ array: vectors });
      return;
    }
    expect(arrays['train']).toEqual(vectors);
    expect(arrays['test']).toEqual(queries.map(({ vector }) => vector));
    expect(arrays['neighbors']).toEqual(queries.map((_, i) => [i, i + 1]));
    if (name === 'py.npz') expect(arrays['ids']).toEqual(rows.map(({ id }) => id));
    else expect(arrays['distance']).toBe('euclidean');
  });

  test.each(['py4.csv', 'py5.tsv', 'py6.jsonl.gz'])('%s: pandas', async (name) => {
    await convert(name, { acceptLoss: ['types'] });
    const { columns } = read(name) as { columns: Record<string, unknown[]> };
    const { id, vector, title, stars, price, live } = plain();
    expect(columns).toMatchObject({ id, vector, title, stars, price, live });
  });
});
