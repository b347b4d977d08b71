import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ParquetWriter } from 'hyparquet-writer';
import { fileWriter } from 'hyparquet-writer/src/node.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../engines/contract/points.js';
import { floatsToBrains, floatsToHalves } from '../../engines/kit/half.js';
import { openSource } from '../../migration/connections/open-source.js';
import { exportCollection } from '../../migration/export/export.js';
import { mapExport } from '../../migration/mapping/map.js';
import { verify } from '../../migration/verify/verify.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { canaries } from './helpers/canaries.js';
import { FILE_SOURCES, GOLDEN_FILES, writeCanaryLines } from './helpers/file-sources.js';
import { exported, movedTo } from './helpers/move.js';

/**
 * Files of other tools as sources. Those in test/golden/files were written by the tools themselves (make_files.py says
 * how); what must be in them is written here a second time.
 */
const GOLDEN = GOLDEN_FILES;
const never = new AbortController().signal;
const ROWS = [0, 1, 2, 3, 4];
const BEYOND = 2n ** 53n + 1n;
const AT = BigInt(Date.UTC(2024, 2, 31, 1, 59, 59, 999)) * 1000n + 999n;

const numbers = (i: number) => [i + 0.5, 1, -2, i / 8];
const floats = (i: number) => Float32Array.from(numbers(i));

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'vecproof-files-test-'));
  writeFileSync(join(work, 'canaries.jsonl.gz'), gzipSync(writeCanaryLines(work)));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function read(address: string, cwd = GOLDEN) {
  const source = await openSource(address, { cwd, env: {}, signal: never });
  try {
    const description = await source.collection.points.describe();
    const points: Point[] = [];
    const snapshot = await source.collection.points.snapshot();
    for await (const page of snapshot.scan({ batchSize: 2 })) points.push(...page.points);
    return { description, points: points.map(plain), notes: (source.notes ?? []).join('\n') };
  } finally {
    await source.close();
  }
}

function plain({ vectors, metadata, ...rest }: Point) {
  return { ...rest, vectors: { ...vectors }, metadata: JSON.parse(json(metadata)) as unknown };
}

/** Kept apart from numbers and from 0: 64-bit integers and -0. */
function json(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? `${each}n` : Object.is(each, -0) ? '-0' : each,
  );
}

