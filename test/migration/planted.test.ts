import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Point, PointValue } from '../../engines/contract/points.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import { exportCollection } from '../../migration/export/export.js';
import { CASES } from './helpers/cases.js';
import { type LocalEngine, SPEC, somePoints, withCollection, writeCollection } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';
import { Migration } from './helpers/plan.js';
import { RISKS, readRisks, renderRisks, writeRisks } from './helpers/risks.js';

/**
 * What went wrong in migrations, planted in a source, a mapping, a load's target or an export, each found by the step
 * that is to find it. `helpers/risks.ts` says what was met in public; docs/migration-risks.md is made of it.
 */

const TENANTS = ['red', 'blue'];
/** Each point says who may see it. */
const POINTS: Point[] = somePoints(60).map((point, i) => ({
  ...point,
  text: `text of ${i}`,
  metadata: { ...point.metadata, acl: `group-${i % 4}`, lang: 'en' },
  tenant: TENANTS[i % 2],
}));
const FIELDS = [
  ...SPEC.fields,
  { name: 'acl', type: 'string', nullable: true },
  { name: 'lang', type: 'string', nullable: true },
] as const;
const WITH = { fields: FIELDS, tenant: true };

let root: string;
let done: string;
let copies = 0;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'vecproof-planted-'));
  done = join(root, 'done');
  await writeCollection('sqlite-vec', join(done, 'source'), POINTS, WITH);
  const migration = new Migration(done);
  migration.plan('sqlite-vec:./source#docs', 'lancedb:./lance#docs');
  const view = await migration.runThrough();
  expect(view.stages.map(({ name, why }) => [name, why])).toEqual(
    view.stages.map(({ name }) => [name, undefined]),
  );
  expect(view.state).toBe('ready');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A migration that has ended well. */
function finished(): Migration {
  const home = join(root, `${++copies}`);
  cpSync(done, home, { recursive: true });
  return new Migration(home);
}

/** A migration of such points that has not begun. */
async function of(
  points: readonly Point[],
  change = {},
  engine: LocalEngine = 'lancedb',
): Promise<Migration> {
  const home = join(root, `${++copies}`);
  await writeCollection(engine, join(home, 'source'), points, { ...WITH, ...change });
  const migration = new Migration(home);
  migration.plan(`${engine}:./source#docs`, 'lancedb:./target#docs');
  return migration;
}

const with_ = (point: Point, name: string, value: PointValue): Point => ({
  ...point,
  metadata: { ...point.metadata, [name]: value },
});
const vectorOf = (point: Point) => point.vectors['vector'] as Float32Array;
const withVector = (point: Point, values: Iterable<number>): Point => ({
  ...point,
  vectors: { vector: Float32Array.from(values) },
});

/** What goes wrong behind everybody's back between a load and the use of its target. `words`: what verify says. */
const IN_TARGET: [title: string, change: (points: readonly Point[]) => Point[], words: RegExp][] = [
  [
    'an integer beyond 2^53 is rounded',
    ([first]) => [with_(first!, 'n', 9_007_199_254_740_992n)],
    /field "n": "?9007199254740993.*→ "?9007199254740992/,
  ],
  [
    'vectors belong to other records',
    ([, a, b]) => [withVector(a!, vectorOf(b!)), withVector(b!, vectorOf(a!))],
    /2 differ.*vector "vector": 6 of 6 numbers/,
  ],
  [
    'vectors are normalised',
    ([, point]) => {
      const length = Math.hypot(...vectorOf(point!));
      return [
        withVector(
          point!,
          vectorOf(point!).map((each) => each / length),
        ),
      ];
    },
    /vector "vector": 6 of 6 numbers/,
  ],
  [
    'vectors are rounded to half precision',
    ([, point]) => [
      withVector(
        point!,
        vectorOf(point!).map((each) => Math.round(each * 1024) / 1024),
      ),
    ],
    /vector "vector"/,
  ],
  ['null becomes 0', ([point]) => [with_(point!, 'price', 0)], /field "price": (null|missing) → 0/],
  [
    'null becomes an empty array',
    ([point]) => [with_(point!, 'tags', [])],
    /field "tags": (null|missing) → \[\]/,
  ],
  [
    'an array loses an element',
    ([, point]) => [with_(point!, 'tags', ['a'])],
    /field "tags": \["a","t1"\] → \["a"\]/,
  ],
  [
    'a time is read in another zone',
    ([, point]) => [with_(point!, 'at', (point!.metadata['at'] as bigint) + 3_600_000_000n)],
    /field "at"/,
  ],
  [
    'a text is normalised to another Unicode form',
    ([point]) => [with_(point!, 'name', (point!.metadata['name'] as string).normalize('NFD'))],
    /field "name"/,
  ],
  ['a URI is dropped', ([point]) => [{ ...point!, uri: undefined }], /uri: "file:\/\/\/0" → none/],
  ['a document is dropped', ([point]) => [{ ...point!, text: undefined }], /text: "text of 0" → none/],
  [
    'a permission is lost',
    ([point]) => [with_(point!, 'acl', null)],
    /field "acl": "group-0" → (null|missing)/,
  ],
  [
    'a permission is another',
    ([point]) => [with_(point!, 'acl', 'group-3')],
    /field "acl": "group-0" → "group-3"/,
  ],
  [
    'a point gets into another tenant',
    ([point]) => [{ ...point!, tenant: 'blue' }],
    /tenant: "red" → "blue"/,
  ],
  [
    'somebody else writes to the target',
    ([point]) => [{ ...point!, id: 'stranger' }],
    /1 are in the target alone.*the first: id stranger/,
  ],
];

