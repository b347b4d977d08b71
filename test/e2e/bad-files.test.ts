import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
import { npyFiles, POINTS, QUERIES, refused } from './helpers/bad-data.js';
import { npy, parquet, writeHdf5 } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

describe.concurrent('files', () => {
  let hdf5: Buffer;
  beforeAll(async () => {
    const path = await writeHdf5(new Workspace().folder, 'x.hdf5', {
      train: POINTS,
      test: QUERIES,
      distance: 'euclidean',
    });
    hdf5 = readFileSync(path);
  });
  const half = (bytes: Uint8Array) => bytes.subarray(0, Math.floor(bytes.length / 2));

  test('truncated Parquet', async () => {
    const files = { 'points.parquet': half(parquet(POINTS)), 'points.queries.parquet': parquet(QUERIES) };
    expect(await refused({ dataset: './points.parquet', files })).toMatch(
      /points\.parquet: .*\n {2}next: .*(damaged|incomplete)/,
    );
  });

  test('truncated HDF5', async () => {
    expect(await refused({ dataset: './x.hdf5', files: { 'x.hdf5': half(hdf5) } })).toMatch(
      /x\.hdf5: .*\n {2}next: /,
    );
  });

  test('truncated npy', async () => {
    const files = { ...npyFiles(POINTS), 'points.npy': half(npy(POINTS)) };
    expect(await refused({ dataset: './points.npy', files })).toMatch(/points\.npy: has \d+ bytes/);
  });

  test('another format than the name says', async () => {
    const stderr = await refused({
      dataset: './x.hdf5',
      files: { 'x.hdf5': parquet(POINTS) },
    });
    expect(stderr).toMatch(/x\.hdf5: /);
  });

  test('a path that leads nowhere', async () => {
    expect(await refused({ dataset: './data/none.parquet' })).toMatch(
      /data\/none\.parquet: cannot be read: ENOENT[\s\S]*next: check the path/,
    );
  });

  test('a folder that is no dataset', async () => {
    const work = new Workspace();
    mkdirSync(join(work.folder, 'data'));
    expect(await refused({ dataset: './data' }, work)).toMatch(/data: has no dataset\.yaml/);
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(isRoot)(
    `a file that may not be read${isRoot ? ' (skipped: root may read every file)' : ''}`,
    async () => {
      const work = new Workspace();
      chmodSync(work.write('points.npy', npy(POINTS)), 0);
      expect(await refused({ dataset: './points.npy' }, work)).toMatch(/points\.npy: cannot be read: EACCES/);
    },
  );

  test('an unknown dataset, with the nearest name', async () => {
    expect(await refused({ dataset: 'debian-package-20k' })).toMatch(
      /unknown dataset "debian-package-20k"\. Did you mean "debian-packages-20k"\?\n/,
    );
  });

  test('bundled data that was damaged after installation', async () => {
    const name = 'debian-packages-20k';
    const bundled = join(packageRoot, 'datasets', 'bundled', name);
    const work = new Workspace();
    const files = ['points.parquet', 'queries-new.parquet', 'queries-facets.parquet', 'qrels-facets.tsv'];
    for (const file of files) work.write(`copy/${file}`, readFileSync(join(bundled, file)));
    const points = readFileSync(join(bundled, 'points.parquet'));
    points[points.length >> 1]! ^= 1;
    writeFileSync(join(work.folder, 'copy', 'points.parquet'), points);
    expect(await refused({ dataset: './copy' }, work)).toMatch(/copy\/points\.parquet: .*(sha256|hash)/);
  });
});
