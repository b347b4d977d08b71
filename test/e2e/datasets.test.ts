import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LoggedEvent } from '../../harness/model/events.js';
import type { DatasetsResults } from '../../harness/model/results.js';
import type { Verdicts } from '../../harness/model/verdict.js';
import { start, vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { until } from './helpers/until.js';
import { Workspace } from './helpers/workspace.js';

/** Two small datasets with points of their own, and a suite over both. */
function twoDatasets({ count = 400, repeat = 1, ef = '[10, 64]' } = {}): Workspace {
  const work = new Workspace();
  const lowest = ef.replace('[', '').split(',')[0];
  for (const [name, seed] of [
    ['first', 1],
    ['second', 3],
  ] as const) {
    work.write(`${name}.npy`, npy(randomVectors(count, 24, seed)));
    work.write(`${name}.queries.npy`, npy(randomVectors(100, 24, seed + 1)));
  }
  work.write(
    'suite.yaml',
    `version: 1
name: two
datasets:
  - { path: ./first.npy, metric: l2 }
  - { path: ./second.npy, metric: cosine, name: other }
repeat: ${repeat}
remeasure: { busy: 0 }
warmup: 0
engines:
  - use: usearch
    index: { type: hnsw, m: 8 }
    search: { ef: ${ef} }
gates:
  recall@10{ef:64}: mean >= 0.5
  recall@10{dataset:other,ef:${lowest}}: mean >= 1
`,
  );
  return work;
}

const part = (work: Workspace, name: string, ...path: string[]) => work.run('datasets', name, ...path);

function eventsOf(work: Workspace, name: string): LoggedEvent[] {
  const path = part(work, name, 'events.jsonl');
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as LoggedEvent);
}