describe('in a target', () => {
  test.each(IN_TARGET)('%s', async (_, change, words) => {
    const migration = finished();
    await withCollection('lancedb', join(migration.home, 'lance'), 'open', (collection) =>
      collection.points!.upsert(change(POINTS)),
    );
    const view = await migration.run({ again: ['verify'], reason: 'before the cutover' });
    const verify = view.stages.find(({ name }) => name === 'verify')!;
    expect(verify.state).toBe('failed');
    expect(`${verify.why}\n${JSON.stringify(verify.tables)}`).toMatch(
      new RegExp(words.source.replaceAll('"', '\\\\*"')),
    );
  });

  test('points are lost after they were acknowledged', async () => {
    const migration = finished();
    await withCollection('lancedb', join(migration.home, 'lance'), 'open', (collection) =>
      collection.points!.delete(POINTS.slice(20, 23).map(({ id }) => id)),
    );
    const view = await migration.run({ again: ['verify'], reason: 'before the cutover' });
    expect(view.stages.find(({ name }) => name === 'verify')!.why).toContain('3 are missing in the target');
  });
});

/** Decisions that the migration stops at, and where. */
async function stopsAt(migration: Migration): Promise<[stage: string, id: string][]> {
  const view = await migration.run();
  return view.decisions.map(({ stage, id }) => [stage, id]);
}

describe('in a mapping', () => {
  const of = 'sqlite-vec:./source#docs';
  const edits: [title: string, target: string, rest: string, decision: string][] = [
    [
      'another metric is chosen',
      'lancedb:./other#docs',
      'map: { vectors: { vector: { metric: l2 } } }\n',
      'loss:metric-changed:vector',
    ],
    [
      'permissions are left out',
      'lancedb:./other#docs',
      'map: { fields: { acl: null } }\n',
      'loss:field-dropped:acl',
    ],
    ['tenants are left out', 'lancedb:./other#docs', 'map: { tenant: false }\n', 'loss:tenant-dropped'],
    ['URIs are left out', 'lancedb:./other#docs', 'map: { uri: false }\n', 'loss:uri-dropped'],
    [
      'a field gets another name',
      'lancedb:./other#docs',
      'map: { fields: { lang: language } }\n',
      'loss:field-renamed:lang',
    ],
    [
      'the target normalises vectors under cosine',
      'qdrant:http://localhost:1#docs',
      '',
      'loss:vector-normalised:vector',
    ],
  ];
  test.each(edits)('%s', async (_, target, rest, decision) => {
    const migration = finished();
    migration.plan(of, target, rest);
    expect(await stopsAt(migration)).toContainEqual(['map', decision]);
  });

  test('two fields become one', async () => {
    const migration = finished();
    migration.plan(of, 'lancedb:./other#docs', 'map: { fields: { lang: acl } }\n');
    await expect(migration.runThrough()).rejects.toThrow('"acl" and "lang" both become "acl"');
  });

  test('a score threshold has no equal in the target', async () => {
    const migration = finished();
    migration.plan(
      of,
      'lancedb:./other#docs',
      'map: { thresholds: [0.4], vectors: { vector: { metric: l2 } } }\n',
    );
    expect(await stopsAt(migration)).toContainEqual([
      'map',
      expect.stringMatching(/^loss:threshold-untranslatable:vector/),
    ]);
  });

  test('an edit of the file brings a loss that nobody has accepted', async () => {
    const migration = finished();
    const text = migration.read('mapping.yaml').replace('to: acl', 'to: null');
    writeFileSync(migration.path('mapping.yaml'), text);
    expect(await stopsAt(migration)).toEqual([['map', 'loss:field-dropped:acl']]);
  });
});

