import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageVersion } from '../../../engines/kit/packages.js';
import { openSource } from '../../../migration/connections/open-source.js';
import { Workspace } from '../../e2e/helpers/workspace.js';
import { exportByCommand, exportOf, refusalOf } from './exported.js';

const missing = packageVersion('@lancedb/lancedb') === undefined;
const require = createRequire(import.meta.url);

describe.skipIf(missing)('a foreign LanceDB table is exported as it is', () => {
  let work: Workspace;

  beforeAll(async () => {
    work = new Workspace();
    await makeTables(join(work.folder, 'db'));
  });
  const exported = (rest: string) => exportOf(work, `lancedb:./db#${rest}`);
  const refused = (rest: string) => refusalOf(work, `lancedb:./db#${rest}`);

  test('every type, several vectors, nulls', async () => {
    const { points, manifest } = await exportByCommand(work, 'lancedb:./db#every?key=doc');
    expect(
      manifest.vectors.map(({ name, type, dimensions, points: n }) => [name, type, dimensions, n]),
    ).toEqual([
      ['vector', 'f32', 3, 2],
      ['half', 'f16', 2, 1],
      ['codes', 'int8', 2, 2],
      ['hashed', 'bit', 16, 2],
    ]);
    expect(points['9007199254740993']).toEqual({
      id: 9007199254740993n,
      vectors: {
        vector: Float32Array.of(1, -0, 3),
        half: Uint16Array.of(0x2e66, 0x7bff),
        codes: Int8Array.of(-128, 127),
        hashed: Uint8Array.of(0x80, 0x01),
      },
      metadata: {
        text: 'Grüße 🦀',
        small: -7,
        unsigned: 18446744073709551615n,
        single: Math.fround(0.1),
        half_number: 0.5,
        flag: true,
        exact: '-12345678901234567.890',
        day: '2024-02-29',
        clock: '13:14:15.123456',
        moment: 1_700_000_000_123_000n,
        naive: '2024-03-31T02:30:00.000001',
        fine: '2024-01-01T00:00:00.000000001Z',
        words: ['a', null, ''],
        numbers: [1, 2],
        tree: { a: { b: 'deep' }, list: [{ n: 1 }, null] },
        kind: 'red',
      },
    });
    const { vector, half, ...rest } = points['-1']!.vectors;
    expect([vector, half]).toEqual([new Float32Array(3), undefined]);
    expect(Object.keys(rest)).toEqual(['codes', 'hashed']);
    expect(points['-1']!.metadata).toMatchObject({
      text: null,
      exact: null,
      words: [],
      tree: null,
      fine: null,
    });
  });

  test('unsigned keys of 64 bits', async () => {
    const { points } = await exported('unsigned');
    expect(Object.keys(points).sort()).toEqual(['18446744073709551615', '9']);
  });

  test('key, tenant, text, URI and what is left out are as the place says', async () => {
    const { points } = await exported('roles?key=slug&tenant=org&text=body&uri=link&omit=id,raw');
    expect(points).toEqual({
      a: {
        id: 'a',
        vectors: { vector: Float32Array.of(1, 2) },
        metadata: {},
        text: 'one',
        uri: 'u',
        tenant: '7',
      },
      b: { id: 'b', vectors: { vector: Float32Array.of(3, 4) }, metadata: {}, tenant: '8' },
    });
  });

  test('of several files and with deleted rows, every row that is left once', async () => {
    const { points, manifest } = await exported('many');
    expect(manifest).toMatchObject({ consistency: 'snapshot', counts: { exported: 2_500 } });
    expect(points['4999']!.vectors).toEqual({ vector: Float32Array.of(4999, 0) });
    expect(points['3']).toBe(undefined);
  });

  test('a version that is pruned while it is read is an error, never a gap', async () => {
    const lance = require('@lancedb/lancedb');
    const db = await lance.connect(join(work.folder, 'db'));
    const rows = (from: number) =>
      Array.from({ length: 50 }, (_, i) => ({ id: `${from + i}`, vector: [i, 1] }));
    const table = await db.createTable('pruned', rows(0));
    await table.add(rows(50));
    const surroundings = { cwd: work.folder, env: process.env, signal: new AbortController().signal };
    const source = await openSource('lancedb:./db#pruned', surroundings);
    const { points } = source.collection;
    const snapshot = await points.snapshot();
    await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
    await table.delete("id = '1'");
    await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
    const read = async () => {
      for await (const _ of snapshot.scan({ batchSize: 10 }));
    };
    await expect(read()).rejects.toThrow(`version ${snapshot.watermark} of table "pruned" is gone`);
    await expect(points.snapshot(snapshot.watermark!)).rejects.toThrow('somebody has pruned it');
    await snapshot.close();
    await source.close();
    db.close();
  });

  test.each([
    ['every', 'has no column that is known to be the key', '?key='],
    ['every?key=flag', 'has a column "flag" of type Bool, which is no key', ''],
    ['every?key=dok', 'has no column "dok". Did you mean "doc"?', ''],
    ['roles', 'has a column "raw" of type Binary, which no point can hold', '?omit=raw'],
    ['roles?key=body&omit=raw', 'column "body" of table "roles" is no key: a row has none', ''],
    ['roles?key=id&omit=raw', 'column "id" of table "roles" is no key: its value stands in two rows', ''],
    ['keys', 'has several columns that may be the key: doc_id, chunk_id', '?key=doc_id'],
    ['wide', 'of type FixedSizeList[2]<Float64>, which no point can hold', '?omit=wide'],
    ['many?omit=vector', 'has no column of fixed-size lists', ''],
  ])('%s is refused: %s', async (rest, message, remedy) => {
    const said = await refused(rest);
    expect(said).toContain(message);
    expect(said).toContain(remedy);
  });
});

