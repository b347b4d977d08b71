import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../engines/contract/points.js';
import { exportCollection } from '../../migration/export/export.js';
import { checkParts, openExport } from '../../migration/export/reader.js';
import { readInThread } from '../../migration/verify/export-side.js';
import { pagesOfPoints, readPages } from '../../migration/verify/sides.js';
import { somePoints } from './helpers/collection.js';
import { type MemoryOptions, memorySource } from './helpers/memory-source.js';

const POINTS = somePoints(700);
const VECTORS = [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 6, metric: 'cosine' }] as const;
const FIELDS = [
  { name: 'n', type: 'integer', native: 'int8', nullable: true },
  { name: 'name', type: 'string', native: 'text', nullable: true },
] as const;

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'vecproof-columns-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function source(points: readonly Point[], options: Partial<MemoryOptions>) {
  const ids = typeof POINTS[0]!.id === 'bigint' ? 'u64' : 'string';
  return memorySource(points, { ids, vectors: VECTORS, fields: FIELDS, ...options });
}

/** Its counter promises so many points at first that a thread pays. */
function promising(points: readonly Point[]): Partial<MemoryOptions> {
  let asked = 0;
  return { columns: true, count: () => (asked++ === 0 ? 1e9 : points.length) };
}

async function exported(name: string, points: readonly Point[], options: Partial<MemoryOptions>) {
  const folder = join(work, name);
  const { signal } = new AbortController();
  const limits = { batchSize: 64, partRows: 300, workers: 2 };
  const manifest = await exportCollection(source(points, options), { folder, signal, ...limits });
  const opened = openExport(folder);
  await checkParts(opened);
  const read: Point[] = [];
  for await (const group of opened.points()) read.push(...group);
  return { manifest, read };
}

describe('an export as one side of a comparison', () => {
  const never = new AbortController().signal;
  const order = (name: string) => ({
    folder: mkdtempSync(join(work, `${name}-`)),
    count: 2,
    near: [],
    filters: [{ op: 'gte', field: { name: 'n', type: 'integer' }, value: 300 }] as const,
    sample: 5,
    seed: 1,
  });

  test('is the same in a thread as here', async () => {
    await exported('side', POINTS, {});
    const opened = openExport(join(work, 'side'));
    const pages = pagesOfPoints(opened.points());
    const here = await readPages('source', pages, opened.shape, order('here'), () => {});
    const told: number[] = [];
    const there = await readInThread(
      { ...order('there'), name: 'source', export: opened.folder, shape: opened.shape },
      never,
      (rows) => told.push(rows),
    );
    expect(there.buckets.rows).toBe(POINTS.length);
    expect(told.at(-1)).toBe(POINTS.length);
    for (const bucket of [0, 1]) expect(there.buckets.bytes(bucket)).toEqual(here.buckets.bytes(bucket));
    expect(there.tally).toEqual(structuredClone(here.tally));
  });

  test('ends with the error of a damaged part, told as it is here', async () => {
    await exported('side-damaged', POINTS, {});
    const { folder, shape } = openExport(join(work, 'side-damaged'));
    const part = join(folder, 'points-00000.parquet');
    const bytes = readFileSync(part);
    writeFileSync(part, bytes.fill(0xff, 4, bytes.length - 1000));
    const read = readInThread(
      { ...order('damaged'), name: 'source', export: folder, shape },
      never,
      () => {},
    );
    await expect(read).rejects.toMatchObject({ name: 'InputError', exitCode: 2, where: part });
  });
});

describe('an export of columns', () => {
  test('is that of the points, here and in a thread, whole and in ranges', async () => {
    const wanted = await exported('points', POINTS, {});
    for (const [name, options] of Object.entries({
      here: { columns: true },
      thread: promising(POINTS),
      ranges: { ...promising(POINTS), ranges: true },
    })) {
      const { manifest, read } = await exported(name, POINTS, options);
      expect(read, name).toEqual(wanted.read);
      const { sum, fields, vectors, ids, text, details } = wanted.manifest;
      expect(manifest, name).toMatchObject({ sum, fields, vectors, ids, text, details });
      expect(manifest.counts.exported).toBe(POINTS.length);
    }
  });

  test.each(['here', 'thread'])(
    'ends with the error of a point, and leaves no file of the part (%s)',
    async (how) => {
      const broken = POINTS.map((point, i) =>
        i === 650 ? { ...point, metadata: { ...point.metadata, odd: 'half \ud800' } } : point,
      );
      const options = how === 'here' ? { columns: true } : promising(broken);
      const folder = join(work, `broken-${how}`);
      const { signal } = new AbortController();
      const failed = exportCollection(source(broken, options), {
        folder,
        signal,
        batchSize: 64,
        partRows: 300,
      });
      await expect(failed).rejects.toMatchObject({
        name: 'FailureError',
        exitCode: 3,
        message: expect.stringContaining('not valid Unicode'),
        where: expect.stringContaining(String(POINTS[650]!.id)),
      });
      expect(readdirSync(folder).filter((name) => name.includes('points-00002'))).toEqual([]);
      // What was finished stays, and the rest follows once the source is fixed.
      const again = await exportCollection(source(POINTS, options), {
        folder,
        signal,
        batchSize: 64,
        partRows: 300,
      });
      expect(again.counts.exported).toBe(POINTS.length);
      expect(again.interruptions).toBe(1);
    },
  );
});
