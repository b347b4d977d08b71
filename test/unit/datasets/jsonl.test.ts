import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { jsonReader } from '../../../datasets/formats/jsonl/reader.js';
import type { ColumnChoice } from '../../../datasets/formats/names.js';
import { openRecordSource } from '../../../datasets/formats/records/source.js';
import { collect, expectInputError, openFresh, temporaryFolder } from './support.js';

const lines = [
  { id: 'a', vector: [1, 2], year: 1999, score: 1, tags: ['x'], mixed: 1, deep: { a: 1 }, on: true },
  { id: 7, vector: [3.5, -4], year: null, score: 0.5, tags: [], mixed: 'one', deep: { a: 2 }, on: false },
  { id: 'c', vector: [5, 6e-3], score: 2, tags: null, mixed: 2, deep: null, on: true, late: 'x' },
];

function write(name: string, records: readonly unknown[], end = '\n'): string {
  const path = join(temporaryFolder(), name);
  const text =
    records.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(end) + end;
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

async function open(path: string, columns: ColumnChoice = {}, cacheFolder = temporaryFolder()) {
  return openRecordSource(await jsonReader(path), { cacheFolder, columns });
}

describe('JSONL', () => {
  it.each(['data.jsonl', 'data.jsonl.gz'])('reads %s with typed metadata', async (name) => {
    const source = await open(write(name, lines));
    expect([source.count, source.dimensions]).toEqual([3, 2]);
    expect(source.fields).toEqual([
      { name: 'year', type: 'integer', nullable: true },
      { name: 'score', type: 'float', nullable: false },
      { name: 'tags', type: 'string[]', nullable: true },
      { name: 'deep.a', type: 'integer', nullable: true },
      { name: 'on', type: 'boolean', nullable: false },
      { name: 'late', type: 'string', nullable: true },
    ]);
    const all = await collect(source.read({ batchSize: 2, metadata: ['year', 'tags', 'late'] }));
    expect(all.ids).toEqual(['a', '7', 'c']);
    expect(all.vectors).toEqual([1, 2, 3.5, -4, 5, Math.fround(6e-3)]);
    expect(all.metadata).toEqual({
      year: [1999, null, null],
      tags: [['x'], [], null],
      late: [null, null, 'x'],
    });
  });

  it.each(['vector', 'embedding', 'values', 'Embedding', 'whatever'])(
    'takes the vector from %s',
    async (key) => {
      const source = await open(
        write('data.jsonl', [
          { [key]: [1, 2, 3], n: 1 },
          { [key]: [4, 5, 6], n: 2 },
        ]),
      );
      const { ids, vectors } = await collect(source.read({ batchSize: 1 }));
      expect([ids, vectors]).toEqual([
        ['0', '1'],
        [1, 2, 3, 4, 5, 6],
      ]);
    },
  );

  it('reads Windows line ends, a byte order mark, umlauts and lines longer than a chunk', async () => {
    const long = 'ü'.repeat(400_000);
    const records = [
      `\uFEFF${JSON.stringify({ id: 'é', vector: [1], text: long })}`,
      { id: 'b', vector: [2], text: 'x' },
    ];
    const source = await open(write('data.jsonl', records, '\r\n'));
    const { ids, metadata } = await collect(source.read({ batchSize: 9, metadata: ['text'] }));
    expect(ids).toEqual(['é', 'b']);
    expect(metadata['text']).toEqual([long, 'x']);
  });

  it('remembers what it learned about a file, and learns again when it changes', async () => {
    const path = write('data.jsonl', lines);
    const cacheFolder = temporaryFolder();
    const first = await open(path, {}, cacheFolder);
    expect((await open(path, {}, cacheFolder)).fields).toEqual(first.fields);
    writeFileSync(path, `${JSON.stringify({ id: 'z', vector: [1, 2, 3] })}\n`);
    expect(await open(path, {}, cacheFolder)).toMatchObject({ count: 1, dimensions: 3, fields: [] });
  });
});

describe('bad JSONL', () => {
  const first = { id: 'a', vector: [1, 2] };
  it.each([
    ['text', 'hello', ['data.jsonl:2', 'not JSON']],
    ['NaN as Python writes it', '{"id": "b", "vector": [1, NaN]}', ['data.jsonl:2', 'NaN']],
    ['-Infinity', '{"id": "b", "vector": [1, -Infinity]}', ['data.jsonl:2', '-Infinity']],
    ['a list', '[1, 2]', ['data.jsonl:2', 'not a JSON object']],
    ['a short vector', { id: 'b', vector: [1] }, ['data.jsonl:2', '1 dimensions', 'have 2']],
    ['a null component', { id: 'b', vector: [1, null] }, ['data.jsonl:2', 'component 1']],
    ['text in a vector', { id: 'b', vector: [1, '2'] }, ['data.jsonl:2', 'component 1', '"2"']],
    ['no vector', { id: 'b' }, ['data.jsonl:2', 'no vector']],
    ['no id', { vector: [1, 2] }, ['data.jsonl:2', 'the id in column "id" is null']],
  ])('%s is refused', async (_what, line, messages) => {
    await expectInputError(open(write('data.jsonl', [first, line])), ...messages);
  });

  it('a number too large for float32 is refused when it is read', async () => {
    const path = write('data.jsonl', [first, { id: 'b', vector: [1, 1e300] }]);
    writeFileSync(path.replace('.jsonl', '.queries.jsonl'), JSON.stringify(first));
    const read = async () => collect((await openFresh(path)).points({ batchSize: 9 }));
    await expectInputError(read(), 'data.jsonl:2', 'component 1', 'beyond the range of float32', '1e+300');
  });

  it('a first line without a vector, an empty file and damaged gzip data are refused', async () => {
    await expectInputError(open(write('data.jsonl', [{ id: 1, text: 'x' }])), 'data.jsonl:1', 'no vector');
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'empty.jsonl'), '');
    await expectInputError(open(join(folder, 'empty.jsonl')), 'empty.jsonl', 'no lines');
    const zipped = gzipSync(lines.map((line) => JSON.stringify(line)).join('\n'));
    writeFileSync(join(folder, 'cut.jsonl.gz'), zipped.subarray(0, zipped.length - 20));
    await expectInputError(open(join(folder, 'cut.jsonl.gz')), 'cut.jsonl.gz');
    writeFileSync(join(folder, 'plain.jsonl.gz'), 'not zipped');
    await expectInputError(open(join(folder, 'plain.jsonl.gz')), 'plain.jsonl.gz');
  });
});

