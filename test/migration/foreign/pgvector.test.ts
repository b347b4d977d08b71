import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageVersion } from '../../../engines/kit/packages.js';
import { PGLITE_PACKAGES } from '../../../engines/pgvector/pglite.js';
import { Workspace } from '../../e2e/helpers/workspace.js';
import { exportByCommand, exportOf, refusalOf } from './exported.js';

const missing = PGLITE_PACKAGES.find((name) => packageVersion(name) === undefined);
const why = missing === undefined ? '' : ` (skipped: ${missing} is not installed)`;

/** Tables as other people make them, with PostgreSQL's own client and none of our code. */
const TABLES = `
CREATE EXTENSION IF NOT EXISTS vector;
CREATE SCHEMA "Äpp";
CREATE TYPE mood AS ENUM ('glad', 'it''s "odd"');
CREATE DOMAIN price AS numeric(30, 10) CHECK (VALUE >= 0);
CREATE DOMAIN embedding AS vector(3);
CREATE TABLE "Äpp"."Mixed Case.tab""le" (
  "Doc ID" smallint PRIMARY KEY,
  v vector(3) NOT NULL, half halfvec(2), bits bit(12), terms sparsevec(1000000), domain embedding,
  small smallint, whole integer, long bigint, exact numeric, price price, ratio real, double double precision,
  fixed char(4), name varchar(20), body text,
  day date, clock time, local timestamp, moment timestamptz, span interval,
  feeling mood, feelings mood[], uuids uuid[], prices numeric(6, 2)[], days date[], flags boolean[], ratios real[], words text[],
  json json, jsonb jsonb, jsons jsonb[], range int4range, net inet, few bit(3),
  shout text GENERATED ALWAYS AS (upper(body)) STORED
);
INSERT INTO "Äpp"."Mixed Case.tab""le" VALUES (
  -7, '[1,0,-0]', '[0.1,65504]', B'100000000001', '{1:0.5,1000000:-2}/1000000', '[7,8,9]',
  -32768, 2147483647, 9223372036854775807, 12345678901234567890.123456789012345678901, 1.5000000000, 0.1, 'NaN',
  'ab', 'Grüße', E'line\\n🦀',
  '2024-02-29', '13:14:15.123456', '2024-03-31 02:30:00.000001', '1969-12-31 23:59:59.999999+00', '1 year 2 mons 3 days 04:05:06',
  'it''s "odd"', '{glad,NULL}', '{00000000-0000-0000-0000-00000000000A}', '{1.10,-2.00}', '{2024-02-29}', '{t,f,NULL}', '{0.1}', '{a,"b,c",NULL,""}',
  '{"z": 1, "a": [1, {"deep": null}], "n": 9007199254740993}', '{"b": {"c": [true, "é"]}, "f": 0.1}', ARRAY['{"a": 1}', '[]', 'null', NULL]::jsonb[],
  '[1,5)', '10.0.0.1/8', B'101'
), (
  8, '[0,0,0]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '-0', '-Infinity', NULL, '', '',
  NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, '{}', NULL, 'null', NULL, NULL, NULL, NULL
);
CREATE TABLE tenants (org integer NOT NULL, slug varchar(8) UNIQUE, n numeric PRIMARY KEY, body text, link text, v vector(2));
INSERT INTO tenants VALUES (1, 'a', 1.5, 'one', 'http://1', '[1,2]'), (2, NULL, 20000000000000000000000, NULL, NULL, NULL), (1, 'c', 3, '', 'x', '[3,4]');
CREATE TABLE composite (a integer, b text, v vector(2), PRIMARY KEY (a, b));
INSERT INTO composite VALUES (1, 'x', '[1,1]'), (1, 'y', '[1,2]'), (2, 'x', '[2,1]');
CREATE VIEW joined AS SELECT a || '/' || b AS "k?&=,%", a, v FROM composite;
CREATE TABLE parted (id bigint, day date NOT NULL, v vector(2), PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
INSERT INTO parted SELECT i, DATE '2024-01-01' + (i % 50), ARRAY[i, 1]::vector FROM generate_series(1, 2500) AS i;
CREATE TABLE parent (id bigint PRIMARY KEY, v vector(2));
CREATE TABLE child () INHERITS (parent);
INSERT INTO parent VALUES (1, '[1,1]'); INSERT INTO child VALUES (1, '[2,2]');
CREATE TYPE pair AS (a integer, b integer);
CREATE TABLE refused (id uuid PRIMARY KEY, raw bytea, duo pair, v vector(2), many vector(2)[]);
INSERT INTO refused VALUES ('00000000-0000-0000-0000-00000000000B', '\\x00', '(1,2)', '[1,2]', ARRAY['[1,2]'::vector(2)]);
CREATE TABLE long_numbers (id bigint PRIMARY KEY, j jsonb, v vector(2));
INSERT INTO long_numbers VALUES (1, '{"pi": 3.14159265358979323846}', '[1,2]');
CREATE TABLE endless (id bigint PRIMARY KEY, at timestamptz, v vector(2));
INSERT INTO endless VALUES (1, 'infinity', '[1,2]');
CREATE TABLE "a?b#c" (id bigint PRIMARY KEY, v vector(2));
INSERT INTO "a?b#c" VALUES (1, '[1,2]');
`;

