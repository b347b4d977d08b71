import { appendFileSync, copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { eventsOf, manifest } from './helpers/log.js';
import { Workspace } from './helpers/workspace.js';

const EXAMPLE = join(packageRoot, 'examples/engine/brute-force.js');

const suite = (...engines: string[]) => `version: 1
name: modules
dataset: { path: ./points.npy, metric: l2 }
k: 5
repeat: 2
warmup: 0
engines:
${engines.map((entry) => `  - ${entry}`).join('\n')}
`;

/** A folder with data, the suite in a folder of its own, and the example beside it as `mine.js`. */
function workspace(...engines: string[]): Workspace {
  const work = new Workspace();
  work.write('suites/points.npy', npy(randomVectors(200, 8)));
  work.write('suites/points.queries.npy', npy(randomVectors(40, 8, 2)));
  work.write('suites/suite.yaml', suite(...engines));
  copyFileSync(EXAMPLE, join(work.folder, 'suites/mine.js'));
  return work;
}

describe.concurrent('an engine that a module defines', () => {
  test('is measured beside ours, and its run is reported and continued', async () => {
    const work = workspace('{ use: ./mine.js, search: { share: [0.5, 1] } }', '{ use: usearch }');
    const module = join(work.folder, 'suites/mine.js');
    const ran = await vecproof(['run', 'suites/suite.yaml', '--json'], work);
    expect(ran.code, ran.stderr).toBe(0);
    const { trials } = JSON.parse(ran.stdout) as Results;
    const recalls = trials.filter(({ engine }) => engine === 'brute-force');
    expect(recalls.map(({ state, engineVersion }) => [state, engineVersion])).toEqual([
      ['completed', '1.0.0'],
      ['completed', '1.0.0'],
    ]);
    expect(recalls[1]!.measures['recall@5']?.value).toBe(1);
    expect(recalls[0]!.measures['recall@5']!.value).toBeLessThan(0.8);
    const { plan, packages } = manifest(work);
    expect(plan.map((build) => build.module)).toEqual([module, undefined]);
    expect(packages['brute-force (mine.js)']).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect((await vecproof(['report', 'latest'], work)).code).toBe(0);

    appendFileSync(module, '// changed\n');
    const continued = await vecproof(['run', '--resume', 'latest'], work);
    expect(continued.code, continued.stderr).toBe(0);
    const warnings = eventsOf(work, 'warning').map(({ message }) => message);
    expect(warnings).toContainEqual(
      expect.stringContaining('the run was continued with brute-force (mine.js) sha256:'),
    );

    rmSync(module);
    const gone = await vecproof(['run', '--resume', 'latest'], work);
    expect(gone.code).toBe(2);
    expect(gone.stderr).toContain(`${module}: there is no such file`);
    // What was measured stands without it.
    expect((await vecproof(['report', 'latest'], work)).code).toBe(0);
  });

  test('that needs a package which is not there is left out with the reason', async () => {
    const work = workspace('{ use: ./lacking.js }', '{ use: ./mine.js }');
    const needs = readFileSync(EXAMPLE, 'utf8').replace('packages: []', "packages: ['no-such-client']");
    work.write('suites/lacking.js', needs.replace("'brute-force'", "'lacking'"));
    const { code, stdout, stderr } = await vecproof(['run', 'suites/suite.yaml', '--json'], work);
    expect(code, stderr).not.toBe(2);
    const { trials } = JSON.parse(stdout) as Results;
    expect(trials.map(({ engine, state }) => [engine, state])).toEqual([
      ['lacking', 'skipped'],
      ['brute-force', 'completed'],
    ]);
    expect(trials[0]!.reason).toContain('package no-such-client, which lacking.js needs, is not installed');
  });
});

test('the suite of the example is planned', async () => {
  const path = join(packageRoot, 'examples/engine/suite.yaml');
  const { code, stdout, stderr } = await vecproof(['run', path, '--dry-run'], new Workspace());
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('2 builds, 5 trials');
});

describe.concurrent('a module that cannot be used', () => {
  const example = readFileSync(EXAMPLE, 'utf8');
  test.each([
    ['is not there', undefined, 'there is no such file'],
    ['exports nothing', 'export const other = 1;', 'there is no export "engine" (it exports ["other"])'],
    ['throws', "throw new Error('no licence');", 'the engine does not load: no licence'],
    ['ends its process', 'process.abort();', 'loading it ended the process with SIGABRT'],
    ['waits for ever', 'await new Promise(() => {});', 'loading it ended the process with exit code 13'],
    ['is no JavaScript', 'export const engine = {', 'the engine does not load'],
    [
      'has the name of one of ours',
      example.replace("'brute-force'", "'usearch'"),
      'its name "usearch" is that',
    ],
    ['cannot connect', example.replace('connect: async', 'connects: async'), 'it has no function connect'],
    [
      'has a capability of another kind',
      example.replace("'blocking'", "'sync'"),
      'capabilities.execution must',
    ],
  ])('%s', async (_what, text, message) => {
    const work = workspace('{ use: usearch, index: { m: 1 } }', '{ use: ./spoilt.js }');
    if (text !== undefined) work.write('suites/spoilt.js', text);
    const before = work.files();
    const { code, stdout, stderr } = await vecproof(['run', 'suites/suite.yaml'], work);
    expect(code, stderr).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('suite.yaml:8:33 engines[0].index.m');
    expect(stderr).toContain('suite.yaml:9:12 engines[1].use cannot be used: ');
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('unexpected:');
    expect(work.files()).toEqual(before);
  });

  test('has the name of another one', async () => {
    const work = workspace('{ use: ./mine.js }', '{ use: ./copy.js }');
    copyFileSync(EXAMPLE, join(work.folder, 'suites/copy.js'));
    const { code, stderr } = await vecproof(['run', 'suites/suite.yaml', '--dry-run'], work);
    expect(code).toBe(2);
    expect(stderr).toContain('suite.yaml:9:12 engines[1].use defines an engine "brute-force", and so does ');
  });
});
