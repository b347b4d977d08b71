import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../common/errors.js';
import type { ColumnChoice } from '../../../datasets/formats/names.js';
import { openFormat } from '../../../datasets/formats/registry.js';
import { askUntil } from '../../../engines/kit/poll.js';
import {
  collect,
  expectedVectors,
  expectInputError,
  fixtures,
  openFresh,
  step,
  temporaryFolder,
} from './support.js';

/** Files that other tools wrote; see make-formats.py beside them. */
const folder = join(fixtures, 'formats');
const ID = (row: number) => (row * 7 + 3) % 20;

async function read(name: string, columns: ColumnChoice = {}, batchSize = 7) {
  const file = await openFormat(join(folder, name), { cacheFolder: temporaryFolder(), columns });
  const { points } = file;
  const all = await collect(points.read({ batchSize }));
  await points.close();
  file.close?.();
  return { points, ...all };
}

const rows = Array.from({ length: 20 }, (_, i) => i);
const uuid = (n: number) => `00000000-0000-0007-0000-${n.toString(16).padStart(12, '0')}`;

describe('ids', () => {
  it.each<[string, (n: number) => string, string]>([
    ['id-decimal.parquet', (n) => String(10n ** 30n + BigInt(n)), 'decimal(38, 0)'],
    ['id-float64.parquet', String, 'double'],
    ['id-int64.parquet', (n) => String(2n ** 60n + BigInt(n)), 'int64'],
    ['id-uint64.parquet', (n) => String(2n ** 63n + BigInt(n)), 'uint64'],
    ['id-uint32.parquet', (n) => String(2 ** 31 + n), 'uint32'],
    ['id-binary16.parquet', uuid, 'binary(16)'],
    ['id-binary.parquet', uuid, 'binary'],
  ])('of %s are read exactly', async (name, text, type) => {
    const { points, ids, vectors } = await read(name);
    expect(ids).toEqual(rows.map((row) => text(ID(row))));
    expect(vectors).toEqual(expectedVectors());
    expect(points.columns).toMatchObject({
      id: `column "id" (${type})`,
      vector: 'column "embedding" (list<float>, 6)',
    });
  });

  it.each(['pid', 'docno', 'chunk_id', 'corpus-id', 'custom_id', 'point_id', 'passage_id'])(
    'are taken from a column called %s',
    async (name) => {
      expect((await read(`id-called-${name}.parquet`)).ids).toEqual(rows.map((row) => String(ID(row))));
    },
  );

  it('are the row numbers where no name is known, and what looks like an id is named', async () => {
    const { points, ids } = await read('id-called-article_id.parquet');
    expect(ids).toEqual(rows.map(String));
    expect(points.columns).toMatchObject({ id: null, idCandidates: ['article_id'] });
    const chosen = await read('id-called-article_id.parquet', { id: 'article_id' });
    expect(chosen.ids).toEqual(rows.map((row) => String(ID(row))));
    expect((await read('id-int64.parquet', { id: 'row-number' })).ids).toEqual(rows.map(String));
  });

  it.each([
    ['id-float64-beyond.parquet', ['row 0', 'beyond 2^53', '9007199254740996']],
    ['id-float64-null.parquet', ['row 6', 'NaN', 'missing']],
    ['id-null.parquet', ['row 4', 'is null']],
    ['id-bool.parquet', ['"id" cannot be the id: it is bool', '--id row-number']],
    ['id-decimal-scale.parquet', ['decimal(38, 2)']],
  ])('of %s are refused with their place', async (name, messages) => {
    await expectInputError(read(name), name, ...messages);
  });

  it('a choice that is not there gets the nearest name', async () => {
    await expectInputError(read('id-int64.parquet', { id: 'idd' }), 'no column "idd"', 'Did you mean "id"?');
    await expectInputError(read('plain.ndjson', { id: 'nn' }), 'no column "nn"', 'Did you mean "n"?');
  });
});

