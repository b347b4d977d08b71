import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { packageRoot } from '../../common/paths.js';
import type { Point } from '../../engines/contract/points.js';
import { exportCollection } from '../../migration/export/export.js';
import type { Mapping } from '../../migration/mapping/mapping.js';
import { verify } from '../../migration/verify/verify.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { somePoints, withCollection, writeCollection } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';
import { seeded } from './helpers/seeded.js';

const POINTS = somePoints(3000);
const VECTORS = [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 6, metric: 'cosine' }] as const;
const FIELDS = [{ name: 'at', type: 'timestamp', native: 'timestamptz', nullable: true }] as const;
const never = new AbortController().signal;
const KILLS = Number(process.env['VECPROOF_KILLS'] ?? 6);

let work: Workspace;
beforeAll(async () => {
  work = new Workspace();
  await exported('export', POINTS);
  // Null and missing, two types in one field, a point without its vector.
  const odd: Point[] = somePoints(50).map((point, i) => ({
    ...point,
    metadata: i % 2 === 0 ? { ...point.metadata, mixed: i % 4 === 0 ? i : `${i}` } : point.metadata,
  }));
  await exported('odd', odd);
});

async function exported(folder: string, points: readonly Point[]): Promise<void> {
  const source = memorySource(points, { ids: 'string', vectors: VECTORS, fields: FIELDS });
  await exportCollection(source, { folder: join(work.folder, folder), batchSize: 500, signal: never });
}

const run = (...args: string[]) => vecproof(args, work);

/** Writes a mapping and changes it. */
async function mapped(
  source: string,
  place: string,
  name: string,
  change = (_: Mapping) => {},
): Promise<void> {
  const { code, stderr } = await run('map', source, '--to', place, '--out', name);
  expect(code, stderr).toBe(0);
  const path = join(work.folder, name);
  const mapping = parse(readFileSync(path, 'utf8')) as Mapping;
  change(mapping);
  writeFileSync(path, stringify(mapping));
}

const acceptAll = (mapping: Mapping) => {
  mapping.losses = mapping.losses.map((loss) => ({ ...loss, accepted: 'a test' }));
};