describe('in a source', () => {
  test('the declared metric is not the one that it computes', async () => {
    const migration = await of(POINTS, { vectors: [{ ...SPEC.vectors[0]!, metric: 'l2' }] }, 'sqlite-vec');
    const database = new Database(join(migration.home, 'source', 'docs.sqlite'));
    database.exec(`update info set json = replace(json, '"l2"', '"cosine"')`);
    database.close();
    expect(await stopsAt(migration)).toEqual([
      ['inventory', expect.stringMatching(/^inventory:vector\.vector/)],
    ]);
  });

  test('no metric is declared', async () => {
    const migration = await of(POINTS, { vectors: [{ ...SPEC.vectors[0]!, metric: null }] });
    const view = await migration.run();
    expect(view.decisions.map(({ stage, id }) => [stage, id])).toContainEqual([
      'map',
      'loss:metric-not-told:vector',
    ]);
  });

  test('points have no permissions', async () => {
    const migration = await of(POINTS.map((point, i) => (i % 20 === 0 ? with_(point, 'acl', null) : point)));
    expect(await stopsAt(migration)).toEqual([['map', 'loss:required-missing:acl']]);
    const view = await migration.runThrough();
    expect(view.state).toBe('ready');
    const verify = view.stages.find(({ name }) => name === 'verify')!;
    expect(verify.figures, 'they stay out, even if that is accepted').toContainEqual(
      expect.objectContaining({ term: 'equal', value: 57 }),
    );
  });

  test('one id is in two tenants', async () => {
    const migration = await exported([...POINTS, { ...POINTS[3]!, tenant: 'red' }]);
    const view = await migration.run();
    expect(view.decisions).toMatchObject([{ stage: 'inventory', id: 'inventory:ids' }]);
    const [warnings] = view.stages.find(({ name }) => name === 'inventory')!.tables;
    expect(warnings!.rows).toContainEqual([
      'tenants',
      expect.stringContaining('1 ids are in several tenants'),
    ]);
  });

  test('a field is missing in some points, which the target cannot tell from null', async () => {
    const { lang: _, ...rest } = POINTS[7]!.metadata;
    const migration = await exported(POINTS.with(7, { ...POINTS[7]!, metadata: rest }));
    expect(await stopsAt(migration)).toEqual([['map', 'loss:missing-as-null:lang']]);
  });

  test('values of one field are of several types', async () => {
    const migration = await exported(
      POINTS.map((point, i) => (i === 7 ? with_(point, 'n', 'seven') : point)),
    );
    expect(await stopsAt(migration)).toEqual([['map', 'loss:field-as-text:n']]);
  });

  test('a field holds a single value in some points and an array in others', async () => {
    const migration = await exported(
      POINTS.map((point, i) => (i === 7 ? with_(point, 'lang', ['en']) : point)),
    );
    expect(await stopsAt(migration)).toEqual([['map', 'loss:field-as-text:lang']]);
  });

  test('a point has no vector', async () => {
    const migration = await exported(POINTS.with(7, { ...POINTS[7]!, vectors: {} }));
    migration.plan(migration.source, 'chroma:http://localhost:1#docs');
    expect(await stopsAt(migration)).toContainEqual(['map', 'loss:vector-absent:vector']);
  });

  test('a vector is not finite', async () => {
    const migration = await exported(POINTS.with(7, withVector(POINTS[7]!, [1, 2, Number.NaN, 4, 5, 6])));
    expect(await stopsAt(migration)).toEqual([['validate', 'finding:vector-not-finite:vector']]);
    const accepted = await migration.run({ accept: ['finding'], reason: 'a test' });
    expect(accepted.decisions.map(({ id }) => id)).toContain('loss:vector-not-finite:vector');
  });

  test('an object has no keys', async () => {
    const migration = await exported(POINTS.with(7, with_(POINTS[7]!, 'box', {})));
    const decisions = await stopsAt(migration);
    expect(decisions).toContainEqual(['map', 'loss:empty-object-as-missing']);
  });

  test('a key holds a dot, which is a path in the target', async () => {
    const migration = await exported(POINTS.with(7, with_(POINTS[7]!, 'a.b', 1)));
    const decisions = await stopsAt(migration);
    expect(decisions).toContainEqual(['map', 'loss:name-as-path:a.b']);
  });

  test('a text is longer than the target holds', async () => {
    const migration = await exported(POINTS.with(7, with_(POINTS[7]!, 'name', 'x'.repeat(70_000))));
    migration.plan(migration.source, 'milvus:http://localhost:1#docs');
    expect(await stopsAt(migration)).toContainEqual(['map', 'loss:text-too-long:name']);
  });

  test('two vectors of a point are more than the target holds', async () => {
    const second = Float32Array.of(1, 2);
    const points = POINTS.map((point) => ({ ...point, vectors: { ...point.vectors, second } }));
    const vectors = [...SPEC.vectors, { ...SPEC.vectors[0]!, name: 'second', dimensions: 2 }];
    const migration = await exported(points, { vectors });
    migration.plan(migration.source, 'chroma:http://localhost:1#docs');
    expect(await stopsAt(migration)).toContainEqual(['map', 'loss:vector-dropped:second']);
  });

  test('a sparse vector has no place in the target', async () => {
    const words = { indices: Uint32Array.of(1, 9), values: Float32Array.of(1, 2) };
    const points = POINTS.map((point) => ({ ...point, vectors: { ...point.vectors, words } }));
    const sparse = { name: 'words', kind: 'sparse', type: 'f32', dimensions: 0, metric: 'dot' } as const;
    const migration = await exported(points, { vectors: [...SPEC.vectors, sparse] });
    expect(await stopsAt(migration)).toEqual([['map', 'loss:vector-dropped:words']]);
  });

  test('a place cannot be enumerated', async () => {
    const migration = finished();
    migration.plan('usearch:./index.usearch#docs', 'lancedb:./other#docs');
    await expect(migration.run()).rejects.toThrow('keeps vectors and row numbers alone');
  });
});

