import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FailureError, InterruptedError } from '../../../common/errors.js';
import { compiledModule } from '../../../common/paths.js';
import type { Dataset, PointBatch } from '../../../datasets/dataset.js';
import { DuplicateFinder } from '../../../datasets/duplicates.js';
import { openPreparedVectors, prepareVectors } from '../../../datasets/prepare.js';
import { expectedVectors, expectInputError, fixtures, openFresh, temporaryFolder } from './support.js';

const queriesFile = 'pandas.queries.parquet';
const files = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();

/** A dataset whose points are given, for faults that no file of a sound format can have. */
async function fake(
  batches: readonly Partial<PointBatch>[],
  info: Partial<Dataset['info']> = {},
): Promise<Dataset> {
  const base = await openFresh('f4-le.npy');
  async function* points() {
    yield* batches as PointBatch[];
  }
  return { ...base, info: { ...base.info, hash: 'f'.repeat(64), dimensions: 2, ...info }, points };
}

describe('prepared vectors', () => {
  it('are flat float32 rows that can be read at any place, by any process', async () => {
    const cacheFolder = temporaryFolder();
    const dataset = await openFresh('pyarrow-small-pages-v1.parquet', { queriesFile });
    const progress: number[][] = [];
    const prepared = await prepareVectors(dataset, {
      cacheFolder,
      onProgress: (done, total) => progress.push([done, total]),
    });
    expect(prepared.file).toBe(join(cacheFolder, 'vectors', dataset.info.hash, 'vectors.f32'));
    expect(files(cacheFolder)).toEqual(['vectors.f32', 'vectors.json']);
    expect(progress.at(-1)).toEqual([20, 20]);
    const into = new Float32Array(18);
    prepared.read(17, 3, into);
    expect([...into]).toEqual(expectedVectors().slice(17 * 6));
    prepared.read(4, 1, into.subarray(6));
    expect([...into.subarray(6, 12)]).toEqual(expectedVectors().slice(24, 30));
    expect(() => prepared.read(18, 3, into)).toThrow(RangeError);
    expect(() => prepared.read(0, 4, into)).toThrow(RangeError);
    prepared.close();
    const again = openPreparedVectors(join(cacheFolder, 'vectors', dataset.info.hash), 20, 6);
    again.read(0, 3, into);
    expect([...into]).toEqual(expectedVectors().slice(0, 18));
    again.close();
  });

  it('are used again, and made again if the copy is not whole', async () => {
    const cacheFolder = temporaryFolder();
    const dataset = await openFresh('f4-le.npy');
    const { file } = await prepareVectors(dataset, { cacheFolder });
    const made = statSync(file).ino;
    await prepareVectors(dataset, { cacheFolder });
    expect(statSync(file).ino).toBe(made);
    truncateSync(file, 400);
    expect(() => openPreparedVectors(file, 20, 6)).toThrow(/has 400 bytes/);
    await prepareVectors(dataset, { cacheFolder });
    expect(readFileSync(file)).toHaveLength(20 * 6 * 4);
  });

  it('refuse a zero vector under cosine, also from the cache, and allow it otherwise', async () => {
    const cacheFolder = temporaryFolder();
    const open = (metric: 'cosine' | 'dot') => openFresh('zero.parquet', { queriesFile, metric });
    await prepareVectors(await open('dot'), { cacheFolder });
    await expectInputError(
      open('cosine').then((d) => prepareVectors(d, { cacheFolder })),
      'zero.parquet row 7',
      'zero',
    );
  });

  it('refuse a source that gives more or fewer points than it announced', async () => {
    const two = { start: 0, count: 2, ids: ['0', '1'], vectors: Float32Array.of(1, 2, 3, 4) };
    for (const count of [1, 3]) {
      const cacheFolder = temporaryFolder();
      await expectInputError(
        fake([two], { count }).then((d) => prepareVectors(d, { cacheFolder })),
        'gave 2 points',
        `${count}`,
      );
      expect(files(cacheFolder)).toEqual([]);
    }
  });

  it('stop when they are interrupted, leaving nothing', async () => {
    const cacheFolder = temporaryFolder();
    const stop = new AbortController();
    const dataset = await openFresh('synthetic-10k-32');
    const work = prepareVectors(dataset, {
      cacheFolder,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(work).rejects.toBeInstanceOf(InterruptedError);
    expect(files(cacheFolder)).toEqual([]);
  });

  it('remove what a killed process left, and not what a living one writes', async () => {
    const cacheFolder = temporaryFolder();
    const dataset = await openFresh('f4-le.npy');
    const folder = join(cacheFolder, 'vectors', dataset.info.hash);
    mkdirSync(folder, { recursive: true });
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(join(folder, `vectors.f32.${dead}.0123abcd.tmp`), 'x');
    writeFileSync(join(folder, `vectors.f32.${process.pid}.0123abcd.tmp`), 'x');
    await prepareVectors(dataset, { cacheFolder });
    expect(files(cacheFolder)).toEqual([
      'vectors.f32',
      `vectors.f32.${process.pid}.0123abcd.tmp`,
      'vectors.json',
    ]);
  });
});

describe('a cache that cannot be written', () => {
  it('a full disk is a failure that names the folder; nothing half-written stays', () => {
    const cacheFolder = temporaryFolder();
    const script = `
      const { openDataset } = await import(${JSON.stringify(compiledModule('datasets/open.js'))});
      const { prepareVectors } = await import(${JSON.stringify(compiledModule('datasets/prepare.js'))});
      const cacheFolder = ${JSON.stringify(cacheFolder)};
      const dataset = await openDataset('synthetic-10k-32', { baseFolder: '.', cacheFolder });
      try { await prepareVectors(dataset, { cacheFolder }); } catch (error) {
        console.log(JSON.stringify({ name: error.name, exitCode: error.exitCode, message: error.message }));
      }`;
    // A limit on file size stands for the full disk: the write fails in the middle in the same way (EFBIG).
    const command = `trap '' XFSZ; ulimit -f 200; exec "$0" --input-type=module -e "$1"`;
    const output = execFileSync('sh', ['-c', command, process.execPath, script], { encoding: 'utf8' });
    const error = JSON.parse(output) as { name: string; exitCode: number; message: string };
    expect(error).toMatchObject({ name: 'FailureError', exitCode: 3 });
    expect(error.message).toContain(join(cacheFolder, 'vectors'));
    expect(error.message).toContain('no space left');
    expect(error.message).toContain('VECPROOF_HOME');
    expect(files(cacheFolder)).toEqual([]);
  });

  it('a folder that is a file, or not writable, is a failure that names it', async () => {
    const dataset = await openFresh('f4-le.npy');
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'vectors'), 'in the way');
    const work = prepareVectors(dataset, { cacheFolder: folder });
    await expect(work).rejects.toBeInstanceOf(FailureError);
    await expect(work).rejects.toThrow(join(folder, 'vectors'));
    // The superuser may write anywhere, so the second half says nothing there.
    if (process.getuid?.() === 0) return;
    const locked = temporaryFolder();
    chmodSync(locked, 0o500);
    await expect(prepareVectors(dataset, { cacheFolder: locked })).rejects.toThrow(/EACCES/);
  });
});