describe('a suite with several datasets', () => {
  test('measures, reports and judges each in one run', async () => {
    const work = twoDatasets();
    const run = await vecproof(['run', 'suite.yaml'], work);
    // The second gate cannot be met.
    expect(run.code, run.stderr).toBe(1);
    for (const name of ['first', 'other']) expect(run.stdout).toContain(`Dataset ${name}`);

    const results = work.json<DatasetsResults>('results.json');
    expect(results.run.state).toBe('completed');
    expect(results.datasets.map(({ name, dataset }) => [name, dataset.name, dataset.metric])).toEqual([
      ['first', 'first', 'l2'],
      ['other', 'other', 'cosine'],
    ]);
    expect(results.trials.map(({ dataset, search }) => [dataset, search['ef']])).toEqual([
      ['first', 10],
      ['first', 64],
      ['other', 10],
      ['other', 64],
    ]);
    const csv = readFileSync(work.run('results.csv'), 'utf8').trimEnd().split('\n');
    expect(csv).toHaveLength(5);
    expect(csv.map((line) => line.split(',')[1])).toEqual(['dataset', 'first', 'first', 'other', 'other']);
    const html = readFileSync(work.run('report.html'), 'utf8');
    expect(html).toContain('title="Report of first"');
    expect(html).toContain('title="Report of other"');
    expect(html.match(/Which one to choose/g)).toHaveLength(2);

    const verdicts = work.json<Verdicts>('verdicts.json');
    expect(verdicts.outcome).toBe('failed');
    expect(verdicts.verdicts.map(({ dataset, name, state }) => [dataset, name, state])).toEqual([
      ['first', 'recall@10{ef:64}: mean >= 0.5', 'pass'],
      ['other', 'recall@10{ef:64}: mean >= 0.5', 'pass'],
      ['other', 'recall@10{dataset:other,ef:10}: mean >= 1', 'fail'],
    ]);

    const gate = await vecproof(['gate', 'latest', '--format', 'junit'], work);
    expect(gate.code, gate.stderr).toBe(1);
    expect(gate.stdout).toContain('gate FAIL recall@10{dataset:other,ef:10}: mean >= 1 on other');
    const junit = readFileSync(work.run('junit.xml'), 'utf8');
    expect(junit).toContain('tests="3" failures="1"');
    expect(junit).toContain('classname="two.first.gates"');
    const before = readFileSync(work.run('results.json'));
    const report = await vecproof(['report', 'latest', '--format', 'json,csv,html'], work);
    expect(report.code, report.stderr).toBe(0);
    expect(readFileSync(work.run('results.json')).equals(before)).toBe(true);
    expect((await vecproof(['list', 'runs'], work)).stdout).toContain('first, other');

    const power = await vecproof(['power', 'latest'], work);
    expect(power.code).toBe(2);
    expect(power.stderr).toContain(`${work.runs[0]}/datasets/other`);
    const one = await vecproof(['power', `${work.runs[0]}/datasets/other`], work);
    expect(one.code, one.stderr).toBe(0);
  });

  test('is its own baseline dataset by dataset', async () => {
    const work = twoDatasets();
    const gates = (text: string) =>
      text.replace(/gates:[\s\S]*/, 'gates:\n  recall@10: drop(baseline) < 5pt\n');
    work.write('suite.yaml', gates(readFileSync(join(work.folder, 'suite.yaml'), 'utf8')));
    expect((await vecproof(['run', 'suite.yaml'], work)).code).toBe(2); // There is no baseline yet.
    const set = await vecproof(['baseline', 'set', 'latest'], work);
    expect(set.code, set.stderr).toBe(0);
    const [first] = work.runs;
    const run = await vecproof(['run', 'suite.yaml'], work);
    const second = work.runs.find((id) => id !== first)!;
    const path = join(work.folder, '.runs', second, 'verdicts.json');
    const { baseline, verdicts } = JSON.parse(readFileSync(path, 'utf8')) as Verdicts;
    expect(baseline).toEqual({
      name: 'main',
      runs: [`${first}/datasets/first`, `${first}/datasets/other`],
      pairing: 'paired',
    });
    expect(verdicts.map(({ dataset }) => dataset)).toEqual(['first', 'other']);
    expect(verdicts.every(({ n }) => n === 100)).toBe(true);
    expect([0, 1], run.stderr).toContain(run.code);
  });

  test('is checked completely before the first is measured', async () => {
    const work = twoDatasets();
    const bad = randomVectors(50, 24);
    bad[7]![3] = Number.NaN;
    work.write('second.npy', npy(bad));
    const run = await vecproof(['run', 'suite.yaml'], work);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('second.npy');
    expect(work.runs).toEqual([]);
    const options = await vecproof(['run', 'suite.yaml', '--metric', 'l2'], work);
    expect(options.stderr).toContain('--metric: says how one dataset is read');
    const shard = await vecproof(['run', 'suite.yaml', '--shard', '1/2'], work);
    expect(shard.stderr).toContain('--dataset <name> --shard i/n');
  });

  test('keeps values of the environment out of names of files, and finds its parts again', async () => {
    const work = twoDatasets();
    work.write('secretive.npy', npy(randomVectors(200, 24, 9)));
    const env = { WHICH: './secretive.npy', NAME: 'secretive' };
    const text = readFileSync(join(work.folder, 'suite.yaml'), 'utf8');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
    const own = '{ path: "${WHICH}", queries: ./first.queries.npy, name: "${NAME}", metric: l2 }';
    work.write('suite.yaml', text.replace('{ path: ./first.npy, metric: l2 }', own));
    const run = await vecproof(['run', 'suite.yaml'], { folder: work.folder, env });
    expect(run.code, run.stderr).toBe(1);
    expect(readdirSync(work.run('datasets'))).toEqual(['name', 'other']);
    expect(readFileSync(work.run('manifest.json'), 'utf8')).not.toContain('secretive');
    expect((await vecproof(['run', '--resume', 'latest'], { folder: work.folder, env })).code).toBe(1);
    expect(work.json<DatasetsResults>('results.json').trials).toHaveLength(4);
  });

  test('is replaced by one with --dataset, with all that the list says of it', async () => {
    const work = twoDatasets();
    const run = await vecproof(['run', 'suite.yaml', '--dataset', 'other'], work);
    expect(run.code, run.stderr).toBe(1);
    expect(work.json<{ dataset: object }>('results.json').dataset).toMatchObject({
      name: 'other',
      metric: 'cosine',
    });
    expect(existsSync(work.run('datasets'))).toBe(false);
  });

  test('continues where Ctrl-C or a kill stopped it', async () => {
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const work = twoDatasets({ count: 3000, repeat: 20, ef: '[64, 400, 500]' });
      const running = start(['run', 'suite.yaml'], work);
      await until('the first dataset is being measured', () =>
        work.runs.length > 0 && eventsOf(work, 'first').some(({ type }) => type === 'buildBegin')
          ? true
          : undefined,
      );
      if (signal === 'SIGINT') process.kill(-running.child.pid!, signal);
      else running.child.kill(signal);
      const { code, stderr } = await running.ended;
      expect(code, stderr).toBe(signal === 'SIGINT' ? 130 : null);
      if (signal === 'SIGINT') expect(stderr).toContain(`--resume .runs/${work.runs[0]}`);
      expect(existsSync(part(work, 'other', 'manifest.json'))).toBe(false);

      const gate = await vecproof(['gate', 'latest'], work);
      expect(gate.code).toBe(2);
      expect(gate.stderr).toContain('some of its datasets were not measured');
      const resumed = await vecproof(['run', '--resume', 'latest'], work);
      expect(resumed.code, resumed.stderr).toBe(1);
      const results = work.json<DatasetsResults>('results.json');
      expect(results.run.state).toBe('completed');
      expect(results.trials.map(({ dataset, state }) => `${dataset} ${state}`)).toEqual([
        ...Array(3).fill('first completed'),
        ...Array(3).fill('other completed'),
      ]);
      expect(eventsOf(work, 'first').filter(({ type }) => type === 'runBegin')).toHaveLength(2);
      expect(readdirSync(work.run()).filter((name) => name === 'lock')).toEqual([]);
    }
  });
});
