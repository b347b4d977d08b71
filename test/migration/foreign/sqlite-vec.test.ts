import { createRequire } from 'node:module';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageVersion } from '../../../engines/kit/packages.js';
import { Workspace } from '../../e2e/helpers/workspace.js';
import { writeCollection } from '../helpers/collection.js';
import { exportByCommand, exportOf, refusalOf } from './exported.js';

const missing = ['better-sqlite3', 'sqlite-vec'].find((name) => packageVersion(name) === undefined);
const require = createRequire(import.meta.url);

describe.skipIf(missing !== undefined)('foreign vec0 tables are exported as they are', () => {
  let work: Workspace;
  beforeAll(() => {
    work = new Workspace();
    makeDatabase(join(work.folder, 'their data.db'));
  });
  const exported = (rest: string) => exportOf(work, `sqlite-vec:./their data.db#${rest}`);
  const refused = (rest: string) => refusalOf(work, `sqlite-vec:./their data.db#${rest}`);

  test('several vectors of each type, metadata, auxiliary and partition key columns', async () => {
    const { manifest, points } = await exportByCommand(
      work,
      'sqlite-vec:./their data.db#odd "table?omit=raw',
    );
    expect(manifest.vectors).toMatchObject([
      { name: 'emb', type: 'f32', dimensions: 3, metric: 'cosine', points: 2 },
      { name: 'codes', type: 'int8', dimensions: 4, metric: 'l2', points: 2 },
      { name: 'flags', type: 'bit', dimensions: 16, metric: 'hamming', points: 2 },
    ]);
    expect(points).toEqual({
      'a é': {
        id: 'a é',
        vectors: {
          emb: Float32Array.of(1, -0, 3),
          codes: Int8Array.of(1, 2, 3, -128),
          flags: Uint8Array.of(0x80, 1),
        },
        metadata: {
          body: 'body',
          n: 9007199254740993n,
          f: 1.5,
          org: 'acme',
          year: 2024,
          price: 0.1,
          ok: true,
        },
      },
      '7': {
        id: '7',
        vectors: { emb: new Float32Array(3), codes: new Int8Array(4), flags: new Uint8Array(2) },
        metadata: { body: null, n: null, f: null, org: 'b', year: -1, price: -0, ok: false },
      },
    });
  });

  test('row ids, also negative ones, and of deleted rows none', async () => {
    const { points, manifest } = await exported('plain');
    expect(manifest).toMatchObject({ consistency: 'snapshot', counts: { exported: 1500, before: 1500 } });
    expect(points['-5']).toMatchObject({ id: -5n, vectors: { vector: Float32Array.of(-5, 1) } });
    expect(points['100']).toBe(undefined);
  });

  test('key, tenant, text and URI are as the place says', async () => {
    const { points } = await exported('roles?key=slug&tenant=org&text=body&uri=link');
    expect(points).toEqual({
      x: {
        id: 'x',
        vectors: { vector: Float32Array.of(1, 2) },
        metadata: { kind: 'k' },
        text: 'one',
        uri: 'u',
        tenant: '7',
      },
      y: { id: 'y', vectors: { vector: Float32Array.of(3, 4) }, metadata: { kind: 'k' }, tenant: '8' },
    });
    expect(Object.keys((await exported('roles')).points).sort()).toEqual(['1', '2']);
  });

  test.each([
    ['odd "table', 'columns of bytes, which no point can hold: raw', '?omit=raw'],
    ['nothing', 'is no vec0 table', 'open one of'],
    ['ordinary', 'is no vec0 table', 'plain'],
    ['roles?key=body', 'column "body" of table "roles" is no key: a row has none', ''],
    ['roles?key=kind', 'column "kind" of table "roles" is no key: its value stands in two rows', ''],
    ['roles?key=slog', 'has no column "slog". Did you mean "slug"?', ''],
    ['roles?text=org', 'has a column "org", which is no text', ''],
    ['plain?omit=vector', 'has no vector left', ''],
  ])('%s is refused: %s', async (rest, message, remedy) => {
    const said = await refused(rest);
    expect(said).toContain(message);
    expect(said).toContain(remedy);
  });

  test('a file that is no database, and one of ours, are refused with what to name', async () => {
    work.write('text.db', 'no database, but long enough to be read as the beginning of one');
    expect(await refusalOf(work, 'sqlite-vec:./text.db#t')).toContain('is no SQLite database');
    await writeCollection('sqlite-vec', join(work.folder, 'ours'), []);
    expect(await refusalOf(work, 'sqlite-vec:./ours/docs.sqlite#points')).toContain('name its folder');
  });
});

/** As others make it: SQLite's and sqlite-vec's own packages, and none of our code. */
function makeDatabase(file: string): void {
  const Sqlite = require('better-sqlite3') as typeof Database;
  const database = new Sqlite(file);
  (require('sqlite-vec') as { load(database: Database.Database): void }).load(database);
  database.exec(`
    create virtual table "odd ""table" using vec0(
      doc_id text primary key, emb float[3] distance_metric=cosine, codes int8[4], flags bit[16],
      +body text, +raw blob, +n integer, +f float, org text partition key, year integer, price float, ok boolean);
    create virtual table plain using vec0(vector float[2], chunk_size=8);
    create virtual table roles using vec0(vector float[2], +slug text, +org integer, +body text, +link text, kind text);
    create table ordinary (id integer primary key)`);
  const odd = database.prepare(
    'insert into "odd ""table" (doc_id, emb, codes, flags, body, raw, n, f, org, year, price, ok) values (?, ?, vec_int8(?), vec_bit(?), ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  odd.run(
    'a é',
    Float32Array.of(1, -0, 3),
    Int8Array.of(1, 2, 3, -128),
    Uint8Array.of(0x80, 1),
    'body',
    Buffer.of(0),
    9007199254740993n,
    1.5,
    'acme',
    2024n,
    0.1,
    1n,
  );
  odd.run(
    '7',
    new Float32Array(3),
    new Int8Array(4),
    new Uint8Array(2),
    null,
    null,
    null,
    null,
    'b',
    -1n,
    -0,
    0n,
  );
  const plain = database.prepare('insert into plain (rowid, vector) values (?, ?)');
  database.exec('begin');
  for (let i = 0; i < 2999; i++) plain.run(BigInt(i), Float32Array.of(i, 0));
  plain.run(-5n, Float32Array.of(-5, 1));
  database.exec('delete from plain where rowid >= 0 and rowid < 1500; commit');
  const roles = database.prepare(
    'insert into roles (vector, slug, org, body, link, kind) values (?, ?, ?, ?, ?, ?)',
  );
  roles.run(Float32Array.of(1, 2), 'x', 7n, 'one', 'u', 'k');
  roles.run(Float32Array.of(3, 4), 'y', 8n, null, null, 'k');
  database.close();
}