describe('repeated ids', () => {
  const confirm = async (ids: readonly string[]) => {
    const finder = new DuplicateFinder(ids.length);
    for (let i = 0; i < ids.length; i += 7) finder.add(ids.slice(i, i + 7));
    const vectors = new Float32Array(ids.length * 2);
    const dataset = await fake([{ start: 0, count: ids.length, ids, vectors }], { count: ids.length });
    await finder.confirm(dataset, (row) => `row ${row}`, undefined);
  };
  const many = (count: number) => Array.from({ length: count }, (_, i) => `id-${i}`);

  it('are found wherever they are', async () => {
    await expect(confirm(many(20_000))).resolves.toBeUndefined();
    await expectInputError(confirm([...many(20_000), 'id-12345']), 'row 20000', 'row 12345', 'id-12345');
    await expectInputError(confirm(['a', 'a']), 'row 1', 'row 0');
  });

  it('are found among row numbers too, which are not stored', async () => {
    await expect(confirm(['0', '1', '2', '3'])).resolves.toBeUndefined();
    await expectInputError(confirm(['0', '1', '0', '3']), 'row 2', 'row 0');
    await expectInputError(confirm(['5', '1', '2', '3', '4', '5']), 'row 5', 'row 0');
  });
});

it('the fixtures are there', () => {
  expect(readdirSync(fixtures).length).toBeGreaterThan(30);
});
