import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from './helpers/cli.js';
import { jsonl, npy, parquet, randomVectors, writeHdf5 } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

const POINTS = randomVectors(300, 8);
const QUERIES = randomVectors(25, 8, 2);
const SUITE = `version: 1
name: Options
dataset: { path: ./points.npy, metric: l2 }
queries: { limit: 20 }
k: [1, 5]
depth: largest
repeat: 1
warmup: 2
engines:
  - use: usearch
    index: { m: [4, 8], efConstruction: 64 }
    search: { ef: [8, 64] }
  - use: null
  - use: "null"
    label: another
`;

function workspace(): Workspace {
  const work = new Workspace();
  work.write('suite.yaml', SUITE);
  work.write('points.npy', npy(POINTS));
  work.write('points.queries.npy', npy(QUERIES));
  return work;
}

async function run(work: Workspace, ...options: string[]): Promise<Results> {
  const { code, stdout, stderr } = await vecproof(['run', 'suite.yaml', '--json', ...options], work);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Results;
}

describe('--dry-run', () => {
  test('prints builds, trials and an estimate, and writes nothing', async () => {
    const work = workspace();
    const before = work.files();
    const { code, stdout } = await vecproof(['run', 'suite.yaml', '--dry-run'], work);
    expect(code).toBe(0);
    expect(stdout).toContain('Options: 4 builds, 6 trials on ');
    expect(stdout).toContain('k 1, 5');
    expect(stdout.match(/\[.*\]$/gm)).toHaveLength(6);
    expect(stdout).toContain('estimate: none, no earlier run of these builds is here, 120 measured queries');
    expect(work.files()).toEqual(before);
  });

  test('estimates from earlier runs of the same builds', async () => {
    const work = workspace();
    await run(work, '--engine', 'usearch');
    const { stdout } = await vecproof(['run', 'suite.yaml', '--dry-run'], work);
    expect(stdout).toMatch(
      /estimate: \d+ s, as earlier runs here took, without 2 builds that never ran here/,
    );
  });
});

describe('what is measured', () => {
  let work: Workspace;
  let all: Results;
  beforeAll(async () => {
    work = workspace();
    all = await run(work);
  });

  test('--json prints results.json, and only that, on stdout', () => {
    expect(all).toEqual(work.json('results.json'));
    expect(all.trials).toHaveLength(6);
    expect(new Set(all.trials.map(({ id }) => id)).size).toBe(6);
  });

  test('the sample of queries depends on the seed alone', async () => {
    const again = await run(workspace());
    expect(again.queries).toEqual(all.queries);
    expect(again.dataset.hash).toBe(all.dataset.hash);
    const other = workspace();
    other.write('suite.yaml', `${SUITE}seed: 7\n`);
    expect((await run(other)).queries.hash).not.toBe(all.queries.hash);
  });

  test('--engine leaves only that engine, --only the trials whose id contains the text', async () => {
    const engine = await run(workspace(), '--engine', 'null');
    expect(engine.trials.map(({ series }) => series)).toEqual(['null none', 'another']);
    const only = await run(workspace(), '--only', 'ef64');
    expect(only.trials.map(({ index, search }) => [index['m'], search['ef']])).toEqual([
      [4, 64],
      [8, 64],
    ]);
    expect(only.run.command).toBe('vecproof run suite.yaml --only ef64');
  });

  test('--out puts runs and cache elsewhere', async () => {
    const here = workspace();
    const before = here.files();
    const home = new Workspace();
    await run(here, '--engine', 'null', '--out', home.folder);
    expect(here.files()).toEqual(before);
    expect(readdirSync(home.folder).sort()).toEqual(['.cache', '.runs']);
    const { stdout } = await vecproof(['list', 'runs', '--out', home.folder], here);
    expect(stdout).toMatch(/-options +Options +points +2 /);
  });
});

describe.concurrent('--dataset', () => {
  test('takes a file of another tool: ann-benchmarks HDF5, whose own neighbours are compared', async () => {
    const work = workspace();
    const neighbors = QUERIES.map(() => Array.from({ length: 5 }, (_, i) => i));
    await writeHdf5(work.folder, 'other.hdf5', {
      train: POINTS,
      test: QUERIES,
      neighbors,
      distance: 'angular',
    });
    const results = await run(work, '--dataset', './other.hdf5');
    expect(results.dataset).toMatchObject({
      metric: 'cosine',
      metricSource: 'file',
      count: 300,
      dimensions: 8,
    });
    expect(results.run.command).toContain('--dataset ./other.hdf5');
    // The null engine answers with the first rows, and so do these made-up neighbours.
    const fixed = results.trials.find(({ engine }) => engine === 'null');
    expect(results.truth.providedAgreement).toBeCloseTo(fixed!.measures['recall.ties@5']!.value, 1);
    expect(results.truth.providedAgreement).toBeLessThan(0.5);
  });

  test.each([
    ['.jsonl', jsonl],
    ['.parquet', parquet],
    ['.npy', npy],
  ])('gives the same recall from %s', async (extension, write) => {
    const work = workspace();
    work.write(`same${extension}`, write(POINTS));
    work.write(`same.queries${extension}`, write(QUERIES));
    const results = await run(work, '--dataset', `./same${extension}`, '--engine', 'usearch', '--only', 'm8');
    expect(results.dataset).toMatchObject({ metric: 'cosine', metricSource: 'default', count: 300 });
    expect(results.warnings.join()).toContain('does not say its metric; cosine is assumed');
    const wide = results.trials.find(({ search }) => search['ef'] === 64);
    expect(wide?.measures['recall.ties@5']?.value).toBeGreaterThan(0.95);
  });

  test('with fewer queries than the suite’s limit takes all, and says so', async () => {
    const work = workspace();
    work.write('few.npy', npy(POINTS));
    work.write('few.queries.npy', npy(QUERIES.slice(0, 7)));
    const results = await run(work, '--dataset', './few.npy', '--engine', 'null');
    expect(results.queries.count).toBe(7);
    expect(results.warnings.join()).toContain('7 queries, fewer than the limit of 20');
  });

  test('that does not suit an engine: its trials are skipped with the reason, the rest is measured', async () => {
    const work = workspace();
    const suite = SUITE.replace(
      'index: { m: [4, 8], efConstruction: 64 }',
      'index: { quantization: [none, sq8] }',
    );
    work.write('suite.yaml', suite);
    const results = await run(work);
    const skipped = results.trials.filter(({ state }) => state === 'skipped');
    expect(skipped.map(({ index }) => index['quantization'])).toEqual(['sq8', 'sq8']);
    for (const { reason, measures } of skipped) {
      expect(reason).toMatch(/sq8 .*cosine only, not l2/);
      expect(measures).toEqual({});
    }
    expect(results.trials.filter(({ state }) => state === 'completed')).toHaveLength(4);
    expect(results.warnings.join()).toContain('2 trials are skipped: ');
  });
});
