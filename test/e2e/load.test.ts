import { expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import type { Verdicts } from '../../harness/model/verdict.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

test('a suite under load: figures by workload, gates on them, clients of an engine that blocks are threads', async () => {
  const work = new Workspace();
  work.write('points.npy', npy(randomVectors(2000, 16)));
  work.write('points.queries.npy', npy(randomVectors(100, 16, 2)));
  work.write(
    'suite.yaml',
    `version: 1
name: load
dataset: { path: ./points.npy, metric: l2 }
k: 10
repeat: 2
engines:
  - use: lancedb
    index: { type: flat }
  - use: hnswlib
    index: { type: hnsw, m: 8, efConstruction: 64 }
    search: { ef: 32 }
workloads:
  - serial
  - { type: constant-clients, clients: [1, 3], seconds: 0.5, warmUp: 0.2 }
  - { type: constant-rate, rate: 100, arrivals: uniform, seconds: 1, warmUp: 0.2 }
gates:
  "recall@10{engine:hnswlib,workload:constant-rate,rate:100}": mean >= 0.5
  "errors{engine:lancedb,workload:constant-clients}": total <= 0
`,
  );
  const { code, stderr } = await vecproof(['run', 'suite.yaml'], work);
  expect(code, stderr).toBe(0);
  const { trials } = work.json<Results>('results.json');
  expect(trials.map(({ id, state }) => `${id} ${state}`)).toEqual([
    'lancedb-flat completed',
    'lancedb-flat-constant-clients-clients1-seconds0.5-warmUp0.2 completed',
    'lancedb-flat-constant-clients-clients3-seconds0.5-warmUp0.2 completed',
    'lancedb-flat-constant-rate-rate100-arrivalsuniform-seconds1-warmUp0.2 completed',
    'hnswlib-hnsw-m8-efConstruction64-ef32 completed',
    'hnswlib-hnsw-m8-efConstruction64-ef32-constant-clients-clients1-seconds0.5-warmUp0.2 completed',
    'hnswlib-hnsw-m8-efConstruction64-ef32-constant-clients-clients3-seconds0.5-warmUp0.2 completed',
    'hnswlib-hnsw-m8-efConstruction64-ef32-constant-rate-rate100-arrivalsuniform-seconds1-warmUp0.2 completed',
  ]);
  expect(trials.map(({ clientThreads = 1 }) => clientThreads)).toEqual([1, 1, 1, 1, 1, 1, 3, 1]);
  for (const row of trials.filter(({ workload }) => workload === 'constant-rate')) {
    // 100 a second for 1 s in two passes: what was due is the same for every engine.
    expect(row.measures['errors']!.n).toBe(200);
    expect(row.measures['load.offered']!.value).toBeCloseTo(100, 6);
  }
  for (const row of trials.filter(({ workload, state }) => workload !== 'serial' && state === 'completed')) {
    // The answers are those of the same search, whatever the load.
    const serial = trials.find(({ engine, workload }) => engine === row.engine && workload === 'serial')!;
    expect(row.measures['recall@10']!.value).toBeCloseTo(serial.measures['recall@10']!.value, 1);
    expect(row.measures['load.inFlight']!.value).toBeLessThanOrEqual(
      Number(row.workloadOptions!['clients'] ?? 64) + 1e-9,
    );
    expect(row.measures['errors.other']!.value).toBe(0);
  }
  const { verdicts } = work.json<Verdicts>('verdicts.json');
  expect(verdicts.map(({ state, findings }) => [state, findings.length])).toEqual([
    ['pass', 1],
    ['pass', 2],
  ]);
  const page = work.read('report.html');
  for (const chart of ['latency', 'clients']) expect(page.includes(`id="chart-load-${chart}"`)).toBe(true);
  expect(/hnswlib hnsw (keeps p99|misses) /.test(page)).toBe(true);
});