describe('Parquet', () => {
  test('of pandas: float64 lists, which float32 holds', async () => {
    const { points, description, notes } = await read('file:pandas.parquet');
    expect(points).toEqual(
      ROWS.map((i) => ({ id: `doc-${i}`, vectors: { embedding: floats(i) }, metadata: {}, text: 'x' })),
    );
    expect(description).toMatchObject({ ids: 'string', count: 5 });
    expect(notes).not.toMatch(/rounded/);
  });

  test('of Hugging Face: shards, several vectors with their types, absent ones, nested times, odd values', async () => {
    const { points, description, notes } = await read('file:./hf');
    const prices = [null, '-0', 1e300, 5e-324, 0.1];
    const whole = [`${BEYOND}n`, null, 2, 3, `${-(2n ** 63n)}n`];
    const tags = [['a', 'b'], [], null, ['c'], ['é']];
    expect(points).toEqual(
      ROWS.map((i) => ({
        id: 2n ** 63n - 1n - BigInt(i),
        vectors: {
          ...(i !== 2 && { title_embedding: floats(i) }),
          body_embedding: floatsToHalves(numbers(i).slice(0, 2)),
          codes: Int8Array.of(i, -128, 127),
        },
        metadata: {
          n: whole[i],
          tags: tags[i],
          at: `${AT}n`,
          maker: { name: 'x', since: `${AT}n` },
          price: prices[i],
          blob: 'AP8=',
          amount: i === 0 ? null : i,
          day: '-86400000000n',
        },
      })),
    );
    expect(description.spec.vectors.map(({ type }) => type)).toEqual(['f32', 'f16', 'int8']);
    expect(description.fields.filter(({ type }) => type === 'timestamp').map(({ name }) => name)).toEqual([
      'at',
      'day',
      'maker.since',
    ]);
    expect(notes).toMatch(/dates of "day" become/);
  });

  test('times that say no zone, as pandas and DuckDB write them, are told', async () => {
    const time = (name: string, isAdjustedToUTC: boolean) => ({
      name,
      type: 'INT64' as const,
      logical_type: { type: 'TIMESTAMP' as const, isAdjustedToUTC, unit: 'MICROS' as const },
      repetition_type: 'REQUIRED' as const,
    });
    const writer = new ParquetWriter({
      writer: fileWriter(join(work, 'naive.parquet')),
      schema: [
        { name: 'root', num_children: 4 },
        { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
        { name: 'vector', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
        time('local', false),
        time('instant', true),
      ],
    });
    const data = { id: ['a'], vector: ['[1, 2]'], local: [1_711_852_200_000_000n], instant: [1n] };
    writer.write({ columnData: Object.entries(data).map(([name, each]) => ({ name, data: each })) });
    writer.finish();
    const { points, notes } = await read('file:naive.parquet', work);
    expect(points[0]!.metadata).toEqual({ local: '1711852200000000n', instant: '1n' });
    expect(notes).toContain('times of "local" say no zone, and are read as those of UTC');
    expect(notes).not.toContain('"instant"');
  });

  test('ids that are UUIDs, integers beyond 2^63, and texts are three kinds', async () => {
    const uuids = await read('file:uuids.parquet');
    expect([uuids.description.ids, uuids.points[1]!.id]).toEqual([
      'uuid',
      '00000000-0000-0001-0000-000000000001',
    ]);
    const large = await read('file:duckdb.parquet');
    expect([large.description.ids, large.points[4]!.id]).toEqual(['u64', 2n ** 64n - 1n]);
    expect(large.points[4]).toMatchObject({ metadata: { a: 4 }, vectors: { vector: floats(4) } });
    const texts = await read('file:polars.parquet');
    expect(texts.description.ids).toBe('string');
    expect(texts.points.map(({ metadata }) => (metadata as { s: unknown }).s)).toEqual([
      '',
      null,
      'é',
      'e\u0301',
      'x',
    ]);
  });

  test('a column that was chosen, and roles of others', async () => {
    const { points, notes } = await read(
      'file:polars.parquet?id=row-number&tenant=key&text=s&metric=dot&model=m',
    );
    expect(points[0]).toEqual({
      id: 0n,
      vectors: { emb: floats(0) },
      metadata: {},
      tenant: 'k0',
      text: '',
      provenance: { model: 'm' },
    });
    expect(notes).toMatch(/id row number.*text "s"/);
  });
});

describe('tables of numbers', () => {
  test('npy keeps its float16, with the lines beside it', async () => {
    const { points, description } = await read('file:half.npy?metadata=half.jsonl');
    expect(points).toEqual(
      ROWS.map((i) => ({
        id: `r${i}`,
        vectors: { vector: floatsToHalves(numbers(i)) },
        metadata: { n: `${BEYOND}n`, null: null, f: '-0' },
      })),
    );
    expect(description.ids).toBe('string');
  });

  test('HDF5 by row number, with its metric, without its queries', async () => {
    const { points, description, notes } = await read('file:table.hdf5');
    expect(points).toEqual(
      ROWS.map((i) => ({ id: BigInt(i), vectors: { vector: floats(i) }, metadata: {} })),
    );
    expect(description.spec.vectors[0]!.metric).toBe('l2');
    expect(notes).toMatch(/"test".*queries: left out/);
  });
});

describe('indexes', () => {
  const LABELS = [7n, 2n ** 40n, 3n, 4n, 5n];
  /** usearch adds from several threads: its elements have any order. */
  const byKey = (points: readonly { id: unknown }[]) =>
    points.toSorted((a, b) => KEYS.indexOf(a.id as bigint) - KEYS.indexOf(b.id as bigint));
  const KEYS = [7n, 2n ** 63n - 1n, 3n, 4n, 2n ** 64n - 2n];

  test('of hnswlib: labels and vectors without what was deleted, of length 1 under cosine', async () => {
    const l2 = await read('file:l2.hnsw?metric=l2');
    const kept = [0, 1, 3, 4];
    expect(l2.points).toEqual(
      kept.map((i) => ({ id: LABELS[i], vectors: { vector: floats(i) }, metadata: {} })),
    );
    const cosine = await read('file:cosine.hnsw');
    for (const [at, { vectors }] of cosine.points.entries()) {
      const length = Math.hypot(...numbers(kept[at]!));
      const expected = numbers(kept[at]!).map((each) => each / length);
      for (const [i, value] of (vectors['vector'] as Float32Array).entries())
        expect(value).toBeCloseTo(expected[i]!, 6);
    }
    expect(cosine.description.spec.vectors[0]!.metric).toBe(null);
    expect(cosine.notes).toMatch(/original lengths are not in the file/);
  });

  test('of hnswlib with metadata by label', async () => {
    writeFileSync(join(work, 'meta.jsonl'), '{"label": 7, "s": "a"}\n{"label": 4, "s": null}\n');
    const { points } = await read(`file:${join(GOLDEN, 'l2.hnsw')}?metadata=${join(work, 'meta.jsonl')}`);
    expect(points.map(({ metadata }) => metadata)).toEqual([{ s: 'a' }, {}, { s: null }, {}]);
  });

  test.each([
    ['f32', (i: number) => floats(i)],
    ['f16', (i: number) => floatsToHalves(numbers(i))],
    ['bf16', (i: number) => floatsToBrains(numbers(i))],
  ] as const)('of usearch, %s bit for bit', async (type, expected) => {
    const { points, description } = await read(`file:${type}.usearch`);
    expect(byKey(points)).toEqual(
      [0, 1, 3, 4].map((i) => ({ id: KEYS[i], vectors: { vector: expected(i) }, metadata: {} })),
    );
    expect(description.spec.vectors[0]).toMatchObject({ type, dimensions: 4, metric: 'cosine' });
  });

  test('of usearch, quantised as they are', async () => {
    const int8 = await read('file:i8.usearch');
    const first = int8.points.find(({ id }) => id === 7n);
    const length = Math.hypot(...numbers(0));
    for (const [i, value] of (first!.vectors['vector'] as Int8Array).entries())
      expect(Math.abs(value - (numbers(0)[i]! / length) * 127)).toBeLessThan(1);
    expect(int8.notes).toMatch(/original numbers are not in the file/);
    const bits = await read('file:b1.usearch');
    expect(byKey(bits.points)).toEqual(
      ROWS.map((i) => ({ id: KEYS[i], vectors: { vector: Uint8Array.of(0b10110000, i) }, metadata: {} })),
    );
    expect(bits.description.spec.vectors[0]).toMatchObject({
      type: 'bit',
      dimensions: 16,
      metric: 'hamming',
    });
  });
});

describe('exports of other tools', () => {
  test('VDF of vector-io: namespaces, model, metric, and what it lost', async () => {
    const { points, description, notes } = await read('file:vdf#docs');
    expect(points).toEqual(
      ['north', 'south'].flatMap((namespace) =>
        ROWS.map((i) => ({
          id: `${namespace}-${i}`,
          vectors: { vector: floats(i) },
          metadata: { n: i, s: i === 0 ? null : 'é' },
          namespace,
          provenance: { model: 'all-MiniLM-L6-v2' },
        })),
      ),
    );
    expect(description.spec.vectors[0]!.metric).toBe('dot');
    expect(notes).toMatch(/counted 6 vectors in namespace "north" and exported 5/);
    await expect(read('file:vdf#dosc')).rejects.toThrow(/no index "dosc".*[Dd]id you mean "docs"/);
  });

  test.each(['record', 'jsonl'])('chromadb-data-pipes: its form "%s"', async (form) => {
    const { points } = await read(`file:cdp-${form}.jsonl`);
    expect(points).toEqual(
      ROWS.map((i) => ({
        id: `c${i}`,
        vectors: { embedding: floats(i) },
        metadata: { b: true, f: 0.5, n: i, s: 'é' },
        text: `text ${i}`,
      })),
    );
  });
});

describe('CSV and Arrow', () => {
  test('text that holds the vector, or one column for each dimension; ids as they stand', async () => {
    writeFileSync(join(work, 'a.csv'), 'id,vector,title,n\n7,"[0.5, 0.25]",a,\n8,"[2, 3]",,5\n');
    expect((await read('file:a.csv', work)).points).toEqual([
      { id: 7n, vectors: { vector: Float32Array.of(0.5, 0.25) }, metadata: { title: 'a', n: null } },
      { id: 8n, vectors: { vector: Float32Array.of(2, 3) }, metadata: { title: null, n: 5 } },
    ]);
    writeFileSync(join(work, 'b.csv'), 'id,emb_0,emb_1\n007,0.5,0.25\n1e3,2,3\n');
    expect((await read('file:b.csv', work)).points).toEqual([
      { id: '007', vectors: { emb: Float32Array.of(0.5, 0.25) }, metadata: {} },
      { id: '1e3', vectors: { emb: Float32Array.of(2, 3) }, metadata: {} },
    ]);
  });

  test('several vectors, times and structs of pyarrow', async () => {
    const { points } = await read('file:pyarrow.arrow');
    const vectors = { vector: Float32Array.of(2, 3), half: Float32Array.of(2, 3) };
    expect(points[1]).toEqual({ id: 2n, vectors, metadata: { at: '1704067200000000n', d: { a: null } } });
  });
});

describe('lines of JSON', () => {
  test.each(['canaries.jsonl', 'canaries.jsonl.gz'])(
    '%s: everything that JSON has a word for',
    async (file) => {
      const { points } = await read(`file:${file}?uri=uri&tenant=tenant`, work);
      // JSON has no timestamps: the field "at" holds integers.
      expect(points).toEqual(
        canaries().map((point) => plain({ ...point, metadata: numbersOf(point.metadata) })),
      );
    },
  );

  /** 64-bit integers that a number holds are one. */
  function numbersOf(metadata: Point['metadata']): Point['metadata'] {
    return Object.fromEntries(
      Object.entries(metadata).map(([key, value]) => [
        key,
        typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value,
      ]),
    );
  }

  test('sparse vectors, lists of vectors, ids of three kinds, and a metadata object beside others', async () => {
    const line = (id: unknown) => ({
      id,
      values: [0.5, 1],
      sparse_values: { indices: [9, 2], values: [1, 0.25] },
      tokens: [
        [1, 2.5],
        [3, 4],
      ],
      metadata: { a: 1 },
      other: 1,
    });
    const uuid = '0190e3c5-7a5e-7d8a-9a6b-2f0c1d3e4f50';
    const ids = [7, '7', { $uuid: uuid }];
    writeFileSync(join(work, 'mixed.jsonl'), ids.map((id) => JSON.stringify(line(id))).join('\n'));
    const { points, description } = await read('file:mixed.jsonl', work);
    expect(points.map(({ id }) => id)).toEqual([7n, '7', uuid]);
    expect(points[0]).toEqual({
      id: 7n,
      vectors: {
        values: Float32Array.of(0.5, 1),
        sparse_values: { indices: Uint32Array.of(2, 9), values: Float32Array.of(0.25, 1) },
        tokens: { rows: 2, values: Float32Array.of(1, 2.5, 3, 4) },
      },
      metadata: { metadata: { a: 1 }, other: 1 },
    });
    expect(description.spec.vectors.map(({ kind }) => kind)).toEqual(['dense', 'sparse', 'multi']);
  });

  test('a vector inside of an object is no metadata any more', async () => {
    const line = { key: { id: 'a+b' }, payload: { vec: [0.5, 1], a: { b: [1, 2, 3] } } };
    writeFileSync(join(work, 'nested+.jsonl'), JSON.stringify(line));
    const { points } = await read('file:nested+.jsonl?id=key.id&vector=payload.vec', work);
    const vectors = { 'payload.vec': Float32Array.of(0.5, 1) };
    expect(points).toEqual([{ id: 'a+b', vectors, metadata: { key: {}, payload: { a: { b: [1, 2, 3] } } } }]);
    const found = await read('file:nested+.jsonl?id=key.id', work);
    expect(found.points).toEqual(points);
  });

  test('numbers that float32 does not hold are told', async () => {
    writeFileSync(
      join(work, 'double.jsonl'),
      '{"id":1,"vector":[0.1,0.123456789012345]}\n{"id":2,"vector":[0.1,0.2]}\n',
    );
    expect((await read('file:double.jsonl', work)).notes).toMatch(
      /float32 does not in 1 rows: they are rounded/,
    );
  });
});

describe('what is refused, with the place and what to do', () => {
  test.each([
    [
      '{"id":1,"vector":[1,2]}\n{"id":2,"vector":[1,2,3]}',
      '',
      /x\.jsonl:2: its vector "vector" has another length/,
    ],
    ['{"id":1,"vector":[1,2]}\n{"id":null,"vector":[1,2]}', '', /x\.jsonl:2: the id in column "id" is null/],
    ['{"id":1,"title":"a"}', '', /no vector[\s\S]*\?vector=/],
    ['{"id":1,"vector":[1,2]}', '?vektor=a', /unknown parameter "vektor".*vector/],
    ['{"id":1,"vector":[1,2]}', '?tenant=no', /no column "no"[\s\S]*id, vector/],
    ['{"id":"A","vector":[1,2]}', '?ids=uuid', /the id is no UUID/],
    ['', '', /no rows/],
  ])('%j %s', async (lines, parameters, message) => {
    writeFileSync(join(work, 'x.jsonl'), lines);
    await expect(read(`file:x.jsonl${parameters}`, work)).rejects.toThrow(message);
  });

  test('damaged indexes, a file that is none, and files as a target', async () => {
    writeFileSync(join(work, 'cut.usearch'), readFileSync(join(GOLDEN, 'f32.usearch')).subarray(0, 300));
    await expect(read('file:cut.usearch', work)).rejects.toThrow(/damaged/);
    writeFileSync(join(work, 'noise.xyz'), 'noise');
    await expect(read('file:noise.xyz', work)).rejects.toThrow(/no file of vectors/);
    await expect(read('file:nowhere.jsonl', work)).rejects.toThrow(/nowhere\.jsonl/);
    await exported(`file:${join(GOLDEN, 'pandas.parquet')}`, work, 'as-target');
    await expect(
      mapExport(join(work, 'as-target'), 'file:./x#y', { index: {}, signal: never }),
    ).rejects.toThrow(/target|engine/);
  });

  test('a file that changes: while it is read, and before an export goes on', async () => {
    const file = join(work, 'changing.jsonl');
    cpSync(join(work, 'canaries.jsonl'), file);
    const source = await openSource('file:changing.jsonl', { cwd: work, env: {}, signal: never });
    const snapshot = await source.collection.points.snapshot();
    await expect(async () => {
      for await (const _ of snapshot.scan({ batchSize: 1000 })) appendFileSync(file, '\n');
    }).rejects.toThrow(/was changed/);
    await expect(source.collection.points.snapshot(snapshot.watermark!)).rejects.toThrow(/was changed/);
    await source.close();
  });
});

test('commands take files as any other place', async () => {
  const place = new Workspace();
  for (const command of ['inventory', 'validate']) {
    const { code, stdout, stderr } = await vecproof([command, `file:${join(GOLDEN, 'hf')}`], place);
    expect(stdout + stderr).toMatch(/5 points/);
    expect(code).toBe(0);
  }
});

test('an export that was interrupted goes on with the same file, and equals one in a piece', async () => {
  const source = await openSource('file:canaries.jsonl', { cwd: work, env: {}, signal: never });
  const folder = join(work, 'interrupted');
  const stop = new AbortController();
  const options = { folder, partRows: 5, batchSize: 5 };
  const ended = exportCollection(source, {
    ...options,
    signal: stop.signal,
    onProgress: (done) => done >= 15 && stop.abort(),
  });
  await expect(ended).rejects.toThrow();
  const manifest = await exportCollection(source, { ...options, signal: never });
  await source.close();
  const whole = await exported('file:canaries.jsonl', work, 'whole');
  expect(manifest.sum).toBe(whole.sum);
  expect(manifest.interruptions).toBe(1);
});

/** Every engine where a file holds most, one where it adds a number type. */
function enginesFor(number: number): string[] {
  if (number < 2) return ['lancedb', 'sqlite-vec', 'pgvector'];
  return number < 8 ? ['lancedb', 'sqlite-vec'] : ['sqlite-vec'];
}

/** Each file's reader, the format, each embedded engine's writer: what differs in the end was told before. */
describe.each(FILE_SOURCES.map(([title, source], i) => [title, source, i] as const))(
  'from %s',
  (_title, source, number) => {
    const name = `file-${number}`;
    beforeAll(async () => {
      await exported(`file:${source}`, work, name);
    });

    test('what was exported is what is in the file', async () => {
      const surroundings = { cwd: work, env: process.env, signal: never };
      const { state, samples } = await verify(`file:${source}`, `export:./${name}`, surroundings);
      expect(samples).toEqual([]);
      expect(state).toBe('equal');
    });

    test.each(enginesFor(number))('to %s: losses were told, and nothing else is lost', async (engine) => {
      const place = `${engine}:./to-${engine}#c${number}`;
      const { mapping, loaded, asMapped, asIs } = await movedTo(place, work, name, `${engine}-${number}`);
      expect(loaded).toMatchObject({ state: 'loaded', rejects: [] });
      expect(asMapped.samples).toEqual([]);
      expect(asMapped.state).toBe('equal');
      const told = new Set(mapping.losses.map(({ of }) => of));
      for (const { words } of asIs.samples)
        for (const word of words) {
          const of = /^(?:field|vector) ("(?:[^"\\]|\\.)*")/.exec(word)?.[1];
          const part = of === undefined ? `${word.split(':')[0]}` : (JSON.parse(of) as string);
          const known = [...told].some((each) => each === part || each.startsWith(`${part}.`) || each === '');
          expect(known, `${word} was told`).toBe(true);
        }
    });
  },
);
