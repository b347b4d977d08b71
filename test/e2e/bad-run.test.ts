import { appendFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

const TRIAL = 'usearch-hnsw-m8-efConstruction128-ef16';

/** A finished run, which each test copies and damages. */
let source: Workspace;
beforeAll(async () => {
  source = new Workspace();
  source.write('points.npy', npy(randomVectors(300, 8)));
  source.write('points.queries.npy', npy(randomVectors(20, 8, 2)));
  source.write(
    'suite.yaml',
    `version: 1
name: damaged
dataset: { path: ./points.npy, metric: l2 }
repeat: 2
engines:
  - use: usearch
    index: { m: 8 }
    search: { ef: [16, 32] }
`,
  );
  const { code, stderr } = await vecproof(['run', 'suite.yaml'], source);
  expect(code, stderr).toBe(0);
});

function copyOfRun(): Workspace {
  const work = new Workspace();
  cpSync(source.folder, work.folder, { recursive: true });
  return work;
}

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

const cut = (path: string) => truncateSync(path, Math.floor(readFileSync(path).length / 2));

/** Damages, and what `report` and `run --resume` say of them. */
const DAMAGES: [name: string, damage: (work: Workspace) => void, message: RegExp][] = [
  [
    'written by a newer version',
    (work) => edit(work.run('manifest.json'), (text) => text.replace('"schema": 1', '"schema": 99')),
    /manifest\.json: this run was written by a newer vecproof \(got "schema 99, this version reads up to 1"\)[\s\S]*next: use/,
  ],
  [
    'a manifest cut off',
    (work) => cut(work.run('manifest.json')),
    /manifest\.json: this file of the run cannot be read[\s\S]*next: restore/,
  ],
  [
    'a manifest of something else',
    (work) => writeFileSync(work.run('manifest.json'), '{"schema":1}'),
    /manifest\.json: this file of the run is not valid: \w+[\s\S]*next: restore/,
  ],
  [
    'a line of the log that is damaged',
    (work) =>
      edit(work.run('events.jsonl'), (text) => text.replace('"type":"buildBegin"', '"type":"buildBeg')),
    /events\.jsonl:\d+: this line of the log is damaged[\s\S]*next: restore/,
  ],
  [
    'a truth cut off',
    (work) => cut(work.run('truth.parquet')),
    /truth\.parquet: is not a readable truth file[\s\S]*next: restore/,
  ],
  [
    'samples cut off',
    (work) => cut(work.run('samples', `${TRIAL}.parquet`)),
    /samples\/.*ef16\.parquet: the samples of this trial cannot be read[\s\S]*next: restore/,
  ],
  [
    'samples that are gone',
    (work) => rmSync(work.run('samples', `${TRIAL}.parquet`)),
    /samples\/.*ef16\.parquet: the samples of a completed trial are missing[\s\S]*next: restore/,
  ],
];

describe.concurrent('a damaged run folder', () => {
  test.each(DAMAGES)('%s', async (_name, damage, message) => {
    const work = copyOfRun();
    damage(work);
    const before = work.read('report.html');
    for (const command of [
      ['report', work.run()],
      ['run', '--resume', work.run()],
    ]) {
      const { code, stdout, stderr } = await vecproof(command, work);
      expect(code, stderr).toBe(2);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain('unexpected:');
      expect(stdout).toBe('');
    }
    expect(work.halfWritten()).toEqual([]);
    expect(work.read('report.html'), 'the earlier report stays').toBe(before);
  });

  test('a log whose last line was cut off by a kill is read without it', async () => {
    const work = copyOfRun();
    appendFileSync(work.run('events.jsonl'), '{"type":"trialEnd","time":"2026-01-');
    const { code, stderr } = await vecproof(['report', 'latest'], work);
    expect(code, stderr).toBe(0);
    const resumed = await vecproof(['run', '--resume', 'latest'], work);
    expect(resumed.code, resumed.stderr).toBe(0);
    for (const line of work.read('events.jsonl').trim().split('\n')) JSON.parse(line);
  });

  test('the list of runs shows the others beside one that cannot be read', async () => {
    const work = copyOfRun();
    cpSync(work.run(), join(work.folder, '.runs', 'copy'), { recursive: true });
    writeFileSync(join(work.folder, '.runs', 'copy', 'manifest.json'), '{');
    const { code, stdout } = await vecproof(['list', 'runs'], work);
    expect(code).toBe(0);
    expect(stdout).toMatch(/-damaged .*points/);
    expect(stdout).toMatch(/copy +cannot be read: .*manifest\.json/);
  });
});

describe('a run whose data has changed', () => {
  test('is not continued', async () => {
    const work = copyOfRun();
    // The run knows its data by absolute path. This test is the last: the others need the data as it was.
    source.write('points.npy', npy(randomVectors(300, 8, 3)));
    const { code, stderr } = await vecproof(['run', '--resume', 'latest'], work);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /the dataset or its queries have changed since this run began[\s\S]*next: restore the dataset/,
    );
    expect(work.halfWritten()).toEqual([]);
  });
});