describe('vectors', () => {
  it.each([
    ['vector-text.parquet', 'column "embedding" (text that holds a list of numbers, 6)'],
    ['vector-numpy-text.parquet', 'column "embedding" (text that holds a list of numbers, 6)'],
    ['vector-base64.parquet', 'column "embedding" (base64 of float32, 6)'],
    ['vector-binary.parquet', 'column "embedding" (binary float32, little-endian, 6)'],
    ['vector-nested.parquet', 'column "payload.vec" (list<float>, 6)'],
    ['vector-list-of-list.parquet', 'column "embedding" (list<list<float>>, 6)'],
    ['vector-list-of-text.parquet', 'column "embedding" (list<string>, 6)'],
    ['vector-columns.parquet', 'column "emb_0" to "emb_5" (one column for each dimension, 6)'],
    ['pandas.parquet.gzip', 'column "embedding" (list<float>, 6)'],
    ['pandas.pq', 'column "embedding" (list<float>, 6)'],
    ['plain.ndjson', 'column "vector" (list of numbers, 6)'],
    ['blank-lines.jsonl', 'column "vector" (list of numbers, 6)'],
    ['array.json', 'column "vector" (list of numbers, 6)'],
    ['packed.jsonl.gz', 'column "vector" (list of numbers, 6)'],
    ['packed.jsonl.zst', 'column "vector" (list of numbers, 6)'],
    ['named.jsonl', 'column "vector.text" (list of numbers, 6)'],
    ['base64.jsonl', 'column "embedding" (base64 of float32, 6)'],
    ['text.jsonl', 'column "embedding" (text that holds a list of numbers, 6)'],
    ['elastic.jsonl', 'column "_source.emb" (list of numbers, 6)'],
    ['openai.jsonl', 'column "response.body.data.0.embedding" (list of numbers, 6)'],
    ['cohere.jsonl', 'column "embeddings.float" (list that holds one list of numbers, 6)'],
  ])('of %s: %s', async (name, words) => {
    const { points, ids, vectors } = await read(name);
    expect(vectors).toEqual(expectedVectors());
    expect(ids).toEqual(rows.map((row) => String(ID(row))));
    expect(points.columns.vector).toBe(words);
  });

  it('of MongoDB come with ids of its extended JSON', async () => {
    const { ids, vectors } = await read('mongo.jsonl');
    expect(vectors).toEqual(expectedVectors());
    expect(ids[1]).toBe('00000000000000000000000a');
  });

  it('are chosen where there are several', async () => {
    await expectInputError(read('vector-two.parquet'), 'title_vector', 'text_vector', '--vector');
    expect((await read('vector-two.parquet', { vector: 'text_vector' })).vectors).toEqual(expectedVectors());
    await expectInputError(read('named-two.jsonl'), 'vector.text (6)', 'vector.image (6)', '--vector');
    expect((await read('named-two.jsonl', { vector: 'vector.image' })).vectors).toEqual(expectedVectors());
    expect((await read('vector-columns.parquet', { vector: 'emb_*' })).vectors).toEqual(expectedVectors());
  });

  it.each([
    ['vector-multi.parquet', ['row 0', 'a list of several lists']],
    ['vector-beyond.parquet', ['row 0', 'beyond the range of float32', '-2e+300']],
    ['vector-below.parquet', ['row 0', 'below the range of float32', '-2e-60']],
    ['beyond.npy', ['row 0', 'beyond the range of float32']],
    ['below.npy', ['row 0', 'not zero', 'below the range of float32']],
    ['nan-field.jsonl', [':8', 'the key "rating" holds NaN', 'write null']],
  ])('of %s are refused for what is wrong with them', async (name, messages) => {
    await expectInputError(read(name), name, ...messages);
  });
});

