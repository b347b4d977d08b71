import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  collect,
  expectedVectors,
  expectInputError,
  fixtures,
  openFresh,
  ROWS,
  temporaryFolder,
} from './support.js';

describe('ann-benchmarks HDF5', () => {
  it.each([
    ['angular-gzip-chunks.hdf5', 'cosine', 'file'],
    ['euclidean-f8-i8.hdf5', 'l2', 'file'],
    ['ip.hdf5', 'dot', 'file'],
    ['no-metric.h5', 'cosine', 'default'],
  ])('reads %s', async (name, metric, metricSource) => {
    const dataset = await openFresh(name);
    expect(dataset.info).toMatchObject({ metric, metricSource, count: ROWS, dimensions: 6 });
    expect(dataset.info.querySets).toMatchObject([{ name: 'test', count: 3, judged: false }]);
    const { ids, vectors } = await collect(dataset.points({ batchSize: 6 }));
    expect(vectors).toEqual(expectedVectors());
    expect(ids[19]).toBe('19');
    const queries = await dataset.queries('test');
    expect([...queries.vectors]).toEqual(
      expectedVectors()
        .slice(0, 18)
        .map((value) => value + 0.25),
    );
    const truth = await dataset.providedTruth('test');
    if (truth?.state !== 'usable') throw new Error('its neighbours must be usable');
    expect(truth.k).toBe(3);
    expect([...truth.rows]).toEqual([0, 1, 2, 1, 2, 3, 2, 3, 4]);
    expect([...truth.distances!]).toEqual(Array.from({ length: 9 }, (_, i) => Math.fround(i / 8)));
    expect(await dataset.qrels('test')).toBeUndefined();
    await dataset.close();
  });

  it('takes the declared metric before the one in the file', async () => {
    const dataset = await openFresh('ip.hdf5', { metric: 'l2' });
    expect(dataset.info).toMatchObject({ metric: 'l2', metricSource: 'declared' });
    await dataset.close();
  });

  it('takes given queries beside its own', async () => {
    const dataset = await openFresh('no-test.hdf5', { queriesFile: 'f4-le.queries.npy' });
    expect(dataset.info.querySets.map((set) => set.name)).toEqual(['queries']);
    await dataset.close();
  });

  it('reads hash and metric through a dataset.yaml too', async () => {
    const folder = temporaryFolder();
    copyFileSync(join(fixtures, 'angular-gzip-chunks.hdf5'), join(folder, 'a.hdf5'));
    writeFileSync(join(folder, 'dataset.yaml'), 'name: a\nformat: hdf5\npoints: { file: a.hdf5 }\n');
    const dataset = await openFresh(folder);
    expect(dataset.info).toMatchObject({ name: 'a', metric: 'cosine', metricSource: 'file' });
    await dataset.close();
  });
});

describe('bad HDF5', () => {
  it.each([
    ['no-test.hdf5', 'no queries'],
    ['no-train.hdf5', 'no table "train"'],
  ])('%s is refused', async (name, ...messages) => {
    await expectInputError(openFresh(name), name, ...messages);
  });

  it('neighbours that name missing rows are told, and stop nothing', async () => {
    const dataset = await openFresh('wrong-neighbors.hdf5');
    const truth = await dataset.providedTruth('test');
    expect(truth).toMatchObject({ state: 'unusable', reason: expect.stringContaining('name row 24') });
    await dataset.close();
  });

  it('a file that is cut off or is something else is refused', async () => {
    const folder = temporaryFolder();
    const whole = readFileSync(join(fixtures, 'angular-gzip-chunks.hdf5'));
    for (const length of [0, 100, 5000, whole.length - 1]) {
      const path = join(folder, `cut-${length}.hdf5`);
      writeFileSync(path, whole.subarray(0, length));
      await expectInputError(openFresh(path), `cut-${length}.hdf5`, 'not a readable HDF5 file');
    }
  });

  it('a damaged chunk is noticed when it is read', async () => {
    const path = join(temporaryFolder(), 'chunk.hdf5');
    const bytes = readFileSync(join(fixtures, 'angular-gzip-chunks.hdf5'));
    // The chunks are zlib streams; the first one starts with 78 .. (CMF of deflate, 32 KiB window).
    const chunk = bytes.lastIndexOf(Buffer.from([0x78, 0x5e]));
    expect(chunk).toBeGreaterThan(0);
    bytes.fill(0xff, chunk + 2, chunk + 20);
    writeFileSync(path, bytes);
    const read = async () => collect((await openFresh(path)).points({ batchSize: 6 }));
    await expectInputError(read(), 'chunk.hdf5');
  });
});
