import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
import { readSamples, writeSamples } from '../../harness/store/samples.js';
import { vecproof } from './helpers/cli.js';
import { temporaryFolder, Workspace } from './helpers/workspace.js';

/** A run of two engines, as it was measured. */
let measured: string;
let id: string;

beforeAll(async () => {
  const work = new Workspace();
  const { code, stderr } = await vecproof(
    ['run', join(packageRoot, 'test/golden/fuzz/run/suite.yaml')],
    work,
  );
  expect(code, stderr).toBe(0);
  measured = work.folder;
  id = work.runs[0]!;
});

/** A copy of it that a test may change. */
function copy() {
  const folder = temporaryFolder();
  cpSync(join(measured, '.runs'), join(folder, '.runs'), { recursive: true });
  const path = (...names: string[]) => join(folder, '.runs', id, ...names);
  // Results are derived again.
  for (const name of ['results.json', 'derived.json']) rmSync(path(name), { force: true });
  return { folder, path };
}
type Copy = ReturnType<typeof copy>;

function change({ path }: Copy, name: string, by: (text: string) => string): void {
  const text = readFileSync(path(name), 'utf8');
  expect(by(text), 'something is changed').not.toBe(text);
  writeFileSync(path(name), by(text));
}

async function refused(work: Copy, args: string[], message: RegExp | string): Promise<void> {
  const { code, stderr } = await vecproof(args, work);
  expect(code, stderr).toBe(2);
  expect(stderr).not.toContain('unexpected');
  if (typeof message === 'string') expect(stderr).toContain(message);
  else expect(stderr).toMatch(message);
}

describe('names in the files of a run do not lead out of it', () => {
  test('the id of a trial', async () => {
    const work = copy();
    const outside = join(work.folder, 'escaped/x.run');
    mkdirSync(join(outside, '..'));
    writeFileSync(outside, 'mine');
    const trial = 'null-none-k3';
    for (const name of ['manifest.json', 'events.jsonl'])
      change(work, name, (text) => text.replaceAll(`"${trial}"`, '"../../../escaped/x"'));
    renameSync(work.path('samples', `${trial}.parquet`), join(work.folder, 'escaped/x.parquet'));
    await refused(work, ['report', 'latest', '--format', 'trec'], 'must consist of letters');
    await refused(work, ['run', '--resume', 'latest'], 'must consist of letters');
    expect(readFileSync(outside, 'utf8')).toBe('mine');
  });

  test('links inside of it', async () => {
    const work = copy();
    const outside = join(work.folder, 'outside.txt');
    writeFileSync(outside, 'mine\n');
    rmSync(work.path('events.jsonl'));
    symlinkSync(outside, work.path('events.jsonl'));
    await refused(work, ['run', '--resume', 'latest'], /events\.jsonl: is a link/);
    expect(readFileSync(outside, 'utf8')).toBe('mine\n');
  });
});

describe('numbers in the files of a run that cannot be', () => {
  test.each([
    ['repeat', /"repeat": 2/, '"repeat": 1000000000'],
    ['queries.count', /("set": "queries",\s*"count": )2/, '$11099511627776'],
    ['ks', /"ks": \[\s*1,\s*3\s*\]/, '"ks": [5, 1000000000]'],
    ['ks', /"ks": \[\s*1,\s*3\s*\]/, '"ks": [-5]'],
  ])('%s is refused (%s)', async (key, pattern, by) => {
    const work = copy();
    change(work, 'manifest.json', (text) => text.replace(pattern, by));
    await refused(
      work,
      ['report', 'latest'],
      new RegExp(`manifest\\.json: this file of the run is not valid: ${key}`),
    );
  });

  test('200,000 trials are refused at once', async () => {
    const work = copy();
    const manifest = JSON.parse(readFileSync(work.path('manifest.json'), 'utf8')) as {
      plan: { trials: { id: string }[] }[];
    };
    const trial = manifest.plan[0]!.trials[0]!;
    manifest.plan[0]!.trials = Array.from({ length: 200_000 }, (_, i) => ({ ...trial, id: `t${i}` }));
    writeFileSync(work.path('manifest.json'), JSON.stringify(manifest));
    const began = performance.now();
    await refused(work, ['report', 'latest'], /this file of the run is not valid: plan/);
    expect(performance.now() - began, 'ms').toBeLessThan(20_000);
  });
});

describe('files of a run that are none, or hold what there is not', () => {
  test('a query beyond the truth, and a row beyond the points', async () => {
    for (const what of ['query', 'rows'] as const) {
      const work = copy();
      const path = work.path('samples', 'null-none-k3.parquet');
      const samples = await readSamples(path, 3);
      samples.returned.fill(3);
      samples.rows.fill(1);
      samples[what][1] = 32_771;
      writeSamples(path, samples);
      await refused(
        work,
        ['report', 'latest'],
        /null-none-k3\.parquet: sample \d has a (query|row) that there is not/,
      );
    }
  });

  test.skipIf(process.platform === 'win32')('a FIFO, and a lock that is a folder', async () => {
    const work = copy();
    rmSync(work.path('truth.parquet'));
    expect(spawnSync('mkfifo', [work.path('truth.parquet')]).status).toBe(0);
    await refused(work, ['report', 'latest'], 'is a FIFO, not a file');
    const other = copy();
    mkdirSync(other.path('lock'));
    const { code, stderr } = await vecproof(['run', '--resume', 'latest'], other);
    expect(code, stderr).toBe(2);
    expect(stderr).not.toContain('unexpected');
  });
});

describe('what was changed since it was measured', () => {
  test('is said before a figure is derived from it, in the results, too', async () => {
    const work = copy();
    const untouched = await vecproof(['report', 'latest'], work);
    expect(untouched.stderr).not.toContain('not as it was written');
    const path = work.path('samples', 'null-none-k3.parquet');
    const samples = await readSamples(path, 3);
    samples.answered[0]! += 1000;
    writeSamples(path, samples);
    change(work, 'queries.json', (text) => text.replace('"q1"', '"q9"'));
    change(work, 'judgements.json', (text) => text.replace('2', '1'));
    change(work, 'events.jsonl', (text) => text.replace(/"wallSeconds":/, '"wallSeconds":9'));
    const { code, stderr } = await vecproof(['report', 'latest'], work);
    expect(code, stderr).toBe(0);
    const { warnings } = JSON.parse(readFileSync(work.path('results.json'), 'utf8')) as {
      warnings: string[];
    };
    for (const name of ['samples/null-none-k3.parquet', 'queries.json', 'judgements.json', 'events.jsonl']) {
      expect(stderr).toContain(`${name} is not as it was written`);
      expect(warnings.join('\n')).toContain(`${name} is not as it was written`);
    }
    await refused(work, ['baseline', 'set', 'latest'], 'cannot be compared with');
    expect(existsSync(join(work.folder, '.runs/baselines.json'))).toBe(false);
  });
});