describe('load', () => {
  test('without losses needs no decision, and verify finds all of it; twice changes nothing', async () => {
    await mapped('export', 'sqlite-vec:./plain#docs', 'plain.yaml');
    for (let time = 0; time < 2; time++) {
      const { code, stdout, stderr } = await run('load', 'export', '--mapping', 'plain.yaml');
      expect(code, stderr).toBe(0);
      expect(stdout).toContain('3000 points loaded into sqlite-vec:plain#docs');
    }
    const { code, stdout } = await run('verify', 'export:export', 'sqlite-vec:./plain#docs');
    expect(code).toBe(0);
    expect(stdout).toContain('equal: all 3000 points');
  });

  test('goes on with no collection but its own, empty or not, made or about to be made', async () => {
    await mapped('export', 'lancedb:./swapped#docs', 'swapped.yaml');
    expect((await run('load', 'export', '--mapping', 'swapped.yaml')).code).toBe(0);
    const folder = join(work.folder, 'swapped');
    await withCollection('lancedb', folder, 'open', (collection) => collection.drop());
    // Somebody else's of the same name: empty, as one would be that was made just before a crash.
    await withCollection('lancedb', folder, 'create', async () => {});
    const state = join(work.folder, 'swapped.load', 'load.json');
    for (const known of ['made', 'making']) {
      writeFileSync(state, JSON.stringify({ ...JSON.parse(readFileSync(state, 'utf8')), collection: known }));
      const { code, stderr } = await run('load', 'export', '--mapping', 'swapped.yaml');
      expect(code).toBe(3);
      expect(stderr).toContain(known === 'made' ? 'is not the one that this load has made' : 'already');
    }
  });

  test('stops with exit code 4 at a loss that nobody has accepted, and makes nothing', async () => {
    await mapped('odd', 'lancedb:./undecided#docs', 'undecided.yaml');
    const { code, stdout } = await run('load', 'odd', '--mapping', 'undecided.yaml');
    expect(code).toBe(4);
    expect(stdout).toContain('field-as-text of "mixed": 25 points');
    expect(stdout).toContain('missing-as-null of "mixed": 25 points');
    expect(existsSync(join(work.folder, 'undecided'))).toBe(false);
  });

  test('stops at a loss that an edited mapping brings, and at one accepted for fewer points', async () => {
    await mapped('odd', 'lancedb:./edited#docs', 'edited.yaml', (mapping) => {
      acceptAll(mapping);
      mapping.fields.find(({ from }) => from === 'name')!.to = null;
      mapping.losses.find(({ loss }) => loss === 'field-as-text')!.points = 3;
    });
    const { code, stdout } = await run('load', 'odd', '--mapping', 'edited.yaml');
    expect(code).toBe(4);
    expect(stdout).toContain('field-dropped of "name": 50 points');
    expect(stdout).toContain('field-as-text of "mixed": 25 points');
  });

  test('follows an accepted mapping, and verify with it finds the target as it has to be', async () => {
    await mapped('odd', 'lancedb:./accepted#docs', 'accepted.yaml', (mapping) => {
      acceptAll(mapping);
      mapping.fields.find(({ from }) => from === 'name')!.to = 'title';
      const renamed = {
        loss: 'field-renamed',
        of: 'name',
        points: 50,
        severity: 'note',
        remedy: '',
      } as const;
      mapping.losses.push({ ...renamed, accepted: 'the application calls it title' });
    });
    const loaded = await run('load', 'odd', '--mapping', 'accepted.yaml');
    expect(loaded.code, loaded.stdout + loaded.stderr).toBe(0);
    const withMapping = await run(
      'verify',
      'export:odd',
      'lancedb:./accepted#docs',
      '--mapping',
      'accepted.yaml',
    );
    expect(withMapping.code, withMapping.stdout).toBe(0);
    const without = await run('verify', 'export:odd', 'lancedb:./accepted#docs');
    expect(without.code).toBe(1);
    expect(without.stdout).toContain('field "title": missing → ');
  });

  test('never writes to a collection that it has not made', async () => {
    await writeCollection('lancedb', join(work.folder, 'theirs'), POINTS.slice(0, 5));
    await mapped('export', 'lancedb:./theirs#docs', 'theirs.yaml');
    const { code, stderr } = await run('load', 'export', '--mapping', 'theirs.yaml');
    expect(code).toBe(3);
    expect(stderr).toContain('docs');
    await withCollection('lancedb', join(work.folder, 'theirs'), 'open', async (collection) => {
      expect(await collection.count()).toBe(5);
    });
  });

  test('notices that somebody else has written to the target, and verify names the stranger', async () => {
    await mapped('export', 'lancedb:./strange#docs', 'strange.yaml');
    expect((await run('load', 'export', '--mapping', 'strange.yaml')).code).toBe(0);
    await withCollection('lancedb', join(work.folder, 'strange'), 'open', async (collection) => {
      await collection.points!.upsert([{ ...POINTS[0]!, id: 'stranger' }]);
    });
    const again = await run('load', 'export', '--mapping', 'strange.yaml');
    expect(again).toMatchObject({ code: 3 });
    expect(again.stderr).toContain('counts 3001 points, 3000 were loaded');
    const { stdout } = await run('verify', 'export:export', 'lancedb:./strange#docs');
    expect(stdout).toContain('extra: string id stranger');
  });

  test('refuses a mapping of another export, and the state of another load', async () => {
    await mapped('odd', 'sqlite-vec:./other#docs', 'other.yaml', acceptAll);
    const other = await run('load', 'export', '--mapping', 'other.yaml');
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toContain('the mapping is of another export');
    expect((await run('load', 'odd', '--mapping', 'other.yaml', '--state', 'shared.load')).code).toBe(0);
    await mapped('export', 'sqlite-vec:./third#docs', 'third.yaml');
    const shared = await run('load', 'export', '--mapping', 'third.yaml', '--state', 'shared.load');
    expect(shared).toMatchObject({ code: 2 });
    expect(shared.stderr).toContain('holds the state of a load with another export');
  });

  test('refuses two fields that become one, and index parameters that there are not', async () => {
    await mapped('export', 'lancedb:./one#docs', 'one.yaml', (mapping) => {
      acceptAll(mapping);
      mapping.fields.find(({ from }) => from === 'n')!.to = 'price';
      const renamed = { loss: 'field-renamed', of: 'n', points: 3000, severity: 'note', remedy: '' } as const;
      mapping.losses.push({ ...renamed, accepted: 'a test' });
    });
    const one = await run('load', 'export', '--mapping', 'one.yaml');
    expect(one).toMatchObject({ code: 2 });
    expect(one.stderr).toMatch(/"(n|price)" and "(n|price)" both become "price"/);
    await mapped('export', 'lancedb:./two#docs', 'two.yaml', (mapping) => {
      mapping.target.index = { type: 'hnsw', mm: 16 };
    });
    const two = await run('load', 'export', '--mapping', 'two.yaml');
    expect(two).toMatchObject({ code: 2 });
    expect(two.stderr).toContain('mm');
  });

  test.each([
    ['version: 1\n', 'is not a mapping'],
    ['{', 'the mapping cannot be read'],
  ])('refuses a mapping that is none: %j', async (text, words) => {
    work.write('bad.yaml', text);
    const { code, stderr } = await run('load', 'export', '--mapping', 'bad.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});

/** Rows that the load counts as loaded; 0: it has not begun. */
function loadedRows(): number {
  const state = join(work.folder, 'killed.load', 'load.json');
  return existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as { rows: number }).rows : 0;
}

test(`a load that is killed at ${KILLS} moments holds every point once in the end`, async () => {
  const random = seeded(41);
  await mapped('export', 'lancedb:./killed#docs', 'killed.yaml');
  const args = ['load', 'export', '--mapping', 'killed.yaml', '--batch', '100'];
  let killed = 0;
  for (let attempt = 0; attempt < KILLS; attempt++) {
    const child = spawn(process.execPath, [join(packageRoot, 'dist/cli/main.js'), ...args], {
      cwd: work.folder,
      stdio: 'ignore',
      // A group of its own: the command's processes are killed together.
      detached: true,
    });
    const ended = once(child, 'exit') as Promise<[number | null]>;
    let over = false;
    void ended.then(() => {
      over = true;
    });
    // Somewhere on the way, by the load's own progress: each attempt gets further than the one before.
    const until = ((attempt + random()) / (KILLS + 1)) * POINTS.length;
    while (!over && loadedRows() < until) await pause(1);
    if (!over) process.kill(-child.pid!, 'SIGKILL');
    if ((await ended)[0] === null) killed++;
  }
  const { code, stderr } = await run(...args);
  expect(code, stderr).toBe(0);
  expect(killed).toBeGreaterThan(0);
  const surroundings = { cwd: work.folder, env: process.env, signal: never };
  expect(await verify('export:export', 'lancedb:./killed#docs', surroundings)).toMatchObject({
    state: 'equal',
    counts: { matching: 3000 },
  });
});
