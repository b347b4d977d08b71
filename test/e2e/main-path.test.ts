import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
import { engineAvailability } from '../../engines/availability.js';
import { measureTrials } from '../../harness/derive/measure-trials.js';
import { aboutQueries } from '../../harness/derive/trial-rows.js';
import type { Results, TrialRow } from '../../harness/model/results.js';
import { SERIAL } from '../../harness/model/workload.js';
import { readManifest } from '../../harness/store/manifests.js';
import { runFolder } from '../../harness/store/run-folder.js';
import { readTruth } from '../../harness/truth/files.js';
import { type Outcome, vecproof } from './helpers/cli.js';
import { events } from './helpers/log.js';
import { Workspace } from './helpers/workspace.js';

const SUITE = `
version: 1
name: main path
dataset: debian-packages-20k
queries: { limit: 60 }
k: [1, 10]
depth: largest
repeat: 2
remeasure: { busy: 0 }
warmup: 5
engines:
`;
/** Entries of the suite by engine, with the number of their trials. */
const ENTRIES: Readonly<Record<string, [trials: number, yaml: string]>> = {
  lancedb: [1, '{ use: lancedb, index: { type: flat } }'],
  usearch: [2, '{ use: usearch, index: { m: 8, efConstruction: 32 }, search: { ef: [10, 160] } }'],
  hnswlib: [2, '{ use: hnswlib, index: { m: 8, efConstruction: 32 }, search: { ef: [10, 160] } }'],
  null: [1, '{ use: "null" }'],
};
/** An optional engine that is not installed here is left out, and its tests say that they are skipped. */
const here = new Set<string>();
for (const name of Object.keys(ENTRIES)) {
  if ((await engineAvailability(name)).state === 'available') here.add(name);
}
const entries = Object.entries(ENTRIES).filter(([name]) => here.has(name));
const PLANNED = entries.reduce((sum, [, [trials]]) => sum + trials, 0);

/** One real run, which all tests of this file look at. */
let work: Workspace;
let outcome: Outcome;
let results: Results;

beforeAll(async () => {
  work = new Workspace();
  work.write('suite.yaml', SUITE + entries.map(([, [, yaml]]) => `  - ${yaml}\n`).join(''));
  outcome = await vecproof(['run', 'suite.yaml'], work);
  results = work.json<Results>('results.json');
});

const figure = (trial: TrialRow | undefined, name: string) => trial?.measures[name]?.value ?? Number.NaN;
const trialsOf = (engine: string) => results.trials.filter((trial) => trial.engine === engine);

describe('a suite in, a report out', () => {
  test('ends with exit code 0 and says where the report is', () => {
    expect(outcome.code, outcome.stderr).toBe(0);
    const report = /Report: (\S+report\.html)/.exec(outcome.stdout)?.[1];
    expect(report, outcome.stdout).toBeDefined();
    expect(existsSync(join(work.folder, report!))).toBe(true);
  });

  test('the run folder holds what the design promises, and nothing else', () => {
    const samples = results.trials.map(({ id }) => `samples/${id}.parquet`);
    const raw = [
      'checksums.json',
      'events.jsonl',
      'manifest.json',
      'queries.json',
      'truth.parquet',
      ...samples,
    ];
    const derived = ['by-query.parquet', 'derived.json', 'report.html', 'results.csv', 'results.json'];
    const names = [...raw, ...derived].sort();
    const below = work.run().slice(work.folder.length + 1);
    expect(work.files(below).map((path) => path.slice(below.length + 1))).toEqual(names);
    expect(readdirSync(work.run('samples', 'parts'))).toEqual([]);
  });

  test('results.json follows the published schema', () => {
    const schema = JSON.parse(
      readFileSync(join(packageRoot, 'reports/results.schema.json'), 'utf8'),
    ) as object;
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    expect(validate(results), JSON.stringify(validate.errors)).toBe(true);
    const damaged = { ...results, trials: [{ ...results.trials[0], state: 'done' }] };
    expect(validate(damaged)).toBe(false);
  });

  test('every planned trial was measured, twice over each query', () => {
    expect(results.run.state).toBe('completed');
    expect(results.trials.map(({ state }) => state)).toEqual(Array(PLANNED).fill('completed'));
    expect(results.queries.count).toBe(60);
    for (const trial of results.trials) expect(trial.measures['errors']).toMatchObject({ value: 0, n: 120 });
  });

  test.skipIf(!here.has('lancedb'))(
    'exact search has a tie-aware recall of exactly 1, without any distance error',
    () => {
      const [flat] = trialsOf('lancedb');
      expect(flat?.measures['recall.ties@10']).toMatchObject({ value: 1, n: 60 });
      expect(flat?.measures['recall.ties@1']).toMatchObject({ value: 1, n: 60 });
      expect(figure(flat, 'recall@10')).toBeGreaterThan(0.97);
      expect(figure(flat, 'distance.error')).toBeLessThan(1e-5);
    },
  );

  test.for(['usearch', 'hnswlib'])(
    '%s finds more with a larger ef, with an interval around each figure',
    (engine, { skip }) => {
      skip(!here.has(engine), `${engine} is not installed`);
      const [low, high] = trialsOf(engine);
      expect(low?.search).toEqual({ ef: 10 });
      expect(figure(high, 'recall.ties@10')).toBeGreaterThan(figure(low, 'recall.ties@10') + 0.1);
      for (const trial of [low, high]) {
        const { value, low: from, high: to } = trial!.measures['recall@10']!;
        expect(from).toBeLessThan(value);
        expect(to).toBeGreaterThan(value);
      }
    },
  );

  test('a fixed answer finds next to nothing', () => {
    const [fixed] = trialsOf('null');
    expect(figure(fixed, 'recall@10')).toBeLessThan(0.05);
    expect(fixed?.measures['index.size'], 'there is no index: no size').toBeUndefined();
  });

  test('costs are there for every real engine, in plausible sizes', () => {
    const vectors = 20_000 * 384 * 4;
    for (const trial of results.trials.filter(({ engine }) => engine !== 'null')) {
      expect(figure(trial, 'index.size'), trial.id).toBeGreaterThan(vectors);
      expect(figure(trial, 'index.size'), trial.id).toBeLessThan(vectors * 1.5);
      expect(figure(trial, 'build.seconds'), trial.id).toBeGreaterThan(0);
      expect(figure(trial, 'latency.p50'), trial.id).toBeLessThanOrEqual(figure(trial, 'latency.p99'));
      expect(trial.engineVersion).toMatch(/^\d+\.\d+/);
    }
  });

  test('by-query.parquet has what the means are of', async () => {
    const bytes = readFileSync(work.run('by-query.parquet'));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const rows = (await parquetReadObjects({ file })) as Record<string, string | number>[];
    expect(new Set(rows.map(({ trial }) => trial)).size).toBe(results.trials.length);
    for (const trial of results.trials) {
      const own = rows.filter((row) => row['trial'] === trial.id);
      expect(new Set(own.map(({ query }) => query)).size).toBe(results.queries.count);
      for (const name of ['recall@10', 'recall.ties@10', 'distance.error']) {
        const values = own.map((row) => Number(row[name])).filter((value) => !Number.isNaN(value));
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        expect(mean, `${trial.id} ${name}`).toBeCloseTo(figure(trial, name), 12);
      }
    }
  });

  test('the CSV has one row for each trial', () => {
    const [head, ...rows] = work.read('results.csv').trim().split('\n');
    expect(head).toContain('recall.ties@10');
    expect(rows).toHaveLength(results.trials.length);
  });
});

