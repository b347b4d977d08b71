import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Point } from '../../engines/contract/points.js';
import { exportCollection } from '../../migration/export/export.js';
import type { Inventory } from '../../migration/inventory/model.js';
import { takeInventory } from '../../migration/inventory/take.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { LOCAL, SPEC, somePoints, writeCollection } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

const POINTS = somePoints(300);
const never = new AbortController().signal;
let work: Workspace;

beforeAll(async () => {
  work = new Workspace();
  for (const engine of LOCAL)
    await writeCollection(engine, join(work.folder, engine), POINTS, indexed(engine));
});

/** Engines that search by whatever metric they are asked, and so declare none, are given an index. */
function indexed(engine: string) {
  return engine === 'sqlite-vec'
    ? {}
    : { index: engine === 'lancedb' ? { type: 'ivf', nlist: 2 } : { type: 'hnsw' } };
}

const inventory = (place: string, options = {}): Promise<Inventory> =>
  takeInventory(place, { cwd: work.folder, env: {}, signal: never, ...options });

const exported = async (folder: string, points: readonly Point[]) => {
  const source = memorySource(points, {
    ids: 'string',
    vectors: SPEC.vectors,
    fields: [{ name: 'at', type: 'timestamp', native: 'timestamptz', nullable: true }],
  });
  await exportCollection(source, {
    folder: join(work.folder, folder),
    partRows: 250,
    batchSize: 50,
    signal: never,
  });
};

