import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import type { Verdicts } from '../../harness/model/verdict.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

test('searches while points are written: an exact engine has recall 1 at every checkpoint; the rest of the suite is not touched', async () => {
  const work = new Workspace();
  work.write('points.npy', npy(randomVectors(600, 12)));
  work.write('points.queries.npy', npy(randomVectors(40, 12, 2)));
  work.write(
    'suite.yaml',
    `version: 1
name: writes
dataset: { path: ./points.npy, metric: l2 }
k: 10
engines:
  - use: sqlite-vec
    index: { type: flat }
  - use: lancedb
    index: { type: flat }
  - use: hnswlib
    index: { type: hnsw, m: 8, efConstruction: 64 }
    search: { ef: 600 }
workloads:
  - { type: search-under-writes, rate: 40, inserts: 10, updates: 10, deletes: 10, duration: 2s, warmUp: 200ms, checkpoints: 2 }
  - serial
gates:
  "recall.ties@10{engine:sqlite-vec,workload:search-under-writes}": mean >= 1
  "freshness.insert.unresolved{engine:sqlite-vec,workload:search-under-writes}": total <= 0
  "writes.lost{engine:sqlite-vec,workload:search-under-writes}": total <= 0
`,
  );
  const { code, stderr } = await vecproof(['run', 'suite.yaml'], work);
  const { trials } = work.json<Results>('results.json');
  expect(trials.map(({ engine, workload, state }) => `${engine} ${workload} ${state}`)).toEqual([
    'sqlite-vec search-under-writes completed',
    'sqlite-vec serial completed',
    'lancedb search-under-writes completed',
    'lancedb serial completed',
    'hnswlib search-under-writes skipped',
    'hnswlib serial completed',
  ]);
  expect(trials[4]!.reason).toContain('keeps no points that can be written one by one');
  expect(code, stderr + work.read('verdicts.json')).toBe(0);
  // A build of its own: the serial trial's has the points of the dataset.
  expect(new Set(trials.map(({ build }) => build)).size).toBe(6);
  for (const row of trials.filter(({ workload, state }) => workload !== 'serial' && state === 'completed')) {
    const value = (name: string) => row.measures[name]?.value;
    expect(row.checkpoints).toHaveLength(2);
    // Failed and late queries count as nothing found: of those that were answered, all is right.
    const answered = 1 - value('errors')! / row.measures['errors']!.n;
    expect(value('recall.ties@10')!).toBeCloseTo(answered, 6);
    expect(value('writes.lost')).toBe(0);
    expect(value('writes.stale')).toBe(0);
    for (const kind of ['insert', 'update', 'delete']) {
      expect(value(`freshness.${kind}.unresolved`), kind).toBe(0);
      expect(value(`freshness.${kind}.first`), kind).toBe(1);
    }
    for (const file of ['writes', 'candidates'])
      expect(existsSync(work.run('samples', `${row.id}.${file}.parquet`)), file).toBe(true);
  }
  const { verdicts } = work.json<Verdicts>('verdicts.json');
  expect(verdicts.map(({ state }) => state)).toEqual(['pass', 'pass', 'pass']);
  const page = work.read('report.html');
  for (const text of ['id="writes"', 'By checkpoint', '10 + 10 + 10 writes/s']) expect(page).toContain(text);
  // Its answers are to other points than those of loads.
  expect(page).not.toContain('id="load"');
  // Derived again from what is on disk, it is the same.
  const before = work.read('results.json');
  expect((await vecproof(['report'], work)).code).toBe(0);
  expect(work.read('results.json')).toBe(before);
});

test('with filters and metadata that change: recall by what passed at the moment, how soon a filter sees it, groups', async () => {
  const work = new Workspace();
  const vectors = randomVectors(400, 8);
  const lines = vectors.map((vector, i) =>
    JSON.stringify({ id: String(i), vector, color: ['red', 'green', 'blue'][i % 3], size: i % 10 }),
  );
  work.write('points.jsonl', `${lines.join('\n')}\n`);
  const queries = randomVectors(40, 8, 2).map((vector, i) => JSON.stringify({ id: `q${i}`, vector }));
  work.write('points.queries.jsonl', `${queries.join('\n')}\n`);
  work.write(
    'suite.yaml',
    `version: 1
name: writes
dataset: { path: ./points.jsonl, metric: l2 }
k: 10
engines:
  - use: sqlite-vec
    index: { type: flat }
filters:
  - { group: red, filter: { color: red } }
  - { group: small, filter: { size: { $lt: 3 } } }
workloads:
  - { type: search-under-writes, rate: 60, inserts: 10, updates: 10, deletes: 10, metadataUpdates: 30, seconds: 1.5, warmUp: 0.2, follow: 100 }
gates:
  "recall.ties@10{group:red}": mean >= 1
  "writes.outdated": total <= 0
  "freshness.metadata.unresolved": total <= 0
`,
  );
  const { code, stderr } = await vecproof(['run', 'suite.yaml'], work);
  expect(code, stderr).toBe(0);
  const { trials } = work.json<Results>('results.json');
  const of = (group: string) => trials.find((row) => row.group === group)!;
  const all = of('all').measures;
  const answered = 1 - all['errors']!.value / all['errors']!.n;
  expect(all['recall.ties@10']!.value).toBeCloseTo(answered, 6);
  expect(all['filter.violations']!.value).toBe(0);
  expect(all['writes.lost']!.value).toBe(0);
  for (const kind of ['insert', 'update', 'delete', 'metadata']) {
    expect(all[`freshness.${kind}.unresolved`]!.value, kind).toBe(0);
    expect(all[`freshness.${kind}.first`]!.value, kind).toBe(1);
  }
  expect(all['filter.underfill'], 'how many pass changes').toBeUndefined();
  for (const group of ['red', 'small'])
    expect(of(group).measures['recall.ties@10']!.n, group).toBeGreaterThan(0);
  expect(work.read('report.html')).toContain('10 + 10 + 10 + 30 writes/s');
});