describe('report', () => {
  test('derives the same bytes again from the raw files', async () => {
    const names = ['results.json', 'results.csv', 'report.html'];
    const before = names.map((name) => work.read(name));
    for (const name of names) rmSync(work.run(name));
    const again = await vecproof(['report', 'latest'], work);
    expect(again.code, again.stderr).toBe(0);
    for (const [i, name] of names.entries()) expect(work.read(name) === before[i], name).toBe(true);
  });

  test('does not believe a results file, nor measures by query, that somebody has edited', async () => {
    const before = work.read('results.json');
    const lower = JSON.parse(before) as Results;
    lower.trials[0]!.measures['recall@10']!.value = 0.5;
    writeFileSync(work.run('results.json'), JSON.stringify(lower, null, 2));
    rmSync(work.run('by-query.parquet'));
    expect((await vecproof(['report', 'latest'], work)).code).toBe(0);
    expect(work.read('results.json')).toBe(before);
    expect(existsSync(work.run('by-query.parquet'))).toBe(true);
  });

  test('derives again what comes of other samples, whatever the times of the files', async () => {
    const [worst, best] = trialsOf('hnswlib').map(({ id }) => work.run('samples', `${id}.parquet`));
    const [kept, times] = [readFileSync(worst!), statSync(worst!)];
    const before = work.read('results.json');
    copyFileSync(best!, worst!);
    utimesSync(worst!, times.atime, times.mtime);
    expect((await vecproof(['report', 'latest'], work)).code).toBe(0);
    expect(work.read('results.json')).not.toBe(before);
    writeFileSync(worst!, kept);
    expect((await vecproof(['report', 'latest'], work)).code).toBe(0);
    expect(work.read('results.json')).toBe(before);
  });

  test('measures in threads what it measures without, and tells a damaged file as always', async () => {
    const folder = runFolder(work.run());
    const context = {
      manifest: readManifest(folder),
      truth: await readTruth(folder.truth),
      about: aboutQueries(folder),
    };
    const ends = events(work).filter((event) => event.type === 'trialEnd');
    const tasks = ends.map((end) => ({
      trial: end.trial,
      workload: SERIAL,
      ks: [10],
      asked: 10,
      end,
      cost: {},
      refused: {},
      byQuery: true,
    }));
    const alone = await measureTrials(folder, tasks, context, 1);
    expect(alone).toHaveLength(PLANNED);
    expect(await measureTrials(folder, tasks, context, 3)).toEqual(alone);
    const path = work.run('samples', `${tasks[1]!.trial}.parquet`);
    const kept = readFileSync(path);
    writeFileSync(path, kept.subarray(0, 1000));
    const told = { name: 'InputError', where: path, what: 'the samples of this trial cannot be read' };
    await expect(measureTrials(folder, tasks, context, 3)).rejects.toMatchObject(told);
    writeFileSync(path, kept);
  });

  test('writes only the formats asked for, and knows the others by name', async () => {
    rmSync(work.run('results.csv'));
    rmSync(work.run('report.html'));
    expect((await vecproof(['report', '--format', 'csv'], work)).code).toBe(0);
    expect(existsSync(work.run('results.csv'))).toBe(true);
    expect(existsSync(work.run('report.html'))).toBe(false);
    const unknown = await vecproof(['report', '--format', 'pdf'], work);
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/--format.*pdf[\s\S]*html, csv, json/);
  });

  test('--json prints the results, and nothing else, on stdout', async () => {
    const { stdout, code } = await vecproof(['report', work.run(), '--json'], work);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(results);
  });

  test('a run that is not there is bad input, with the runs that are', async () => {
    const { code, stderr } = await vecproof(['report', 'yesterday'], work);
    expect(code).toBe(2);
    expect(stderr).toMatch(/yesterday: no such run/);
    expect(stderr).toContain(work.runs[0]);
  });
});
