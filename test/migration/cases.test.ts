import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Point, ScanPage } from '../../engines/contract/points.js';
import type { OpenSource } from '../../migration/connections/open-source.js';
import { exportCollection } from '../../migration/export/export.js';
import { takeInventory } from '../../migration/inventory/take.js';
import { loadExport } from '../../migration/load/load.js';
import { mapExport } from '../../migration/mapping/map.js';
import { writeMapping } from '../../migration/mapping/mapping.js';
import { ByIdReader } from '../../migration/probe/by-id.js';
import type { Place } from '../../migration/probe/place.js';
import { validatePlace } from '../../migration/validate/validate.js';
import { verify } from '../../migration/verify/verify.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { SPEC, somePoints, writeCollection } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

/** What happened in public, planted where no other file has it; helpers/cases.ts lists all of them. */

const never = new AbortController().signal;
let work: Workspace;
beforeEach(() => {
  work = new Workspace();
});
const surroundings = () => ({ cwd: work.folder, env: {}, signal: never });

/** The pages of a source, changed on their way. */
function through(source: OpenSource, change: (pages: ScanPage[]) => ScanPage[]): OpenSource {
  const { collection } = source;
  const { points } = collection;
  const snapshot: typeof points.snapshot = async (at) => {
    const taken = await points.snapshot(at);
    return {
      consistency: taken.consistency,
      watermark: taken.watermark,
      close: () => taken.close(),
      async *scan(options) {
        const pages: ScanPage[] = [];
        for await (const page of taken.scan(options)) pages.push(page);
        yield* change(pages);
      },
    };
  };
  return { ...source, collection: { ...collection, points: { ...points, snapshot } } };
}

const memory = (points: readonly Point[]) => memorySource(points, { ids: 'string', vectors: SPEC.vectors });
const exportTo = (source: OpenSource, name: string) =>
  exportCollection(source, { folder: join(work.folder, name), batchSize: 10, signal: never });

test('an empty page is not the end of a scan', async () => {
  const points = somePoints(50);
  const whole = await exportTo(memory(points), 'whole');
  const holes = through(memory(points), (pages) =>
    pages.flatMap((page) => [{ points: [], cursor: page.cursor }, page, { points: [], cursor: page.cursor }]),
  );
  const { counts, sum } = await exportTo(holes, 'holes');
  expect([counts.exported, sum]).toEqual([50, whole.sum]);
});

test('pages that repeat points and drop as many are found, although the counter agrees', async () => {
  const points = somePoints(50);
  const repeating = through(memory(points), (pages) => [
    ...pages.slice(0, -1),
    { ...pages.at(-1)!, points: pages[0]!.points },
  ]);
  expect((await exportTo(repeating, 'repeating')).counts).toMatchObject({ exported: 50, before: 50 });
  const { counts, warnings } = await takeInventory('export:repeating', surroundings());
  expect(counts).toMatchObject({ scanned: 50, distinct: 40 });
  expect(warnings).toContainEqual(expect.objectContaining({ about: 'ids' }));
  const { findings } = await validatePlace('export:repeating', surroundings());
  expect(findings).toContainEqual(expect.objectContaining({ check: 'id-repeated' }));
  await expect(
    mapExport(join(work.folder, 'repeating'), 'lancedb:./lance#docs', { index: {}, signal: never }),
  ).rejects.toThrow('is of two points of no tenant');
});

test('ids without a readable vector, or with another one, are told apart from those that are gone', async () => {
  const points = somePoints(8);
  const answers = points.flatMap((point, i): Point[] => {
    if (i === 0) return [];
    if (i === 1 || i === 2) return [{ ...point, vectors: {} }];
    return [i === 3 ? { ...point, vectors: points[4]!.vectors } : point];
  });
  const place = { shape: { ids: 'string' }, get: async () => answers } as unknown as Place;
  const reader = new ByIdReader(place);
  await reader.read(points);
  expect(reader.result).toMatchObject({
    asked: 8,
    found: 7,
    withVector: 5,
    differing: { count: 1, examples: [points[3]!.id] },
  });
});

test('an empty collection goes through all steps', async () => {
  await writeCollection('lancedb', join(work.folder, 'source'), []);
  const place = 'lancedb:./source#docs';
  const found = await takeInventory(place, surroundings());
  expect(found.counts).toMatchObject({ counter: 0, scanned: 0, distinct: 0 });
  const { openSource } = await import('../../migration/connections/open-source.js');
  const source = await openSource(place, surroundings());
  try {
    expect((await exportTo(source, 'docs')).counts.exported).toBe(0);
  } finally {
    await source.close();
  }
  expect(
    (await validatePlace('export:docs', surroundings())).findings.filter(
      ({ severity }) => severity === 'error',
    ),
  ).toEqual([]);
  const target = 'sqlite-vec:./target#docs';
  const mapping = await mapExport(join(work.folder, 'docs'), target, { index: {}, signal: never });
  const file = join(work.folder, 'mapping.yaml');
  writeMapping(file, { ...mapping, losses: mapping.losses.map((loss) => ({ ...loss, accepted: 'a test' })) });
  const loaded = await loadExport({
    ...surroundings(),
    source: join(work.folder, 'docs'),
    mapping: file,
    state: join(work.folder, 'state'),
  });
  expect(loaded).toMatchObject({ state: 'loaded', points: 0 });
  expect(await verify('export:docs', target, { ...surroundings(), mapping })).toMatchObject({
    state: 'equal',
    counts: { matching: 0 },
  });
});