/** A migration of points as no engine here would hold them: its source is an export. */
async function exported(
  points: readonly Point[],
  { vectors = SPEC.vectors }: { vectors?: readonly VectorField[] } = {},
): Promise<Migration & { source: string }> {
  const migration = new Migration(join(root, `${++copies}`));
  const fields = [{ name: 'at', type: 'timestamp', native: 'timestamptz', nullable: true }] as const;
  await exportCollection(memorySource(points, { ids: 'string', vectors, fields }), {
    folder: join(migration.home, 'source'),
    signal: new AbortController().signal,
  });
  const source = 'export:./source';
  migration.plan(source, 'lancedb:./target#docs');
  return Object.assign(migration, { source });
}

const STRICT = 'validate: { failOn: warning }\n';

describe('in the points', () => {
  const found: [title: string, change: (point: Point, i: number) => Point, finding: string][] = [
    [
      'times have no zone',
      (point, i) => with_(point, 'seen', i % 2 === 0 ? '2026-03-29T02:30:00' : '2026-03-29 02:30'),
      'finding:time-naive:seen',
    ],
    [
      'numbers are written as text',
      (point, i) => with_(point, 'size', `${i}`),
      'finding:number-as-text:size',
    ],
    [
      'texts were read in another encoding',
      (point) => with_(point, 'name', Buffer.from('Düsseldorf é').toString('latin1')),
      'finding:text-mojibake:name',
    ],
    [
      'some do not say which model made their vector',
      (point, i) => (i % 4 === 0 ? point : with_(point, 'embedding_model', 'm-1')),
      'finding:provenance-missing',
    ],
    [
      'different texts have one vector',
      (point, i) => (i < 6 ? withVector(point, vectorOf(POINTS[0]!)) : point),
      'finding:vector-repeated:vector',
    ],
    [
      'some vectors are zero',
      (point, i) => (i % 20 === 0 ? withVector(point, new Float32Array(6)) : point),
      'finding:vector-zero:vector',
    ],
    [
      'some belong to no tenant',
      (point, i) => (i % 20 === 0 ? { ...point, tenant: undefined } : point),
      'finding:tenant-missing',
    ],
  ];
  test.each(found)('%s', async (_, change, finding) => {
    const migration = await exported(POINTS.map(change));
    migration.plan(migration.source, 'lancedb:./target#docs', STRICT);
    expect((await stopsAt(migration)).map(([, id]) => id)).toContainEqual(
      expect.stringMatching(new RegExp(`^${finding}`)),
    );
  });
});