describe('the same number types in every container', () => {
  const kinds = ['i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4'];
  it.each([
    ...kinds.map((kind) => `${kind}.hdf5`),
    'i2.npy',
    'i4.npy',
    'i8.npy',
    'u2.npy',
    'u4.npy',
    'u8.npy',
    'i4-be.npy',
  ])('reads %s', async (name) => {
    expect((await read(name)).vectors).toEqual(expectedVectors(step));
  });

  it.each(['f2.hdf5', 'f8.hdf5', 'fortran.npy', 'packed.npy.gz'])('reads %s', async (name) => {
    expect((await read(name)).vectors).toEqual(expectedVectors());
    expect((await read(name, {}, 64)).vectors).toEqual(expectedVectors());
  });

  it.each(['bool.hdf5', 'bool.npy'])('reads %s', async (name) => {
    expect((await read(name)).vectors).toEqual(
      expectedVectors((row, column) => Number(step(row, column) > 15)),
    );
  });
});

describe('other containers', () => {
  it.each<[string, string, string]>([
    ['vector-text.csv', 'column "embedding" (text that holds a list of numbers, 6)', 'column "id" (integer)'],
    ['vector-text.tsv', 'column "embedding" (text that holds a list of numbers, 6)', 'column "id" (integer)'],
    ['semicolon.csv', 'column "embedding" (text that holds a list of numbers, 6)', 'column "id" (integer)'],
    ['list.arrow', 'column "embedding" (list of numbers, 6)', 'column "id" (Int64)'],
    ['stream.arrows', 'column "embedding" (list of numbers, 6)', 'column "id" (Int64)'],
    ['stored.npz', 'array "vectors" (float32 array (20, 6))', 'array "ids"'],
  ])('%s', async (name, vector, id) => {
    const { points, ids, vectors } = await read(name);
    expect(vectors).toEqual(expectedVectors());
    expect(ids).toEqual(rows.map((row) => String(ID(row))));
    expect(points.columns).toMatchObject({ vector, id });
  });

  it.each<[string, (n: number) => string]>([
    ['columns.csv', (n) => String(n).padStart(3, '0')],
    ['deflated.npz', (n) => `d${n}`],
    ['fixed.feather', uuid],
    ['half.feather', (n) => String(10n ** 30n + BigInt(n))],
  ])('%s has ids of its own kind', async (name, text) => {
    const { ids, vectors } = await read(name);
    expect(vectors).toEqual(expectedVectors());
    expect(ids).toEqual(rows.map((row) => text(ID(row))));
  });

  it.each(['no-heading.csv', 'one.npz', 'ann.npz', 'tiny_base.fvecs', 'tiny.fbin'])('%s', async (name) => {
    const { ids, vectors } = await read(name);
    expect([ids, vectors]).toEqual([rows.map(String), expectedVectors()]);
  });

  it.each(['tiny.bvecs', 'tiny.ivecs', 'tiny.u8bin'])('%s', async (name) => {
    expect((await read(name)).vectors).toEqual(expectedVectors(step));
  });

  it('tiny.i8bin', async () => {
    expect((await read('tiny.i8bin')).vectors).toEqual(
      expectedVectors((row, column) => step(row, column) - 16),
    );
  });

  it('CSV has types by column, and cells with quotes, separators and nothing', async () => {
    const file = await openFormat(join(folder, 'columns.csv'), { cacheFolder: temporaryFolder() });
    expect(file.points.fields).toEqual([{ name: 'price', type: 'float', nullable: true }]);
    const titles = await openFormat(join(folder, 'vector-text.csv'), { cacheFolder: temporaryFolder() });
    const { metadata } = await collect(titles.points.read({ batchSize: 9, metadata: ['title', 'n'] }));
    expect([metadata['title']![0], metadata['n']![19]]).toEqual(['a "3", b', 19]);
  });

  it.each(['tiny_base.fvecs', 'ann.npz'])('%s brings queries and their neighbours', async (name) => {
    const dataset = await openFresh(`formats/${name}`, { metric: 'l2' });
    const [set] = dataset.info.querySets;
    expect(set!.count).toBe(3);
    const truth = await dataset.providedTruth(set!.name);
    expect(truth).toMatchObject({ state: 'usable', k: 3, rows: Int32Array.of(0, 1, 2, 1, 2, 3, 2, 3, 4) });
    await dataset.close();
  });
});