describe('inventory', () => {
  test.each(LOCAL)(
    'of %s: three counts, types, shares, ranges, the metric by its scores, and filters',
    async (engine) => {
      const found = await inventory(`${engine}:./${engine}#docs`);
      expect(found).toMatchObject({
        engine,
        collection: 'docs',
        collections: ['docs'],
        counts: {
          counter: 300,
          scanned: 300,
          distinct: 300,
          repeated: { count: 0 },
          byId: { asked: 300, found: 300, withVector: 300, differing: { count: 0 } },
        },
        ids: { kind: 'string', string: 300, empty: 0 },
        consistency: 'snapshot',
      });
      expect(found.vectors).toMatchObject([
        {
          name: 'vector',
          declared: 'cosine',
          points: 300,
          measured: { state: 'measured', metric: 'cosine', form: '1-cos' },
        },
      ]);
      const field = (name: string) => found.fields.find((each) => each.name === name)!;
      expect(field('n')).toMatchObject({
        type: 'integer',
        values: 300,
        beyondDoubles: { count: 43 },
        range: { min: 1, max: '9007199254740993' },
        distinct: { how: 'exact', count: 258 },
      });
      const prices = field('price');
      expect(prices.nulls + prices.missing).toBe(60);
      expect(field('tags')).toMatchObject({ type: 'string[]', arrays: 225, scalars: 0 });
      expect(field('name')).toMatchObject({ type: 'string', texts: { composed: { count: 100 } } });
      const states = Object.fromEntries(found.fingerprint.map(({ probe, state }) => [probe, state]));
      expect(states).toMatchObject({
        equal: 'same',
        array: 'same',
        case: 'same',
        boundary: 'same',
        'not-equal': 'same',
      });
      expect(Object.keys(states)).toHaveLength(8);
      expect(found.fingerprint.filter(({ state }) => state === 'different')).toEqual([]);
      expect(found.warnings.map(({ about }) => about)).toEqual(['field n']);
    },
  );

  test('of an export: what files tell, and what they cannot be asked', async () => {
    await exported('files', POINTS);
    const found = await inventory('export:files');
    expect(found.counts).toMatchObject({ counter: 300, scanned: 300, distinct: 300, byId: null });
    expect(found.vectors[0]!.measured).toEqual({ state: 'not-asked', reason: 'files answer no searches' });
    expect(found.fingerprint.every(({ state }) => state === 'not-asked')).toBe(true);
    expect(found.ids.sum).toBe((await inventory('sqlite-vec:./sqlite-vec#docs')).ids.sum);
  });

  test('names a declared metric that its scores contradict', async () => {
    await writeCollection('sqlite-vec', join(work.folder, 'wrong'), POINTS, {
      vectors: [{ ...SPEC.vectors[0]!, metric: 'l2' }],
    });
    // What a copied schema does: the table is one of l2, and its description says cosine.
    const database = new Database(join(work.folder, 'wrong', 'docs.sqlite'));
    database.exec(`update info set json = replace(json, '"l2"', '"cosine"')`);
    database.close();
    const found = await inventory('sqlite-vec:./wrong#docs');
    expect(found.vectors[0]).toMatchObject({ declared: 'cosine', measured: { metric: 'l2', form: 'root' } });
    expect(found.warnings).toContainEqual({
      about: 'vector vector',
      what: 'the measured metric is l2 (scores root), which contradicts the declared one, cosine',
    });
  });

  test('tells metrics apart where all vectors have length 1', async () => {
    for (const metric of ['cosine', 'dot', 'l2'] as const) {
      const unit = POINTS.map((point) => ({
        ...point,
        vectors: { vector: normalised(point.vectors['vector']) },
      }));
      const spec = { vectors: [{ ...SPEC.vectors[0]!, metric }], index: { type: 'ivf', nlist: 2 } };
      await writeCollection('lancedb', join(work.folder, `unit-${metric}`), unit, spec);
      const found = await inventory(`lancedb:./unit-${metric}#docs`);
      expect(found.vectors[0]).toMatchObject({ unit: 300, measured: { state: 'measured', metric } });
    }
  });

  test('says which filters and thresholds the application uses, with the points that pass', async () => {
    const lines = [
      { text: 'a', filter: { live: true }, k: 10, threshold: 0.7 },
      { text: 'b', filter: { live: true }, k: 5, minScore: 0.5 },
      { text: 'c', filter: { name: 'nobody' } },
      { text: 'd', filter: { lvie: true } },
      { text: 'e' },
    ];
    writeFileSync(join(work.folder, 'asked.jsonl'), lines.map((each) => JSON.stringify(each)).join('\n'));
    const file = join(work.folder, 'asked.jsonl');
    const { queries, warnings } = await inventory('lancedb:./lancedb#docs', { queries: file });
    expect(queries).toMatchObject({
      queries: 5,
      filtered: 4,
      k: { min: 5, max: 10 },
      thresholds: { queries: 2, min: 0.5, max: 0.7 },
      filters: [
        { filter: { live: true }, queries: 2, passes: 150, found: 150, problem: null },
        { passes: 0, found: 0 },
        { passes: null, found: null, problem: expect.stringContaining('Did you mean "live"') },
      ],
    });
    expect(warnings.map(({ what }) => what)).toContain('no point passes this filter');
  });

  test('finds ids that repeat, in one tenant and over several, and points of no tenant', async () => {
    const points = POINTS.map((point, i) => ({ ...point, tenant: i === 9 ? undefined : `t${i % 3}` }));
    const again = [{ ...points[3]!, tenant: 't1' }, points[4]!];
    await exported('repeats', [...points, ...again]);
    const found = await inventory('export:repeats');
    expect(found.counts).toMatchObject({ scanned: 302, distinct: 300, repeated: { count: 2 } });
    expect(found.tenants).toMatchObject({
      points: 301,
      without: { count: 1, examples: ['doc-9 é'] },
      distinct: { how: 'exact', count: 3 },
      shared: { count: 1, examples: ['doc-3 é'] },
    });
    expect(found.warnings.map(({ about }) => about)).toEqual(expect.arrayContaining(['ids', 'tenants']));
  });

  test('the command prints a summary, writes JSON and YAML alike, and changes nothing', async () => {
    const printed = await vecproof(['inventory', 'sqlite-vec:./sqlite-vec#docs', '--out', 'i.json'], work);
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(printed.stdout).toContain(
      '300 by its counter, 300 different ids in 300 scanned, 300 of 300 with their',
    );
    const yaml = await vecproof(['inventory', 'sqlite-vec:./sqlite-vec#docs', '--out', 'i.yaml'], work);
    expect(yaml.code).toBe(0);
    const [json, other] = ['i.json', 'i.yaml'].map(
      (name) => parse(readFileSync(join(work.folder, name), 'utf8')) as Inventory,
    );
    expect({ ...other, takenAt: '' }).toEqual({ ...json, takenAt: '' });
    const refused = await vecproof(['inventory', 'export:files', '--out', 'i.csv'], work);
    expect(refused).toMatchObject({ code: 2 });
  });
});

function normalised(vector: unknown): Float32Array {
  const values = vector as Float32Array;
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}