describe('in a load', () => {
  test('the target refuses a point, which somebody has to answer for', async () => {
    const migration = await exported(POINTS.with(7, with_(POINTS[7]!, 'name', 'cut\0off')));
    migration.plan(migration.source, 'pgvector:./target#docs');
    let view = await migration.run();
    while (view.decisions.some(({ id }) => id.startsWith('loss')))
      view = await migration.run({ accept: ['loss'], reason: 'a test' });
    expect(view.decisions).toMatchObject([
      { stage: 'load', id: 'rejects', words: expect.stringContaining(String(POINTS[7]!.id)) },
    ]);
    const verified = await migration.run({ accept: ['rejects'], reason: 'it is empty anyway' });
    const verify = verified.stages.find(({ name }) => name === 'verify')!;
    expect([verify.state, verify.says]).toEqual([
      'done',
      'all 59 points are in the target as the mapping wants them; 1 refused point stays out, as accepted',
    ]);
  });
});

describe('in an export', () => {
  test('the source gives fewer points than it counts', async () => {
    const count = () => POINTS.length + 1;
    const source = memorySource(POINTS, { ids: 'string', vectors: SPEC.vectors, count });
    const folder = join(root, `${++copies}`);
    const export_ = exportCollection(source, { folder, signal: new AbortController().signal });
    await expect(export_).rejects.toThrow(/counts 61/);
  });

  test('a file is another than was written', async () => {
    const migration = finished();
    const file = migration.path('export/points-00000.parquet');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    const view = await migration.run({ again: ['verify'], reason: 'a doubt' });
    expect(migration.notices.join('\n')).toMatch(/points-00000\.parquet.*SHA-256.*not believed/s);
    expect(view.state, 'it is made again').toBe('ready');
  });
});

describe('the table in docs/migration-risks.md', () => {
  test('is made of the list of risks (VECPROOF_WRITE_DOCS=1 writes it)', () => {
    if (process.env['VECPROOF_WRITE_DOCS']) writeRisks();
    expect(readRisks()).toBe(renderRisks());
  });

  test('names tests that there are, and all tests of this file', () => {
    const texts = new Map<string, string>();
    const cases = CASES.map(({ tests }) => ({
      tests: tests.map(([file, title]) => ({ file: `${file}.test.ts`, title })),
    }));
    for (const { tests } of [...RISKS, ...cases]) {
      for (const { file, title } of tests) {
        if (!texts.has(file)) texts.set(file, readFileSync(join(import.meta.dirname, file), 'utf8'));
        const text = texts.get(file)!;
        expect(text.includes(`'${title}'`) || text.includes(`\`${title}\``), `${file} › ${title}`).toBe(true);
      }
    }
    const listed = new Set(RISKS.flatMap(({ tests }) => tests.map(({ title }) => title)));
    const own = readFileSync(join(import.meta.dirname, 'planted.test.ts'), 'utf8');
    const titles = [...own.matchAll(/^ {2}test\('([^']+)'/gm)].map(([, title]) => title!);
    const tables = [...own.matchAll(/^ {2,6}\['([^']+)',? *$|^ {2,6}\[\n {4,8}'([^']+)',$/gm)].map(
      ([, a, b]) => a ?? b!,
    );
    const about = titles.filter((title) => !/^(is made of|names tests)/.test(title));
    expect([...about, ...tables].filter((title) => !listed.has(title))).toEqual([]);
  });
});