interface RawPglite {
  exec(sql: string): Promise<unknown>;
  close(): Promise<void>;
}

describe.skipIf(missing !== undefined)(`a foreign table is exported as it is${why}`, () => {
  let work: Workspace;
  beforeAll(async () => {
    work = new Workspace();
    const require = createRequire(import.meta.url);
    const { PGlite } = require('@electric-sql/pglite') as {
      PGlite: { create(options: object): Promise<RawPglite> };
    };
    const { vector } = require('@electric-sql/pglite-pgvector') as { vector: unknown };
    const database = await PGlite.create({ dataDir: join(work.folder, 'db'), extensions: { vector } });
    await database.exec(TABLES);
    await database.close();
  });
  const exported = (rest: string) => exportOf(work, `pgvector:./db#${rest}`);
  const refused = (rest: string) => refusalOf(work, `pgvector:./db#${rest}`);

  test.each(['Äpp.Mixed Case.tab"le', '"Äpp"."Mixed Case.tab""le"'])(
    'every type, under a name as odd as %s',
    async (name) => {
      const { manifest, points } = await exportByCommand(work, `pgvector:./db#${name}`);
      expect(manifest.vectors).toMatchObject([
        { name: 'v', type: 'f32', dimensions: 3, points: 2, zero: 1 },
        { name: 'half', type: 'f16', points: 1 },
        { name: 'bits', type: 'bit', dimensions: 12, points: 1 },
        { name: 'terms', kind: 'sparse', points: 1 },
        { name: 'domain', type: 'f32', dimensions: 3, points: 1 },
      ]);
      expect(points['-7']!.id).toBe(-7n);
      expect(points['-7']!.vectors).toEqual({
        v: Float32Array.of(1, 0, -0),
        half: Uint16Array.of(0x2e66, 0x7bff),
        bits: Uint8Array.of(0x80, 0x10),
        terms: { indices: Uint32Array.of(0, 999_999), values: Float32Array.of(0.5, -2) },
        domain: Float32Array.of(7, 8, 9),
      });
      expect(points['-7']!.metadata).toEqual({
        small: -32768,
        whole: 2147483647,
        long: 9223372036854775807n,
        exact: '12345678901234567890.123456789012345678901',
        price: '1.5000000000',
        ratio: Math.fround(0.1),
        double: Number.NaN,
        fixed: 'ab',
        name: 'Grüße',
        body: 'line\n🦀',
        day: '2024-02-29',
        clock: '13:14:15.123456',
        local: '2024-03-31 02:30:00.000001',
        moment: -1n,
        span: 'P1Y2M3DT4H5M6S',
        feeling: 'it\'s "odd"',
        feelings: ['glad', null],
        uuids: ['00000000-0000-0000-0000-00000000000a'],
        prices: ['1.10', '-2.00'],
        days: ['2024-02-29'],
        flags: [true, false, null],
        ratios: [Math.fround(0.1)],
        words: ['a', 'b,c', null, ''],
        json: { z: 1, a: [1, { deep: null }], n: 9007199254740993n },
        jsonb: { b: { c: [true, 'é'] }, f: 0.1 },
        jsons: [{ a: 1 }, [], null, null],
        range: '[1,5)',
        net: '10.0.0.1/8',
        few: '101',
        shout: 'LINE\n🦀',
      });
      const { v, ...others } = points['8']!.vectors;
      expect([v, others]).toEqual([new Float32Array(3), {}]);
      expect(points['8']!.metadata).toMatchObject({
        ratio: -0,
        double: Number.NEGATIVE_INFINITY,
        name: '',
        feelings: [],
        words: [],
        jsonb: null,
        exact: null,
      });
    },
  );

  test('a numeric key keeps all its digits, in numeric order', async () => {
    const { points } = await exported('tenants');
    expect(Object.keys(points).sort()).toEqual(['1.5', '20000000000000000000000', '3']);
    expect(points['20000000000000000000000']).toMatchObject({
      vectors: {},
      metadata: { org: 2, body: null },
    });
  });

  test('key, tenant, text, URI and what is left out are as the place says', async () => {
    const { points, manifest } = await exported('tenants?key=n&tenant=org&text=body&uri=link&omit=slug');
    expect(points['1.5']).toEqual({
      id: '1.5',
      vectors: { v: Float32Array.of(1, 2) },
      metadata: {},
      text: 'one',
      uri: 'http://1',
      tenant: '1',
    });
    expect(points['3']).toMatchObject({ text: '', tenant: '1' });
    expect(points['20000000000000000000000']!.text).toBe(undefined);
    expect(manifest).toMatchObject({ text: 2, tenant: 3 });
  });

  test('a view with a named key; partitions with a column that is no key of its own', async () => {
    const { points } = await exported('joined?key=k%3F%26%3D%2C%25');
    expect(Object.keys(points).sort()).toEqual(['1/x', '1/y', '2/x']);
    const parted = await exported('parted?key=id');
    expect(Object.keys(parted.points)).toHaveLength(2500);
    expect(parted.points['2500']!.vectors).toEqual({ v: Float32Array.of(2500, 1) });
    expect((await exported('a%3Fb%23c')).manifest.counts.exported).toBe(1);
  });

  test.each([
    ['composite', 'has a primary key of several columns (a, b)', '?key='],
    ['composite?key=a', 'column "a" is no key: its value stands in 2 rows', 'name another column'],
    ['tenants?key=slug', 'column "slug" is no key: a row has none', 'name another column'],
    ['composite?key=v', 'column "v" of type vector(2) is no key', ''],
    ['joined', 'table "joined" has no primary key', '?key='],
    ['parent', 'column "id" is no key: its value stands in 2 rows', ''],
    ['tenants?key=slag', 'has no column "slag". Did you mean "slug"?', ''],
    ['tenants?text=org', 'column "org" of type integer is no text', ''],
    ['tenants?omit=bodi', 'has no column "bodi". Did you mean "body"?', ''],
    ['refused', 'column "raw" of table "refused" is of type bytea', '?omit=raw,duo,many'],
    ['long_numbers', 'the number 3.14159265358979323846 has more digits than a double', '?omit=j'],
    ['endless', 'column "at" of id "1"', '?omit=at'],
    ['tenants?omit=v', 'has no column of type vector', ''],
  ])('%s is refused: %s', async (rest, message, remedy) => {
    const said = await refused(rest);
    expect(said).toContain(message);
    expect(said).toContain(remedy);
  });

  test('what was refused is exported without what cannot be held', async () => {
    const { points } = await exported('refused?omit=raw,duo,many');
    expect(points).toEqual({
      '00000000-0000-0000-0000-00000000000b': {
        id: '00000000-0000-0000-0000-00000000000b',
        vectors: { v: Float32Array.of(1, 2) },
        metadata: {},
      },
    });
  });
});
