import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../engines/contract/points.js';
import { loadEngine } from '../../engines/registry.js';
import { openSource } from '../../migration/connections/open-source.js';
import { tenantCollection, tenantOf } from '../../migration/connections/tenant-names.js';
import { exportCollection } from '../../migration/export/export.js';
import { readManifest } from '../../migration/export/manifest.js';
import { loadExport } from '../../migration/load/load.js';
import { mapExport } from '../../migration/mapping/map.js';
import { readMapping, writeMapping } from '../../migration/mapping/mapping.js';
import { dropCollection } from '../../migration/plan/drop.js';
import { verify } from '../../migration/verify/verify.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { SPEC } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

/** A collection for each tenant, moved and compared as one. */

const never = new AbortController().signal;
const TENANTS = ['acme', 'acme/eu', 'acme_2feu', 'Ünï', ''];
const COUNT = 60;
const TARGET = 'lancedb:./lance#docs_{tenant}';
let work: Workspace;

const points = (): Point[] =>
  Array.from({ length: COUNT }, (_, i) => ({
    id: `doc-${i}`,
    vectors: { vector: Float32Array.from({ length: 6 }, (_unused, j) => Math.sin(i * 6 + j + 1)) },
    metadata: { n: i },
    tenant: TENANTS[i % TENANTS.length],
  }));
const surroundings = () => ({ cwd: work.folder, env: process.env, signal: never });

async function exported(all: readonly Point[], folder: string): Promise<string> {
  const source = memorySource(all, { ids: 'string', vectors: SPEC.vectors });
  await exportCollection(source, { folder: join(work.folder, folder), signal: never });
  return join(work.folder, folder);
}

async function mapped(source: string, place: string, name: string): Promise<string> {
  const mapping = await mapExport(source, place, { index: {}, signal: never });
  const file = join(work.folder, `${name}.yaml`);
  writeMapping(file, { ...mapping, losses: mapping.losses.map((loss) => ({ ...loss, accepted: 'a test' })) });
  return file;
}

const load = (source: string, mapping: string) =>
  loadExport({ ...surroundings(), source, mapping, state: `${mapping}.load` });

async function inTarget<T>(use: (connected: Awaited<ReturnType<typeof connect>>) => Promise<T>): Promise<T> {
  const connected = await connect();
  try {
    return await use(connected);
  } finally {
    await connected.close();
  }
}

async function connect() {
  const definition = await loadEngine('lancedb');
  const place = join(work.folder, 'lance');
  return definition.connect({ folder: place, place, threads: 1, seed: 1 }, never);
}

test.each(TENANTS)('the collection of tenant %j tells whose it is', (tenant) => {
  const name = tenantCollection('docs_{tenant}', tenant);
  expect(name).toMatch(/^docs_[A-Za-z0-9_]*$/);
  expect(tenantOf('docs_{tenant}', name)).toBe(tenant);
  expect(new Set(TENANTS.map((each) => tenantCollection('docs_{tenant}', each))).size).toBe(TENANTS.length);
});

test('names that others gave stand for themselves', () => {
  expect(tenantOf('docs-{tenant}', 'docs-acme corp')).toBe('acme corp');
  expect(tenantOf('docs-{tenant}', 'other-acme')).toBeUndefined();
});

describe('a collection for each tenant', () => {
  let source: string;
  let mapping: string;
  beforeAll(async () => {
    work = new Workspace();
    source = await exported(points(), 'docs');
    mapping = await mapped(source, TARGET, 'mapping');
    const loaded = await load(source, mapping);
    expect(loaded).toMatchObject({ state: 'loaded', points: COUNT, leftOut: 0, rejects: [] });
  });
  const compare = (options = {}) =>
    verify('export:docs', TARGET, { ...surroundings(), mapping: readMapping(mapping).mapping, ...options });

  test('is made, loaded and equal to the source, and loading twice changes nothing', async () => {
    expect(readMapping(mapping).mapping.tenancy.how).toBe('collection');
    expect(await inTarget(async (connected) => (await connected.list!()).sort())).toEqual(
      TENANTS.map((tenant) => tenantCollection('docs_{tenant}', tenant)).sort(),
    );
    const { state, findings, counts, tenants, checks } = await compare();
    expect([state, findings, counts.matching]).toEqual(['equal', [], COUNT]);
    expect(tenants).toHaveLength(TENANTS.length);
    expect(checks.find(({ check }) => check === 'retrieval')).toMatchObject({ state: 'same' });
    expect(checks.find(({ check }) => check === 'metric')).toMatchObject({ state: 'same' });
    expect(await load(source, mapping)).toMatchObject({ state: 'loaded', points: COUNT });
    expect(await compare()).toMatchObject({ state: 'equal' });
  });

  test('is a source as a whole: its tenants are in the names', async () => {
    const opened = await openSource(TARGET, surroundings());
    try {
      await exportCollection(opened, { folder: join(work.folder, 'back'), batchSize: 5, signal: never });
    } finally {
      await opened.close();
    }
    const [before, after] = [readManifest(source), readManifest(join(work.folder, 'back'))];
    expect([after.sum, after.tenant, after.consistency]).toEqual([before.sum, COUNT, 'repaired']);
  });

  test('lacks a point of one tenant: verify names both', async () => {
    const lost = points().find(({ tenant }) => tenant === 'acme/eu')!;
    await inTarget(async (connected) => {
      const collection = await connected.open!(tenantCollection('docs_{tenant}', 'acme/eu'));
      await collection.points!.delete([lost.id]);
    });
    const { counts, findings, samples } = await compare();
    expect([counts.missing, samples[0]!.id]).toEqual([1, lost.id]);
    expect(findings).toContainEqual(expect.objectContaining({ finding: 'tenant-counts', of: 'acme/eu' }));
  });

  test('is dropped as a whole where a migration replaces it', async () => {
    const state = JSON.parse(readFileSync(join(work.folder, 'mapping.yaml.load/load.json'), 'utf8')) as {
      madeBy: string;
    };
    await expect(dropCollection(TARGET, 'load of somebody else', surroundings())).rejects.toThrow(
      'is not the collection that this migration has made',
    );
    await dropCollection(TARGET, state.madeBy, surroundings());
    expect(await inTarget((connected) => connected.list!())).toEqual([]);
  });

  test('is refused where one of the names is taken, before any is made', async () => {
    await inTarget(async (connected) => {
      const index = { type: 'flat' };
      await connected.create({ ...SPEC, name: 'other_acme', index });
    });
    const file = await mapped(source, 'lancedb:./lance#other_{tenant}', 'other');
    await expect(load(source, file)).rejects.toThrow('collection "other_acme" is there already');
    expect(await inTarget((connected) => connected.list!())).toEqual(['other_acme']);
  });

  test('is refused for points without a tenant', async () => {
    const [first, ...rest] = points();
    const folder = await exported([{ ...first!, tenant: undefined }, ...rest], 'homeless');
    await expect(mapExport(folder, TARGET, { index: {}, signal: never })).rejects.toThrow(
      '1 of 60 points have no tenant, and so no collection',
    );
  });
});
