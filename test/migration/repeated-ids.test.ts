import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Point } from '../../engines/contract/points.js';
import { openSource } from '../../migration/connections/open-source.js';
import { exportCollection } from '../../migration/export/export.js';
import { openExport } from '../../migration/export/reader.js';
import { loadExport } from '../../migration/load/load.js';
import { needsIdMap, writeIdMap } from '../../migration/mapping/choose-ids.js';
import { IdFile, readIds } from '../../migration/mapping/id-file.js';
import { lookUp } from '../../migration/mapping/ids.js';
import { type MapOptions, mapExport } from '../../migration/mapping/map.js';
import { type Mapping, readMapping, writeMapping } from '../../migration/mapping/mapping.js';
import { verify } from '../../migration/verify/verify.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { SPEC } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

/** Tenants that have the same ids, which a target's one collection would make one point of. */

const never = new AbortController().signal;
const ONE = 'lancedb:./lance#docs';
let work: Workspace;
beforeEach(() => {
  work = new Workspace();
});

const point = (id: Point['id'], tenant: string | undefined, seed: number): Point => ({
  id,
  tenant,
  vectors: { vector: Float32Array.from({ length: 6 }, (_, j) => Math.sin(seed * 6 + j + 1)) },
  metadata: { of: `${tenant} ${seed}` },
});
/** The canary: one id of two tenants, and of none. */
const CLASH = [
  point('a', 'acme', 1),
  point('a', 'acme/eu', 2),
  point('a', undefined, 3),
  point('b', 'acme', 4),
  point('s:a', 'acme', 5),
];
const surroundings = () => ({ cwd: work.folder, env: process.env, signal: never });

async function exported(points: readonly Point[], name = 'docs'): Promise<string> {
  const source = memorySource(points, { ids: 'string', vectors: SPEC.vectors });
  await exportCollection(source, { folder: join(work.folder, name), signal: never });
  return join(work.folder, name);
}

const mapped = (source: string, place = ONE, options: Partial<MapOptions> = {}) =>
  mapExport(source, place, { index: {}, signal: never, ...options });

function accepted(mapping: Mapping): string {
  const file = join(work.folder, 'mapping.yaml');
  writeMapping(file, { ...mapping, losses: mapping.losses.map((loss) => ({ ...loss, accepted: 'a test' })) });
  return file;
}

const load = (source: string, mapping: string) =>
  loadExport({ ...surroundings(), source, mapping, state: `${mapping}.load` });
const compare = (mapping: string, place = ONE) =>
  verify('export:docs', place, {
    ...surroundings(),
    mapping: readMapping(mapping).mapping,
    mappingFolder: dirname(mapping),
    samples: 100,
  });

async function idsIn(place: string): Promise<string[]> {
  const opened = await openSource(place, surroundings());
  try {
    const snapshot = await opened.collection.points.snapshot();
    const ids: string[] = [];
    for await (const { points } of snapshot.scan({ batchSize: 10 }))
      ids.push(...points.map(({ id }) => String(id)));
    await snapshot.close();
    return ids.sort();
  } finally {
    await opened.close();
  }
}

describe('the same id of several tenants', () => {
  test('is kept apart by the tenant before it: all arrive, verify finds them equal, and the map leads back', async () => {
    const source = await exported(CLASH);
    const mapping = await mapped(source);
    expect(mapping.ids.how).toBe('tenant');
    expect(mapping.losses).toContainEqual(expect.objectContaining({ loss: 'id-mapped', points: 5 }));
    expect(needsIdMap(mapping)).toBe(true);
    const file = accepted(mapping);
    expect(await load(source, file)).toMatchObject({ state: 'loaded', points: 5, rejects: [] });
    expect(await idsIn(ONE)).toEqual(['%/s:a', 'acme%2Feu/s:a', 'acme/s:a', 'acme/s:b', 'acme/s:s:a']);
    expect(await compare(file)).toMatchObject({ state: 'equal', findings: [], counts: { matching: 5 } });

    const ids = join(work.folder, 'ids.parquet');
    await writeIdMap(mapping, openExport(source), {}, ids, never);
    const rows = await readIds(ids);
    expect(lookUp(rows, 'a')).toHaveLength(3);
    expect(lookUp(rows, 'acme%2Feu/s:a')).toEqual([
      { source: { type: 'string', id: 'a' }, tenant: 'acme/eu', target: 'acme%2Feu/s:a' },
    ]);
  });

  test('is kept apart in a collection for each tenant, too, as a source of which it is read with all its points', async () => {
    const owned = CLASH.filter(({ tenant }) => tenant !== undefined);
    const source = await exported(owned);
    const place = 'lancedb:./lance#docs_{tenant}';
    const file = accepted(await mapped(source, place));
    expect(await load(source, file)).toMatchObject({ state: 'loaded', points: 4 });
    expect(await compare(file, place)).toMatchObject({ state: 'equal', counts: { matching: 4 } });
  });

  test('is refused under a rule that would make one point of them, before anything is made', async () => {
    const source = await exported(CLASH);
    await expect(mapped(source, ONE, { ids: 'identity' })).rejects.toThrow(
      'the id "a" is of two points, one of tenant "acme" and one of tenant "acme/eu": by the rule "identity" one would overwrite the other',
    );
    const mapping = await mapped(source);
    const file = accepted({ ...mapping, ids: { ...mapping.ids, how: 'identity' } });
    await expect(load(source, file)).rejects.toThrow('one would overwrite the other');
    await expect(openSource(ONE, surroundings())).rejects.toThrow();
  });

  test('is told apart by a map of one’s own that names the tenants', async () => {
    const source = await exported(CLASH);
    const path = join(work.folder, 'own.parquet');
    const own = new IdFile(path);
    own.write(
      CLASH.map(({ id, tenant }, i) => ({
        source: { type: 'string', id },
        ...(tenant !== undefined && { tenant }),
        target: `${100 + i}`,
      })),
    );
    own.finish();
    const file = accepted(await mapped(source, ONE, { idFile: { name: 'own.parquet', path } }));
    expect(await load(source, file)).toMatchObject({ state: 'loaded', points: 5 });
    expect(await compare(file)).toMatchObject({ state: 'equal', counts: { matching: 5 } });
  });

  test('is refused where one tenant has it twice: no rule tells such points apart', async () => {
    const source = await exported([...CLASH, point('b', 'acme', 9)]);
    await expect(mapped(source)).rejects.toThrow('the id "b" is of two points of tenant "acme"');
  });
});
