import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FieldType } from '../../datasets/dataset.js';
import type { ConnectedEngine } from '../../engines/contract/engine.js';
import type { Point } from '../../engines/contract/points.js';
import { packageVersion } from '../../engines/kit/packages.js';
import { engine } from '../../engines/pgvector/engine.js';
import { openPglite, PGLITE_PACKAGES } from '../../engines/pgvector/pglite.js';
import { never, parsed } from './session.js';

const missing = PGLITE_PACKAGES.find((name) => packageVersion(name) === undefined);
const why = missing === undefined ? '' : ` (skipped: ${missing} is not installed)`;

/** Tables as other people make them. */
const TABLES = `
CREATE EXTENSION IF NOT EXISTS vector;
CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TABLE app.documents (
  tenant_id integer NOT NULL,
  number integer NOT NULL,
  slug varchar(12) NOT NULL UNIQUE,
  embedding vector(3),
  small halfvec(3),
  flags bit(16),
  terms sparsevec(100),
  title varchar(5),
  size smallint,
  ratio real,
  at timestamptz,
  day date,
  price numeric(10, 2),
  feeling mood,
  body jsonb,
  tags text[],
  active boolean NOT NULL DEFAULT true,
  shout text GENERATED ALWAYS AS (upper(title)) STORED,
  PRIMARY KEY (tenant_id, number)
);
CREATE INDEX ON app.documents USING hnsw (embedding vector_cosine_ops) WITH (m = 8);
INSERT INTO app.documents VALUES
  (1, 1, 'one', '[1,0,0]', '[1,2,3]', B'1000000000000001', '{1:0.5,100:-2}/100', 'first', 7, 0.1, '2024-01-01T00:00:00Z', '2024-01-01', 1.50, 'glad', '{"a": 1}', '{x,NULL,"y,z"}', true),
  (1, 2, 'two', '[0,1,0]', NULL, NULL, '{}/100', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', false),
  (2, 1, 'zero', NULL, NULL, NULL, NULL, 'third', -1, '-0', NULL, NULL, NULL, NULL, NULL, NULL, true);
CREATE TABLE composite (a integer, b integer, v vector(2), PRIMARY KEY (a, b));
CREATE TABLE keyless (a integer UNIQUE, v vector(2));
CREATE TABLE odd_key (a bytea PRIMARY KEY, v vector(2));
CREATE TABLE unsized (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v vector);
INSERT INTO unsized (v) VALUES ('[1,2]'), ('[3,4]');
CREATE TABLE empty_unsized (id bigint PRIMARY KEY, v vector);
CREATE TABLE mixed (id bigint PRIMARY KEY, v vector);
INSERT INTO mixed VALUES (1, '[1,2]'), (2, '[1,2,3]');
CREATE TABLE matrix (id bigint PRIMARY KEY, v vector(2), numbers integer[]);
INSERT INTO matrix VALUES (1, '[1,2]', '{{1,2},{3,4}}');
CREATE TABLE "dotted.name" (id uuid PRIMARY KEY, v vector(2), a text, "a.b" text);
INSERT INTO "dotted.name" VALUES ('00000000-0000-0000-0000-000000000001', '[1,2]', 'x', 'y');
CREATE TABLE no_vector (id bigint PRIMARY KEY, flag bit(1));
`;