describe('metadata of JSONL', () => {
  const read = async (path: string) => {
    const source = await open(path);
    const metadata = source.fields.map(({ name }) => name);
    return { source, ...(await collect(source.read({ batchSize: 2, metadata }))) };
  };
  const point = (rest: string) => `{"id": "a", "vector": [1, 2], ${rest}}`;

  it('keeps integers of 64 bits and long ids, which JSON.parse rounds', async () => {
    const path = write('data.jsonl', [
      '{"id": 12345678901234567, "vector": [1, 0.1234567890123456789], "n": 9007199254740993, "text": "9007199254740993"}',
      '{"id": 12345678901234568, "vector": [1, 2], "n": -9223372036854775808, "text": "integer:9007199254740993"}',
      '{"id": 3, "vector": [1, 2], "n": 9007199254740991, "text": "\\"12345678901234567890"}',
    ]);
    const { source, ids, metadata } = await read(path);
    expect(source.fields.map(({ type }) => type)).toEqual(['integer', 'string']);
    expect(ids).toEqual(['12345678901234567', '12345678901234568', '3']);
    expect(metadata['n']).toEqual([9007199254740993n, -(2n ** 63n), 9007199254740991]);
    expect(metadata['text']).toEqual([
      '9007199254740993',
      'integer:9007199254740993',
      '"12345678901234567890',
    ]);
  });

  it('makes dotted fields of nested objects', async () => {
    const path = write('data.jsonl', [
      { vector: [1, 2], maker: { name: 'x', place: { zip: 1 } } },
      { vector: [1, 2], maker: { name: null, place: { zip: 2 } } },
      { vector: [1, 2], maker: null, 'a.b': true },
    ]);
    const { source, metadata } = await read(path);
    expect(source.fields).toEqual([
      { name: 'maker.name', type: 'string', nullable: true },
      { name: 'maker.place.zip', type: 'integer', nullable: true },
      { name: 'a.b', type: 'boolean', nullable: true },
    ]);
    expect(metadata).toEqual({
      'maker.name': ['x', null, null],
      'maker.place.zip': [1, 2, null],
      'a.b': [null, null, true],
    });
  });

  it('takes no value from what objects inherit', async () => {
    const { metadata } = await read(
      write('data.jsonl', [point('"toString": 1'), '{"id": "b", "vector": [1, 2]}']),
    );
    expect(metadata).toEqual({ toString: [1, null] });
  });

  it.each([
    [point('"tags": ["x", null]'), 'data.jsonl:1: the field "tags" holds a null in its array'],
    [point('"a": {"b": 1}, "a.b": 2'), 'data.jsonl:1: has the field "a.b" twice'],
  ])('refuses %s when it is opened', async (line, message) => {
    await expectInputError(open(write('data.jsonl', [line])), message);
  });

  it.each([
    [point('"n": 9223372036854775808'), 'data.jsonl:1: the field "n" of type integer must be within 64 bits'],
    [
      point('"x": 1e400'),
      'data.jsonl:1: the field "x" of type float must be a finite number (got "Infinity")',
    ],
  ])('refuses %s when it is read', async (line, message) => {
    await expectInputError(read(write('data.jsonl', [line])), message);
  });
});