const WHOLE_FILES = [
  'tiny_base.fvecs',
  'tiny.bvecs',
  'tiny.fbin',
  'tiny.u8bin',
  'stored.npz',
  'deflated.npz',
  'list.arrow',
  'fixed.feather',
  'vector-text.parquet',
  'vector-base64.parquet',
  'packed.jsonl.gz',
  'packed.jsonl.zst',
  'packed.npy.gz',
  'array.json',
  'f2.hdf5',
  'i2.npy',
];

describe('bad input', () => {
  it.each(WHOLE_FILES)('%s cut off anywhere is refused, with its name and a way out', async (name) => {
    const whole = readFileSync(join(folder, name));
    const target = temporaryFolder();
    for (const share of [0, 0.01, 0.31, 0.71, 0.99]) {
      const path = join(target, `cut-${share * 100}-${name}`);
      writeFileSync(path, whole.subarray(0, Math.floor(whole.length * share)));
      const open = async () => {
        const file = await openFormat(path, { cacheFolder: temporaryFolder() });
        await collect(file.points.read({ batchSize: 5 }));
      };
      await expectInputError(open(), name.replace(/\.(gz|zst)$/, ''));
    }
  });

  const header = (...numbers: number[]) => Buffer.from(Int32Array.from(numbers).buffer);
  it.each<[string, Buffer, string]>([
    ['negative.fvecs', Buffer.concat([header(-3), Buffer.alloc(12)]), 'makes no sense'],
    ['absurd.fvecs', Buffer.concat([header(2 ** 31 - 1), Buffer.alloc(12)]), 'makes no sense'],
    ['mixed.fvecs', Buffer.concat([header(2, 0, 0), header(1, 0, 0)]), 'says that it has 1 dimensions'],
    ['zero.fbin', header(0, 6), 'makes no sense'],
    ['lying.fbin', Buffer.concat([header(2_000_000_000, 6), Buffer.alloc(24)]), 'has 32 bytes'],
    ['absurd.u8bin', Buffer.concat([header(1, -1), Buffer.alloc(24)]), 'makes no sense'],
    ['text.npz', Buffer.from('no archive in here'), 'not a readable npz file'],
    ['text.arrow', Buffer.from('no table in here'), 'text.arrow'],
    ['quote.csv', Buffer.from('id,embedding\n1,"[1, 2]\n'), 'a quote that is never closed'],
    ['ragged.csv', Buffer.from('id,d0,d1\n1,2,3\n2,3\n'), 'has 2 cells, the first row has 3'],
    ['twice.csv', Buffer.from('id,a,a\n1,2,3\n'), 'has the column "a" twice'],
    ['after.json', Buffer.from('[{"id":1,"vector":[1,2]}] {}'), 'continues after the end'],
    ['huge.npy', Buffer.from("\x93NUMPY\x02\x00\xff\xff\xff\x7f{'descr': '<f4'", 'latin1'), 'header claims'],
  ])('%s is refused before anything is allocated for it', async (name, bytes, message) => {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, bytes);
    const open = async () => {
      const file = await openFormat(path, { cacheFolder: temporaryFolder() });
      await collect(file.points.read({ batchSize: 5 }));
    };
    await expectInputError(open(), name, message);
  });
});

