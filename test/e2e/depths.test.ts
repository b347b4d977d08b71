import { expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import type { Verdicts } from '../../harness/model/verdict.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

const points = npy(randomVectors(3000, 32));
const queries = npy(randomVectors(200, 32, 2));

async function run(depth: string): Promise<{ work: Workspace; stdout: string; trials: Results['trials'] }> {
  const work = new Workspace();
  work.write('points.npy', points);
  work.write('points.queries.npy', queries);
  work.write(
    'suite.yaml',
    `version: 1
name: depths
dataset: { path: ./points.npy, metric: l2 }
k: [10, 100]
${depth}
repeat: 1
engines:
  - use: hnswlib
    index: { type: hnsw, m: 6, efConstruction: 32 }
    search: { ef: [16, 64, 100] }
gates:
  recall@10{ef:16}: { check: mean >= 0, by: value }
  recall@100{k:100}: { check: mean >= 0, by: value }
`,
  );
  const { code, stdout, stderr } = await vecproof(['run', 'suite.yaml'], work);
  expect(code, stderr).toBe(0);
  return { work, stdout, trials: work.json<Results>('results.json').trials };
}

test('each depth is a search of its own: what is measured at 10 ran with the ef that it names', async () => {
  const { work, trials } = await run('');
  const of = (k: number) => trials.filter((row) => row.k === k);
  expect(of(10).map(({ id }) => id.replace(/.*ef/, 'ef'))).toEqual(['ef16-k10', 'ef64-k10', 'ef100-k10']);
  const recall = of(10).map(({ measures }) => measures['recall@10']!.value);
  expect(recall).toEqual([...recall].sort((a, b) => a - b));
  expect(recall[0]).toBeLessThan(recall[1]!);
  expect(recall[1]).toBeLessThan(recall[2]!);
  for (const { measures } of of(10)) expect(measures['recall@100']).toBeUndefined();
  // The engine raises ef to the hits asked for.
  expect(of(100).map(({ effective, sameAs }) => [effective?.['ef'], sameAs?.replace(/.*ef/, 'ef')])).toEqual([
    [100, undefined],
    [100, 'ef16-k100'],
    [100, 'ef16-k100'],
  ]);
  for (const { measures } of of(100)) expect(measures['recall@10']).toBeUndefined();
  const { verdicts } = work.json<Verdicts>('verdicts.json');
  expect(
    verdicts.map(({ findings }) => findings.map(({ setting }) => setting.replace(/.* ef/, 'ef'))),
  ).toEqual([['ef=16 k=10'], ['ef=16→100 k=100', 'ef=64→100 k=100', 'ef=100 k=100']]);
  const [header, line] = work.read('results.csv').split('\n');
  expect(header!.split(',')).toEqual(expect.arrayContaining(['k', 'effective.ef', 'sameAs']));
  expect(line).toBeDefined();
});

test('depth: largest says what was asked for, and names one setting, not the fastest of three names', async () => {
  const { stdout, trials } = await run('depth: largest');
  expect(trials.map(({ k, depths }) => [k, depths])).toEqual(
    Array.from({ length: 3 }, () => [100, [10, 100]]),
  );
  const same = trials.map(({ measures }) => measures['recall@10']!.value);
  expect(new Set(same).size).toBe(1);
  expect(trials.map(({ sameAs }) => sameAs !== undefined)).toEqual([false, true, true]);
  expect(stdout).not.toContain('ef=16');
  expect(stdout).toContain('k=100');
});
