import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../common/errors.js';
import { exportCollection } from '../../migration/export/export.js';
import { readManifest } from '../../migration/export/manifest.js';
import { openExport } from '../../migration/export/reader.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { LOCAL, somePoints, withCollection, writeCollection } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';
import { readByPython, withoutPython } from './helpers/python.js';

const POINTS = somePoints(1200);
const VECTORS = [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 6, metric: 'cosine' }] as const;
const never = new AbortController().signal;

let work: Workspace;
beforeAll(async () => {
  work = new Workspace();
  for (const name of LOCAL) await writeCollection(name, join(work.folder, name), POINTS);
});

describe('export', () => {
  test.each(LOCAL)('of %s holds every point, and the source stays as it was', async (name) => {
    const before = contentOf(join(work.folder, name));
    const { code, stdout, stderr } = await vecproof(
      ['export', `${name}:./${name}#docs`, '--out', `from-${name}`, '--part-rows', '500'],
      work,
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`1200 points of ${name}:${name}#docs`);
    expect(stdout).toContain('consistency: snapshot');
    // SQLite makes a log and its index beside a database by reading it.
    expect(contentOf(join(work.folder, name))).toEqual(before);
    const manifest = readManifest(join(work.folder, `from-${name}`));
    // Parts end with a page, which an engine may give in pieces of its own.
    const rows = manifest.parts.map((part) => part.rows);
    expect(rows.reduce((sum, each) => sum + each, 0)).toBe(1200);
    expect(rows.slice(0, -1).every((each) => each >= 500 && each <= 1000)).toBe(true);
    expect(rows.length).toBeGreaterThan(1);
    expect(manifest.counts).toEqual({ exported: 1200, before: 1200, after: 1200 });
    expect(manifest.vectors).toMatchObject([{ name: 'vector', type: 'f32', dimensions: 6, points: 1200 }]);
    const types = Object.fromEntries(manifest.fields.map((field) => [field.name, field.type]));
    expect(types).toEqual({
      n: 'integer',
      price: 'float',
      name: 'string',
      at: 'timestamp',
      tags: 'string[]',
      live: 'boolean',
    });
  });

  test('of the same points gives the same sum from every engine', () => {
    const sums = LOCAL.map((name) => readManifest(join(work.folder, `from-${name}`)).sum);
    expect(new Set(sums).size).toBe(1);
  });

  test.skipIf(withoutPython !== undefined)(
    `is read by a second reader to the same hashes${withoutPython === undefined ? '' : ` (${withoutPython})`}`,
    () => {
      const folder = join(work.folder, 'from-pgvector');
      expect(readByPython(folder).sum).toBe(readManifest(folder).sum);
    },
  );

  test('refuses a folder that holds something, and one that is finished', async () => {
    mkdirSync(join(work.folder, 'full'));
    writeFileSync(join(work.folder, 'full', 'mine.txt'), 'mine');
    writeFileSync(join(work.folder, 'full', '.tmp-mine'), 'mine');
    const full = await vecproof(['export', 'lancedb:./lancedb#docs', '--out', 'full'], work);
    expect(full).toMatchObject({ code: 2 });
    expect(full.stderr).toContain('is not empty');
    expect(readdirSync(join(work.folder, 'full')).sort()).toEqual(['.tmp-mine', 'mine.txt']);
    const again = await vecproof(['export', 'lancedb:./lancedb#docs', '--out', 'from-lancedb'], work);
    expect(again).toMatchObject({ code: 2 });
    expect(again.stderr).toContain('holds a finished export');
  });

  test.each([
    ['no-engine:./x#docs', 2, 'unknown engine "no-engine"'],
    ['lancedb:./lancedb', 2, 'add one of #docs'],
    ['lancedb:./nowhere#docs', 3, 'there is no such folder or file'],
    ['lancedb:./lancedb#nothing', 3, 'nothing'],
    ['hnswlib:./x#docs', 2, 'no whole points'],
    ['docs', 2, 'engine:address#collection'],
    ['pgvector:postgres://me:hush-hush@host/db#docs', 2, 'holds a password'],
    ['qdrant:https://hush-hush@host#docs', 2, 'holds a credential'],
    ['qdrant:https://host?api_key=hush-hush#docs', 2, 'holds a credential'],
    ['pgvector:postgres://host/db?sslmode=VERIFY-FULL#docs', 2, 'Did you mean "verify-full"'],
    ['pgvector:postgres://host/db?pasword=hush-hush#docs', 2, 'unknown parameter'],
    ['lancedb:https://host#docs', 2, 'folders'],
    // Another name of this machine, which does not say so.
    ['qdrant:http://0.0.0.0:9#docs', 3, 'travels without encryption'],
  ])('of %s ends with exit code %i and says why', async (place, code, words) => {
    const ended = await vecproof(['export', place, '--out', 'never'], work);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(words);
    expect(ended.stderr).not.toContain('hush');
    expect(existsSync(join(work.folder, 'nowhere'))).toBe(false);
  });
});