describe.skipIf(missing !== undefined)(`tables that are there${why}`, () => {
  let folder: string;
  let connected: ConnectedEngine;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vecproof-tables-'));
    const session = await openPglite(join(folder, 'pglite'));
    await session.query(TABLES);
    await session.close();
    connected = await engine.connect({ folder, threads: 1, seed: 7, mode: 'pglite' }, never);
  });

  afterAll(async () => {
    await connected.close();
    await rm(folder, { recursive: true, force: true });
  });

  const points = async (name: string) => (await connected.open!(name)).points!;

  test('are listed by the name that opens them', async () => {
    const names = await connected.list!();
    expect(names).toEqual(expect.arrayContaining(['app.documents', 'composite', 'unsized', 'dotted.name']));
    expect(names).not.toContain('no_vector');
  });

  test.each([
    ['composite', 'has a primary key of several columns (a, b)'],
    ['keyless', 'has no primary key'],
    ['odd_key', 'has a primary key of type bytea ("a")'],
    ['empty_unsized', 'has a column "v" of type vector without a number of dimensions'],
    ['no_vector', 'has no column of type vector, halfvec, bit or sparsevec'],
    ['none', 'there is no table "none"'],
  ])('%s is refused: %s', async (name, message) => {
    await expect(connected.open!(name)).rejects.toThrow(message);
  });

  const first: Point = {
    id: 'one',
    vectors: {
      embedding: Float32Array.of(1, 0, 0),
      small: Uint16Array.of(0x3c00, 0x4000, 0x4200),
      flags: Uint8Array.of(0x80, 0x01),
      terms: { indices: Uint32Array.of(0, 99), values: Float32Array.of(0.5, -2) },
    },
    metadata: {
      tenant_id: 1,
      number: 1,
      title: 'first',
      size: 7,
      // As float32 has it: a filter compares by that.
      ratio: Math.fround(0.1),
      at: 1_704_067_200_000_000n,
      day: '2024-01-01',
      price: '1.50',
      feeling: 'glad',
      body: { a: 1 },
      tags: ['x', null, 'y,z'],
      active: true,
      shout: 'FIRST',
    },
  };

  test('are described: a unique key, vectors of each type, the index’s metric, native types', async () => {
    const described = await (await points('app.documents')).describe();
    expect(described.ids).toBe('string');
    expect(described.count).toBe(3);
    expect(described.index).toMatchObject({ type: 'hnsw', m: 8, efConstruction: 64, quantization: 'none' });
    expect(described.spec.vectors).toEqual([
      { name: 'embedding', kind: 'dense', type: 'f32', dimensions: 3, metric: 'cosine' },
      { name: 'small', kind: 'dense', type: 'f16', dimensions: 3, metric: null },
      { name: 'flags', kind: 'dense', type: 'bit', dimensions: 16, metric: null },
      { name: 'terms', kind: 'sparse', type: 'f32', dimensions: 0, metric: null },
    ]);
    const types = Object.fromEntries(described.fields.map(({ name, type }) => [name, type]));
    const expected: Record<string, FieldType | null> = {
      tenant_id: 'integer',
      number: 'integer',
      title: 'string',
      size: 'integer',
      ratio: 'float',
      at: 'timestamp',
      day: null,
      price: null,
      feeling: null,
      body: null,
      tags: 'string[]',
      active: 'boolean',
      shout: 'string',
    };
    expect(types).toEqual(expected);
  });

  test('are read as they are: each type, missing vectors, empty ones, a zero with its sign', async () => {
    const documents = await points('app.documents');
    expect(await documents.get(['one'])).toEqual([first]);
    const snapshot = await documents.snapshot();
    const found: Point[] = [];
    for await (const page of snapshot.scan({ batchSize: 2 })) found.push(...page.points);
    await snapshot.close();
    expect(found.map(({ id }) => id)).toEqual(['one', 'two', 'zero']);
    expect(Object.keys(found[1]!.vectors)).toEqual(['embedding', 'terms']);
    expect(found[1]!.vectors['terms']).toEqual({ indices: new Uint32Array(0), values: new Float32Array(0) });
    expect(found[1]!.metadata['tags']).toEqual([]);
    expect(found[2]!.vectors).toEqual({});
    expect(found[2]!.metadata['ratio']).toBe(-0);
  });

  test('a search uses the index that is there, and leaves out rows without the vector', async () => {
    const documents = await connected.open!('app.documents');
    const { search } = parsed(engine, { index: { type: 'hnsw' } });
    const prepared = await documents.prepare(search, 10);
    expect(Array.from((await prepared.query(Float32Array.of(0, 1, 0))).keys)).toEqual(['two', 'one']);
    const filter = await prepared.translate!({
      op: 'eq',
      field: { name: 'ratio', type: 'float' },
      value: Math.fround(0.1),
    });
    expect(Array.from((await prepared.query(Float32Array.of(0, 1, 0), filter)).keys)).toEqual(['one']);
    await prepared.close();
    await expect(documents.prepare(search, 10, 'small')).rejects.toThrow('COMMENT ON COLUMN');
    await expect(documents.prepare(search, 10, 'flags')).rejects.toThrow('by which metric vector "flags"');
  });

  test('what a column cannot hold is refused and cuts nothing off; the rest is written', async () => {
    const documents = await points('app.documents');
    const metadata = { tenant_id: 3, number: 1, active: true };
    const point = (id: string, more: Point['metadata']): Point => ({
      id,
      vectors: {},
      metadata: { ...metadata, ...more },
    });
    await expect(documents.upsert([point('new', { title: 'too long' })])).rejects.toThrow(
      'too long for type',
    );
    await expect(documents.upsert([point('new', { size: 40_000 })])).rejects.toThrow('out of range');
    await expect(documents.upsert([point('new', { ratio: 0.1 })])).rejects.toThrow('"ratio" of id "new"');
    await expect(documents.upsert([point('new', { shout: 'X' })])).rejects.toThrow('"shout"');
    await expect(documents.upsert([point('new', { price: '1.00' })])).rejects.toThrow('"price"');
    await expect(documents.upsert([point('a slug that is too long', {})])).rejects.toThrow(
      'too long for type',
    );
    // A cast to the key's type would cut it off, and find another row.
    expect(await documents.get(['onexxxxxxxxxxxxx', 'one          '])).toEqual([]);
    await documents.upsert([{ ...point('new', { title: 'new', ratio: 0.5 }), vectors: first.vectors }]);
    const [written] = await documents.get(['new']);
    expect(written!.vectors).toEqual(first.vectors);
    expect(written!.metadata).toMatchObject({ title: 'new', ratio: 0.5, shout: 'NEW' });
    await documents.delete(['new']);
  });

  test('are never indexed, vacuumed or dropped', async () => {
    const documents = await connected.open!('app.documents');
    expect(await documents.ready(never)).toMatchObject({ count: 3, indexed: null });
    await expect(documents.drop()).rejects.toThrow('was not made by vecproof');
    expect(await documents.count()).toBe(3);
  });

  test('a vector column without dimensions has those of its rows, and a row with others is refused', async () => {
    const unsized = await points('unsized');
    expect((await unsized.describe()).spec.vectors).toMatchObject([{ dimensions: 2 }]);
    // Its key is GENERATED ALWAYS.
    await unsized.upsert([{ id: 10n, vectors: { v: Float32Array.of(5, 6) }, metadata: {} }]);
    expect(await unsized.get([10n, 2n])).toEqual([
      { id: 10n, vectors: { v: Float32Array.of(5, 6) }, metadata: {} },
      { id: 2n, vectors: { v: Float32Array.of(3, 4) }, metadata: {} },
    ]);
    const mixed = await (await points('mixed')).snapshot();
    const reading = async () => {
      for await (const _ of mixed.scan({ batchSize: 10 }));
    };
    await expect(reading()).rejects.toThrow('column "v" of id "2" in table "mixed" cannot be read');
    await mixed.close();
  });

  test('an array of several dimensions is an error that names it, not a list of halves', async () => {
    await expect((await points('matrix')).get([1n])).rejects.toThrow('column "numbers" of id "1"');
  });

  test('columns "a" and "a.b" side by side, in a table with a dot in its name', async () => {
    const [point] = await (await points('dotted.name')).get(['00000000-0000-0000-0000-000000000001']);
    expect(point!.metadata).toEqual({ a: 'x', 'a.b': 'y' });
  });
});
