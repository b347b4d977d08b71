import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Dataset } from '../../datasets/dataset.js';
import { openDataset } from '../../datasets/open.js';
import type { Point } from '../../engines/contract/points.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import { exportCollection } from '../../migration/export/export.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { memorySource } from './helpers/memory-source.js';

/** What was exported can be measured: an export stands wherever a dataset may. */

const VECTORS: readonly VectorField[] = [
  { name: 'title', kind: 'dense', type: 'f32', dimensions: 3, metric: 'dot' },
  { name: 'body', kind: 'dense', type: 'f16', dimensions: 2, metric: 'l2' },
];
const ONE = 0x3c00;
const COUNT = 25;
const UUID = '0190e3c5-7a5e-7d8a-9a6b-2f0c1d3e4f50';

/** "late" first comes in the second part; "mixed" has no column that holds all of it. */
function points(): Point[] {
  return Array.from({ length: COUNT }, (_, i) => ({
    id: i === 3 ? UUID : BigInt(i),
    vectors: { title: Float32Array.of(i, 1, -i), body: Uint16Array.of(ONE, 0) },
    metadata: {
      price: i % 5 === 0 ? null : i / 2,
      n: i,
      at: 1_700_000_000_000_000n + BigInt(i),
      mixed: i % 2 === 0 ? 'a' : 1,
      ...(i > 15 && { late: `l${i}` }),
    },
    text: i === 0 ? undefined : `text ${i}`,
  }));
}

let work: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'vecproof-export-dataset-'));
  for (const format of ['parquet', 'jsonl'] as const) await write(format, VECTORS, format);
  await write('one', VECTORS.slice(0, 1), 'parquet');
  const lines = Array.from({ length: 4 }, (_, i) => JSON.stringify({ id: `q${i}`, vector: [i, 1, 0] }));
  writeFileSync(join(work, 'queries.jsonl'), `${lines.join('\n')}\n`);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function write(name: string, vectors: readonly VectorField[], format: 'parquet' | 'jsonl') {
  const fields = [{ name: 'at', type: 'timestamp', native: 'timestamptz', nullable: true }] as const;
  const held = points().map((each) => ({
    ...each,
    vectors: Object.fromEntries(vectors.map(({ name: of }) => [of, each.vectors[of]!])),
  }));
  const source = memorySource(held, { ids: null, vectors, fields });
  const folder = join(work, name);
  await exportCollection(source, { folder, format, partRows: 10, batchSize: 10, signal: never });
}
const never = new AbortController().signal;

function open(path: string, vector?: string): Promise<Dataset> {
  return openDataset(path, {
    baseFolder: work,
    cacheFolder: join(work, 'cache'),
    columns: { vector },
    queriesOptional: true,
  });
}

describe.each(['parquet', 'jsonl'])('an export as %s is a dataset', (format) => {
  test('with ids, the chosen vector, and typed fields', async () => {
    const dataset = await open(`./${format}`, 'title');
    const { info } = dataset;
    expect(info).toMatchObject({ count: COUNT, dimensions: 3, metric: 'dot', metricSource: 'file' });
    expect(info.fields.map(({ name, type }) => `${name}: ${type}`).sort()).toEqual([
      'at: timestamp',
      'late: string',
      'n: integer',
      'price: float',
    ]);
    expect(info.warnings?.join()).toMatch(/left out "mixed"/);
    const rows: unknown[] = [];
    const names = ['price', 'n', 'at', 'late'];
    for await (const batch of dataset.points({ batchSize: 7, metadata: names }))
      for (let i = 0; i < batch.count; i++)
        rows.push([
          batch.ids[i],
          [...batch.vectors.subarray(i * 3, i * 3 + 3)],
          ...names.map((name) => batch.metadata![name]![i]),
        ]);
    expect(rows).toEqual(
      points().map(({ id, vectors, metadata }) => [
        String(id),
        [...(vectors['title'] as Float32Array)],
        metadata['price'],
        metadata['n'],
        metadata['at'],
        metadata['late'] ?? null,
      ]),
    );
    await dataset.close();
  });

  test('with halves as the numbers that they are', async () => {
    const dataset = await open(`export:./${format}`, 'body');
    expect(dataset.info.metric).toBe('l2');
    for await (const batch of dataset.points({ batchSize: 100 })) expect(batch.vectors[0]).toBe(1);
    await dataset.close();
  });

  test('that says which vectors there are', async () => {
    await expect(open(`./${format}`)).rejects.toThrow(/several vectors: title, body[\s\S]*--vector title/);
    await expect(open(`./${format}`, 'titel')).rejects.toThrow(/no vector "titel".*[Dd]id you mean "title"/);
  });
});

test('truth and checks take an export as it is', async () => {
  const queries = join(work, 'queries.jsonl');
  const folder = join(work, 'one');
  const place = new Workspace();
  const checked = await vecproof(['dataset', 'check', `export:${folder}`, '--queries', queries], place);
  expect(checked.stdout + checked.stderr).toMatch(/25/);
  expect(checked.code).toBe(0);
  const out = ['--k', '3', '--out', 'truth.parquet'];
  const truth = await vecproof(['truth', folder, '--queries', queries, ...out], place);
  expect(truth.stderr + truth.stdout).toMatch(/truth\.parquet/);
  expect(truth.code).toBe(0);
});

test('a part that was changed is no dataset', async () => {
  await write('changed', VECTORS.slice(0, 1), 'parquet');
  appendFileSync(join(work, 'changed', 'points-00001.parquet'), 'x');
  await expect(open('./changed')).rejects.toThrow(/points-00001\.parquet: is not the file that was written/);
  await expect(open('export:./nowhere')).rejects.toThrow(/is no finished export/);
});