describe.runIf(process.platform === 'linux')('files are closed', () => {
  /** Paths in a folder that this process holds open. */
  const openIn = (place: string) =>
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        const path = readlinkSync(`/proc/self/fd/${fd}`);
        return path.startsWith(place) ? [path] : [];
      } catch {
        return []; // The one that listed them.
      }
    });

  it.each(WHOLE_FILES)('%s, read to its end, left behind its first batch, or damaged', async (name) => {
    const place = temporaryFolder();
    const bytes = readFileSync(join(folder, name));
    for (const [share, batches] of [
      [1, Number.POSITIVE_INFINITY],
      [1, 1],
      [0.31, 1],
      [0.99, Number.POSITIVE_INFINITY],
    ] as const) {
      const path = join(place, `${share}-${batches}-${name}`);
      writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * share)));
      const file = await openFormat(path, { cacheFolder: temporaryFolder() }).catch(() => undefined);
      let count = 0;
      const reading = async () => {
        for await (const _ of file!.points.read({ batchSize: 3 })) if (++count === batches) break;
      };
      if (share === 1) await reading();
      else await reading().catch(() => undefined);
      await file?.points.close();
      file?.close?.();
      // A stream closes its file a moment after it was left.
      const closed = async () => openIn(place).length === 0 || undefined;
      await askUntil(closed, AbortSignal.timeout(10_000), 5).catch(() => undefined);
      expect(openIn(place), `${share} of it, ${count} batches`).toEqual([]);
    }
  });
});

describe('Arrow files with packed buffers', () => {
  it.each(['lz4.feather', 'zstd.feather', 'zstd.arrows', 'compressed.feather'])(
    '%s is read as it was',
    async (name) => {
      const { ids, vectors } = await read(name, {}, 6);
      expect(vectors).toEqual(expectedVectors());
      expect(ids).toHaveLength(20);
      expect(new Set(ids).size).toBe(20);
    },
  );

  it('nulls and dictionaries come through', async () => {
    const file = await openFormat(join(folder, 'lz4.feather'), { cacheFolder: temporaryFolder() });
    const all = await collect(file.points.read({ batchSize: 9, metadata: ['n', 'tag'] }));
    expect(all.metadata['n']).toEqual(rows.map((n) => (n % 4 === 0 ? null : n)));
    expect(all.metadata['tag']).toEqual(rows.map((n) => `t${n % 3}`));
  });

  it('LZ4 blocks that refer to earlier ones', async () => {
    const file = await openFormat(join(folder, 'lz4-blocks.feather'), { cacheFolder: temporaryFolder() });
    const all = await collect(file.points.read({ batchSize: 999, metadata: ['text'] }));
    expect(all.metadata['text']).toEqual(
      Array.from({ length: 6000 }, (_, k) => `row ${k} ${'abcdefgh'[k % 8]!.repeat(k % 50)}`),
    );
    expect(all.vectors).toEqual(Array.from({ length: 12_000 }, (_, i) => i % 97));
  });

  it.each(['lz4.feather', 'zstd.feather'])(
    '%s damaged anywhere is refused, or read without a crash',
    async (name) => {
      const bytes = readFileSync(join(folder, name));
      let refused = 0;
      for (let at = 8; at < bytes.length; at += 97) {
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= 0xff;
        const path = join(temporaryFolder(), name);
        writeFileSync(path, damaged);
        try {
          const file = await openFormat(path, { cacheFolder: temporaryFolder() });
          await collect(file.points.read({ batchSize: 50 }));
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(3);
    },
  );

  it('an announced size that cannot be is not allocated', async () => {
    const bytes = readFileSync(join(folder, 'lz4.feather'));
    const frame = bytes.indexOf(Buffer.from([0x04, 0x22, 0x4d, 0x18]));
    bytes.writeBigInt64LE(2n ** 40n, frame - 8);
    const path = join(temporaryFolder(), 'bomb.feather');
    writeFileSync(path, bytes);
    await expectInputError(
      openFormat(path, { cacheFolder: temporaryFolder() }),
      'bomb.feather',
      'unpacks to more than',
    );
    bytes.writeBigInt64LE(60_000_000n, frame - 8);
    writeFileSync(path, bytes);
    await expectInputError(
      openFormat(path, { cacheFolder: temporaryFolder() }),
      'bomb.feather',
      'cannot hold the 60000000 bytes',
    );
  });
});
