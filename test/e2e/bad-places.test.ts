import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { freeBytes, noSmallDisk, remount, smallDisk } from './helpers/small-disk.js';
import { temporaryFolder, Workspace } from './helpers/workspace.js';

const QUERIES = 2000;
const DIMENSIONS = 64;
const POINTS = npy(randomVectors(4000, DIMENSIONS));
const LABELS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const SUITE = `version: 1
name: places
dataset: { path: ./points.npy, metric: l2 }
k: 10
repeat: 1
warmup: 1
engines:
${LABELS.map((label) => `  - { use: "null", label: ${label} }`).join('\n')}
`;

/** A folder with suite and data, which are not where the run is written to. */
let source: Workspace;
beforeAll(() => {
  source = new Workspace();
  source.write('suite.yaml', SUITE);
  source.write('points.npy', POINTS);
  source.write('points.queries.npy', npy(randomVectors(QUERIES, DIMENSIONS, 2)));
});

const run = (home: string, ...more: string[]) =>
  vecproof(['run', join(source.folder, 'suite.yaml'), '--out', home, ...more], { folder: source.folder });

describe('a place that cannot be written to', () => {
  test('a file in place of the home folder', async () => {
    const home = join(temporaryFolder(), 'home');
    writeFileSync(home, 'a file');
    const { code, stderr } = await run(home);
    expect(code).toBe(3);
    expect(stderr).toContain(home);
    expect(stderr).toMatch(/ENOTDIR|EEXIST/);
    expect(stderr).toMatch(/next: .*(--out|VECPROOF_HOME)/);
  });

  test('a file in place of the folder of runs: nothing is left', async () => {
    const home = temporaryFolder();
    writeFileSync(join(home, '.runs'), 'a file');
    const { code, stderr } = await run(home);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /\.runs: (the run folder cannot be made|the runs cannot be listed): (ENOTDIR|EEXIST)[\s\S]*next: .*--out/,
    );
    expect(readdirSync(home).sort()).toEqual(['.cache', '.runs']);
  });
});

const onDisk = noSmallDisk === undefined ? '' : ` (skipped: ${noSmallDisk})`;
describe.skipIf(noSmallDisk !== undefined)(`a disk${onDisk}`, () => {
  test('that is read-only', async () => {
    const home = smallDisk('size=1m');
    remount(home, 'ro');
    const { code, stderr } = await run(home);
    expect(code).toBe(3);
    expect(stderr).toContain(home);
    expect(stderr).toMatch(/cannot write[\s\S]*next: make the folder writable, or move the cache/);
  });

  test('without space for the converted vectors: nothing half-written is left', async () => {
    const home = smallDisk('size=512k');
    const { code, stderr } = await run(home);
    expect(code).toBe(3);
    expect(stderr).toMatch(/no space left for converted vectors[\s\S]*next: free space/);
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /tmp|vectors\.f32/.test(name))).toEqual([]);
  });

  test('without space for a run: no run is left', async () => {
    const home = withCache(smallDisk('size=512k'));
    const { code, stderr } = await run(home);
    expect(code).toBe(3);
    expect(stderr).toMatch(/ENOSPC[\s\S]*next: free disk space/);
    expect(readdirSync(join(home, '.runs'))).toEqual([]);
  });

  test('that fills up in the middle of a run: what was measured stays, and the run can be continued', async () => {
    const home = withCache(smallDisk('size=64m'));
    expect((await run(home)).code).toBe(0);
    const needed = spaceForTrials(join(home, '.runs'), 3.5);
    rmSync(join(home, '.runs'), { recursive: true });
    writeFileSync(join(home, 'filler'), Buffer.alloc(freeBytes(home) - needed));
    const { code, stderr } = await run(home);
    expect(code, stderr).toBe(3);
    expect(stderr).toMatch(/ENOSPC[\s\S]*next: free disk space/);
    expect(stderr).toContain('what was measured is kept: continue with "vecproof run --resume');
    const [id] = readdirSync(join(home, '.runs'));
    const folder = join(home, '.runs', id!);
    const measured = readdirSync(join(folder, 'samples')).filter((name) => name.endsWith('.parquet'));
    expect(measured.length).toBeGreaterThan(0);
    expect(measured.length).toBeLessThan(LABELS.length);
    const bytes = measured.map((name) => readFileSync(join(folder, 'samples', name)));
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(names.filter((name) => /\.tmp-|^work|^lock/.test(name))).toEqual([]);

    rmSync(join(home, 'filler'));
    const resumed = await vecproof(['run', '--resume', folder, '--out', home, '--json'], source);
    expect(resumed.code, resumed.stderr).toBe(0);
    for (const [i, name] of measured.entries())
      expect(readFileSync(join(folder, 'samples', name)).equals(bytes[i]!), name).toBe(true);
    const results = JSON.parse(resumed.stdout) as Results;
    expect(results.run.state).toBe('completed');
    for (const { measures } of results.trials)
      expect(measures['errors']).toMatchObject({ value: 0, n: QUERIES });
  });
});

/** What a run like the only one here takes for its beginning, its queries and so many trials. */
function spaceForTrials(runs: string, trials: number): number {
  const folder = join(runs, readdirSync(runs)[0]!);
  const size = (name: string) => statSync(join(folder, name)).size;
  const samples = readdirSync(join(folder, 'samples')).filter((name) => name.endsWith('.parquet'));
  const each = samples.reduce((sum, name) => sum + size(join('samples', name)), 0) / samples.length;
  const beginning =
    size('manifest.json') + size('truth.parquet') + size('queries.json') + QUERIES * DIMENSIONS * 4;
  return Math.round(beginning + trials * each + 64 * 1024);
}

/** The cache elsewhere, so that only the run itself needs the space. */
function withCache(home: string): string {
  const cache = join(source.folder, '.cache');
  mkdirSync(cache, { recursive: true });
  symlinkSync(cache, join(home, '.cache'));
  return home;
}
