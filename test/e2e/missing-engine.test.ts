import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { engineAvailability } from '../../engines/availability.js';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { installation } from './helpers/installation.js';
import { Workspace } from './helpers/workspace.js';

const GONE = 'hnswlib-node';
const SUITE = `version: 1
name: missing
dataset: { path: ./points.npy, metric: l2 }
repeat: 1
warmup: 0
engines:
  - use: hnswlib
    search: { ef: [16, 32] }
  - use: usearch
`;

const isMissing = (await engineAvailability('hnswlib')).state === 'missing';

function workspace(): Workspace {
  const work = new Workspace();
  work.write('suite.yaml', SUITE);
  work.write('points.npy', npy(randomVectors(200, 8)));
  work.write('points.queries.npy', npy(randomVectors(10, 8, 2)));
  return work;
}

describe.concurrent.each([
  ['is missing', () => {}, 'is not installed', 'npm install'],
  ['does not load', breakPackage, 'was compiled for another version of Node', 'npm rebuild hnswlib-node'],
])('an engine whose package %s', (_state, prepare, words, fix) => {
  let root: string;
  beforeAll(() => {
    root = installation([GONE]);
    prepare(root);
  });
  const command = (args: string[], work: Workspace) =>
    vecproof(args, { folder: work.folder, installation: root });

  test('is skipped with the command that fixes it; the rest is measured', async () => {
    const work = workspace();
    const { code, stderr, stdout } = await command(['run', 'suite.yaml'], work);
    expect(code, stderr).toBe(0);
    const results = work.json<Results>('results.json');
    expect(results.trials.map(({ engine, state }) => [engine, state])).toEqual([
      ['hnswlib', 'skipped'],
      ['hnswlib', 'skipped'],
      ['usearch', 'completed'],
    ]);
    expect(results.trials[0]?.reason).toContain(words);
    expect(results.trials[0]?.reason).toContain(fix);
    expect(stderr).toContain('2 trials are skipped: ');
    expect(stdout).toMatch(/2 trials skipped/);
    expect(work.read('report.html')).toContain(fix);
  });

  test('alone leaves nothing to measure: exit code 3', async () => {
    const work = workspace();
    const { code, stderr } = await command(['run', 'suite.yaml', '--engine', 'hnswlib'], work);
    expect(code).toBe(3);
    expect(stderr).toContain(fix);
  });

  test('is named by the first run, which does not need it, and by that alone', async () => {
    const work = workspace();
    const args = ['run', 'suite.yaml', '--engine', 'usearch'];
    const first = await command(args, work);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain('not needed here, but hnswlib does not load: "vecproof doctor" says why');
    expect((await command(args, work)).stderr).not.toContain('hnswlib');
  });

  test('is named by list engines and doctor, which find the rest in order', async () => {
    const work = workspace();
    const list = await command(['list', 'engines'], work);
    expect(list.stdout).toMatch(new RegExp(`^hnswlib +missing: .*${fix}`, 'm'));
    expect(list.stdout).toMatch(/^usearch +available/m);
    const doctor = await command(['doctor'], work);
    expect(doctor.code).toBe(0);
    expect(doctor.stdout).toMatch(new RegExp(`^missing +engine hnswlib: .*\\n +fix: .*${fix}`, 'm'));
    expect(doctor.stdout).toContain(words);
  });

  test.skipIf(isMissing)(
    `is measured by --retry-failed once it is there${isMissing ? ' (skipped: it is not)' : ''}`,
    async () => {
      const work = workspace();
      await command(['run', 'suite.yaml'], work);
      const { code, stderr } = await vecproof(['run', '--resume', 'latest', '--retry-failed'], work);
      expect(code, stderr).toBe(0);
      const results = work.json<Results>('results.json');
      expect(results.trials.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed']);
      expect(results.warnings.join()).toContain('the run was continued with hnswlib-node ');
    },
  );
});

/** As a native package is whose binary was made for another version of Node. */
function breakPackage(root: string): void {
  const folder = join(root, 'node_modules', GONE);
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: GONE, version: '3.0.0', main: 'index.js' }),
  );
  writeFileSync(
    join(folder, 'index.js'),
    "throw new Error('was compiled against a different Node.js version');\n",
  );
}
