import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
import type { Point } from '../../engines/contract/points.js';
import { exportCollection } from '../../migration/export/export.js';
import { FILTER_PROBES, readManifest, writeManifest } from '../../migration/export/manifest.js';
import { checkParts, openExport } from '../../migration/export/reader.js';
import { pointHash, RowSum } from '../../migration/export/row-hash.js';
import { type Tombstone, writeTombstones } from '../../migration/export/tombstones.js';
import { PROBES } from '../../migration/probe/probes.js';
import { GOLDEN_FIELDS, GOLDEN_VECTORS, goldenPoints } from './helpers/golden.js';
import { memorySource } from './helpers/memory-source.js';
import { python, readByPython, withoutPython } from './helpers/python.js';

/** Files that an earlier version has written stay readable, and mean the same. `VECPROOF_WRITE_GOLDEN=1` writes them. */
const GOLDEN = join(packageRoot, 'test', 'golden', 'export');
const FORMATS = ['parquet', 'jsonl'] as const;
/** Computed once, and by the second reader. */
const SUM = 'a6684ed312ba3a720b5ace5ca72035ff3a578ea7d8832feb5ae6eadfc1755d39';

const TOMBSTONES: Tombstone[] = [
  { id: 5n, deleted: 1_711_846_799_999_999n, watermark: 'lsn 0/16B3748', version: 3n, tenant: 'a' },
  { id: '0190e3c5-7a5e-7d8a-9a6b-2f0c1d3e4f51', namespace: 'north' },
];

let work: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'vecproof-golden-'));
  if (process.env['VECPROOF_WRITE_GOLDEN'] === '1') for (const format of FORMATS) await writeGolden(format);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function writeGolden(format: (typeof FORMATS)[number]): Promise<void> {
  const folder = join(GOLDEN, format);
  rmSync(folder, { recursive: true, force: true });
  const source = memorySource(goldenPoints(), { ids: null, vectors: GOLDEN_VECTORS, fields: GOLDEN_FIELDS });
  const manifest = await exportCollection(source, {
    folder,
    format,
    partRows: 3,
    signal: new AbortController().signal,
  });
  const shape = { ids: null, idColumn: manifest.ids.column };
  writeManifest(folder, { ...manifest, tombstones: writeTombstones(folder, shape, TOMBSTONES) });
}

async function pointsIn(folder: string): Promise<Point[]> {
  const read: Point[] = [];
  for await (const group of openExport(folder).points()) read.push(...group);
  return read;
}

describe.each(FORMATS)('a folder that was written as %s', (format) => {
  const folder = join(GOLDEN, format);

  test('gives every point back as it was', async () => {
    const opened = openExport(folder);
    await checkParts(opened);
    const read = await pointsIn(folder);
    const sum = new RowSum();
    for (const point of read) sum.add(pointHash(opened.shape, point));
    expect(sum.result()).toEqual({ rows: goldenPoints().length, sum: SUM });
    expect(opened.manifest.sum).toBe(SUM);
    const plain = (points: Point[]) =>
      points.map(({ vectors, metadata, ...rest }) => [
        { ...rest },
        { ...vectors },
        JSON.stringify(metadata, (_, each: unknown) =>
          typeof each === 'bigint' ? `${each}n` : Object.is(each, -0) ? '-0' : each,
        )
          .split('')
          .sort()
          .join(''),
      ]);
    expect(plain(read)).toEqual(plain(goldenPoints()));
  });

  test('has its tombstones', async () => {
    const read: Tombstone[] = [];
    for await (const group of openExport(folder).tombstones()) read.push(...group);
    expect(read).toEqual(TOMBSTONES);
  });

  test.skipIf(withoutPython !== undefined)('says the same to the second reader', () => {
    const { sum, parts, tombstones } = readByPython(folder);
    const manifest = readManifest(folder);
    expect(sum).toBe(SUM);
    expect(parts).toEqual(
      manifest.parts.map(({ file, rows, sha256, sum: own }) => ({ file, rows, sha256, sum: own })),
    );
    const { bytes: _, ...known } = manifest.tombstones!;
    expect(tombstones).toEqual(known);
  });
});

test('filters are probed as an inventory does', () => {
  expect(FILTER_PROBES).toEqual(Object.keys(PROBES));
});

test('a tombstone file that was changed is found', async () => {
  const folder = join(work, 'changed');
  cpSync(join(GOLDEN, 'parquet'), folder, { recursive: true });
  const manifest = readManifest(folder);
  writeManifest(folder, {
    ...manifest,
    tombstones: writeTombstones(
      folder,
      { ids: null, idColumn: manifest.ids.column },
      TOMBSTONES.map((each) => ({ ...each, id: 6n })),
    ),
  });
  writeManifest(folder, manifest);
  await expect(async () => checkParts(openExport(folder))).rejects.toThrow(/tombstones\.parquet/);
});

/** Each prints id, the first vector's type of element, and one typed column. */
const TOOLS: Readonly<Record<string, string>> = {
  duckdb: `
import duckdb
r = duckdb.sql(f"select id, \\"vector.vector\\"[3] as v, typeof(\\"vector.vector\\") as t, typeof(\\"metadata.at\\") as a from read_parquet('{folder}/points-*.parquet', union_by_name = true) where id = '18446744073709551615'").fetchall()[0]
print(r[0], round(r[1], 6), r[2], r[3])`,
  pandas: `
import pandas
t = pandas.concat(pandas.read_parquet(each) for each in files)
r = t[t["id"] == "18446744073709551615"].iloc[0]
print(r["id"], round(float(r["vector.vector"][2]), 6), r["vector.vector"].dtype, t["updated"].dtype)`,
  polars: `
import polars
t = polars.concat([polars.read_parquet(each) for each in files], how="diagonal")
r = t.filter(polars.col("id") == "18446744073709551615")
print(r["id"][0], round(r["vector.vector"][0][2], 6), t.schema["vector.vector"], t.schema["updated"])`,
};
const EXPECTED: Readonly<Record<string, string>> = {
  duckdb: '18446744073709551615 0.1 FLOAT[] TIMESTAMP WITH TIME ZONE',
  pandas: '18446744073709551615 0.1 float32 datetime64[us, UTC]',
  polars: "18446744073709551615 0.1 List(Float32) Datetime(time_unit='us', time_zone='UTC')",
};

describe.skipIf(withoutPython !== undefined)('plain tools see lists of numbers and typed columns', () => {
  test.each(Object.keys(TOOLS))('%s', (tool) => {
    const folder = join(GOLDEN, 'parquet');
    const program = `import glob\nfolder = ${JSON.stringify(folder)}\nfiles = sorted(glob.glob(folder + "/points-*.parquet"))${TOOLS[tool]}`;
    expect(execFileSync(python, ['-c', program], { encoding: 'utf8' }).trim()).toBe(EXPECTED[tool]);
  });
});