describe('an export that was cut off', () => {
  const exported = (source: ReturnType<typeof memorySource>, folder: string) =>
    exportCollection(source, { folder, partRows: 100, batchSize: 50, signal: never });
  const failing = (at: number, options = {}) =>
    memorySource(POINTS, {
      ids: 'string',
      vectors: VECTORS,
      ...options,
      beforePage: (page) => {
        if (page === at) throw new Error('rate limit');
      },
    });

  test('goes on where the last part ended, with neither a gap nor a repetition', async () => {
    const whole = await exported(
      memorySource(POINTS, { ids: 'string', vectors: VECTORS }),
      join(work.folder, 'whole'),
    );
    const folder = join(work.folder, 'cut');
    // An error of the source is never an end of data.
    await expect(exported(failing(7), folder)).rejects.toThrow('rate limit');
    expect(() => readManifest(folder)).toThrow(InputError);
    await expect(exported(failing(3), folder)).rejects.toThrow('rate limit');
    const manifest = await exported(memorySource(POINTS, { ids: 'string', vectors: VECTORS }), folder);
    expect(manifest).toMatchObject({ interruptions: 2, sum: whole.sum, counts: { exported: 1200 } });
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('begins again where the snapshot is gone and the source has changed', async () => {
    const folder = join(work.folder, 'changed');
    await expect(exported(failing(7), folder)).rejects.toThrow('rate limit');
    const notices: string[] = [];
    const later = memorySource(POINTS.slice(0, 700), {
      ids: 'string',
      vectors: VECTORS,
      watermark: 'moment 2',
    });
    const manifest = await exportCollection(later, {
      folder,
      partRows: 100,
      batchSize: 50,
      signal: never,
      onNotice: (message) => notices.push(message),
    });
    expect(notices).toEqual([expect.stringContaining('begins again')]);
    expect(manifest).toMatchObject({ watermark: 'moment 2', counts: { exported: 700 } });
  });

  test('of something else does not go on in the same folder', async () => {
    const folder = join(work.folder, 'other');
    await expect(exported(failing(7), folder)).rejects.toThrow('rate limit');
    const other = { ...memorySource(POINTS, { ids: 'string', vectors: VECTORS }), place: 'memory:other' };
    await expect(exported(other, folder)).rejects.toThrow('holds a part of an export of memory:#docs');
  });

  test('of a source that counts more than it gives is no export', async () => {
    const folder = join(work.folder, 'short');
    const source = memorySource(POINTS, { ids: 'string', vectors: VECTORS, count: () => 1204 });
    await expect(exported(source, folder)).rejects.toThrow(
      '1200 points were read, and the source counts 1204',
    );
    expect(() => readManifest(folder)).toThrow('is no finished export');
  });

  test('a source without snapshots is read twice', async () => {
    const options = { ids: 'string', vectors: VECTORS, consistency: 'best-effort', watermark: null } as const;
    const quiet = await exported(memorySource(POINTS, options), join(work.folder, 'quiet'));
    expect(quiet.consistency).toBe('repaired');
    const busy = [...POINTS];
    const source = memorySource(busy, {
      ...options,
      beforePage: (page) => {
        if (page === 20) busy[3] = { ...busy[3]!, text: 'changed behind the reader' };
      },
    });
    expect((await exported(source, join(work.folder, 'busy'))).consistency).toBe('best-effort');
  });
});

describe('an export of ranges at the same time', () => {
  const cut = { ids: 'string', vectors: VECTORS, ranges: true } as const;
  const inRanges = (source: ReturnType<typeof memorySource>, folder: string, workers: number) =>
    exportCollection(source, { folder, partRows: 100, batchSize: 50, workers, signal: never });

  test('has the same sum, counts and order of points whatever their number', async () => {
    const manifests = [];
    for (const workers of [1, 2, 5]) {
      const folder = join(work.folder, `ranges-${workers}`);
      manifests.push(await inRanges(memorySource(POINTS, cut), folder, workers));
      const ids: unknown[] = [];
      for await (const points of openExport(folder).points()) ids.push(...points.map(({ id }) => id));
      expect(ids).toEqual(POINTS.map(({ id }) => id));
    }
    const [one, ...others] = manifests.map(({ sum, counts, fields, vectors }) => ({
      sum,
      counts,
      fields,
      vectors,
    }));
    for (const each of others) expect(each).toEqual(one);
  });

  test.each(LOCAL)('of %s gives the points of the whole scan', async (name) => {
    const out = `ranges-${name}`;
    const args = ['export', `${name}:./${name}#docs`, '--out', out, '--part-rows', '100', '--workers', '3'];
    const { code, stderr } = await vecproof(args, work);
    expect(code, stderr).toBe(0);
    const [manifest, whole] = [out, `from-${name}`].map((each) => readManifest(join(work.folder, each)));
    expect(manifest!.sum).toBe(whole!.sum);
    expect(manifest!.fields).toEqual(whole!.fields);
  });

  test('goes on in each of them, by the ranges that it began with, and counts nothing twice', async () => {
    const whole = await inRanges(memorySource(POINTS, cut), join(work.folder, 'ranges-whole'), 3);
    const folder = join(work.folder, 'ranges-stopped');
    let pages = 0;
    const failing = memorySource(POINTS, {
      ...cut,
      beforePage: () => {
        if (++pages > 10) throw new Error('rate limit');
      },
    });
    await expect(inRanges(failing, folder, 3)).rejects.toThrow('rate limit');
    pages = 3;
    await expect(inRanges(failing, folder, 2)).rejects.toThrow('rate limit');
    const manifest = await inRanges(memorySource(POINTS, cut), folder, 1);
    const { sum, counts, fields, vectors, ids } = whole;
    expect(manifest).toMatchObject({ interruptions: 2, sum, counts, fields, vectors, ids });
    expect(manifest.parts.map(({ file }) => file).toSorted()).toEqual(
      whole.parts.map(({ file }) => file).toSorted(),
    );
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('changes of a source', () => {
  test('are seen by the next export, and by verify', async () => {
    const folder = join(work.folder, 'lancedb-2');
    await writeCollection('lancedb', folder, POINTS);
    await withCollection('lancedb', folder, 'open', (collection) =>
      collection.points!.update({ id: POINTS[5]!.id, set: { n: 1 } }),
    );
    const { code, stdout } = await vecproof(
      ['verify', 'export:./from-lancedb', 'lancedb:./lancedb-2#docs'],
      work,
    );
    expect(code).toBe(1);
    expect(stdout).toContain('different: 1 ids differ, 1199 are the same');
    expect(stdout).toMatch(/mismatched: string id doc-5 é\n +field "n": 5 → 1\n/);
  });
});

/** Files of a folder with their hashes. */
function contentOf(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.sqlite-(shm|wal)$/.test(entry.name))
    .map((entry): [string, string] => {
      const path = join(entry.parentPath, entry.name);
      return [path, createHash('sha256').update(readFileSync(path)).digest('hex')];
    })
    .sort();
}