/** Tables as others make them: LanceDB's and Arrow's own clients, and none of our code. */
async function makeTables(folder: string): Promise<void> {
  const lance = require('@lancedb/lancedb');
  const arrow = require('apache-arrow');
  const { Field, Float32, Float64, Int32, Int64, List, Utf8, FixedSizeList, Struct } = arrow;
  const db = await lance.connect(folder);
  const list = (size: number, type: object) => new FixedSizeList(size, new Field('item', type, true));
  const column = (values: unknown[], type: object) => arrow.vectorFromArray(values, type);
  /** Numbers as they lie in memory: Arrow's own builders take no microseconds. */
  const raw = (type: object, data: unknown, nulls = 0, nullBitmap?: Uint8Array) =>
    arrow.makeVector(arrow.makeData({ type, length: 2, nullCount: nulls, nullBitmap, data }));
  const vectors = (size: number, type: object, data: object, nullBitmap?: Uint8Array) =>
    arrow.makeVector(
      arrow.makeData({
        type: list(size, type),
        length: 2,
        nullCount: nullBitmap === undefined ? 0 : 1,
        nullBitmap,
        child: arrow.makeData({ type, length: 2 * size, nullCount: 0, data }),
      }),
    );
  const onlyFirst = Uint8Array.of(1);
  const decimal = (digits: bigint) => {
    const value = BigInt.asUintN(128, digits);
    return [0n, 32n, 64n, 96n].map((shift) => Number((value >> shift) & 0xffffffffn));
  };
  const tree = new Struct([
    new Field('a', new Struct([new Field('b', new Utf8(), true)]), true),
    new Field(
      'list',
      new List(new Field('item', new Struct([new Field('n', new Int32(), true)]), true)),
      true,
    ),
  ]);
  const every = {
    doc: column([9007199254740993n, -1n], new Int64()),
    vector: vectors(3, new Float32(), Float32Array.of(1, -0, 3, 0, 0, 0)),
    half: vectors(2, new arrow.Float16(), Uint16Array.of(0x2e66, 0x7bff, 0, 0), onlyFirst),
    codes: vectors(2, new arrow.Int8(), Int8Array.of(-128, 127, 0, 1)),
    hashed: vectors(2, new arrow.Uint8(), Uint8Array.of(0x80, 0x01, 0, 0)),
    text: column(['Grüße 🦀', null], new Utf8()),
    small: column([-7, null], new arrow.Int16()),
    unsigned: column([18446744073709551615n, null], new arrow.Uint64()),
    single: column([Math.fround(0.1), null], new Float32()),
    half_number: raw(new arrow.Float16(), Uint16Array.of(0x3800, 0), 1, onlyFirst),
    flag: column([true, null], new arrow.Bool()),
    exact: raw(
      new arrow.Decimal(3, 20),
      Uint32Array.from([...decimal(-12345678901234567890n), 0, 0, 0, 0]),
      1,
      onlyFirst,
    ),
    day: raw(new arrow.DateDay(), Int32Array.of(19_782, 0), 1, onlyFirst),
    clock: raw(new arrow.TimeMicrosecond(), BigInt64Array.of(47_655_123_456n, 0n), 1, onlyFirst),
    moment: raw(
      new arrow.TimestampMillisecond('Europe/Berlin'),
      BigInt64Array.of(1_700_000_000_123n, 0n),
      1,
      onlyFirst,
    ),
    naive: raw(new arrow.TimestampMicrosecond(), BigInt64Array.of(1_711_852_200_000_001n, 0n), 1, onlyFirst),
    fine: raw(
      new arrow.TimestampNanosecond('UTC'),
      BigInt64Array.of(1_704_067_200_000_000_001n, 0n),
      1,
      onlyFirst,
    ),
    words: column([['a', null, ''], []], new List(new Field('item', new Utf8(), true))),
    numbers: column([[1, 2], null], new List(new Field('item', new Int32(), true))),
    tree: column([{ a: { b: 'deep' }, list: [{ n: 1 }, null] }, null], tree),
    kind: column(['red', null], new arrow.Dictionary(new Utf8(), new Int32())),
  };
  await db.createTable('every', new arrow.Table(every));
  const two = () => vectors(2, new Float32(), Float32Array.of(1, 2, 3, 4));
  await db.createTable(
    'unsigned',
    new arrow.Table({ id: column([18446744073709551615n, 9n], new arrow.Uint64()), vector: two() }),
  );
  const roles = new arrow.Table({
    id: column(['x', 'x'], new Utf8()),
    slug: column(['a', 'b'], new Utf8()),
    org: column([7, 8], new Int32()),
    body: column(['one', null], new Utf8()),
    link: column(['u', null], new Utf8()),
    raw: column([Uint8Array.of(0), null], new arrow.Binary()),
    vector: two(),
  });
  await db.createTable('roles', roles);
  await db.createTable(
    'keys',
    new arrow.Table({
      doc_id: column(['a', 'a'], new Utf8()),
      chunk_id: column([1, 2], new Int32()),
      vector: two(),
    }),
  );
  await db.createTable(
    'wide',
    new arrow.Table({
      id: column([1, 2], new Int32()),
      vector: two(),
      wide: vectors(2, new Float64(), Float64Array.of(0.1, 0.2, 0.3, 0.4)),
    }),
  );
  const rows = (from: number) =>
    Array.from({ length: 1000 }, (_, i) => ({ id: from + i, vector: [from + i, 0] }));
  const many = await db.createTable('many', rows(0));
  for (const from of [1000, 2000, 3000, 4000]) await many.add(rows(from));
  await many.delete('cast(id as bigint) % 2 = 1 AND id <> 4999');
  await many.delete('id = 0');
  db.close();
}
