import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compiledModule, packageRoot } from '../../common/paths.js';
import { vecproof } from './helpers/cli.js';
import { Workspace } from './helpers/workspace.js';

const EXAMPLE = readFileSync(join(packageRoot, 'examples/engine/brute-force.js'), 'utf8');

interface Checks {
  engine: string;
  capabilities: { metrics: string[] };
  checks: { path: string[]; title: string; state: string; error?: string }[];
}

/** Runs the command on the example, spoilt. */
async function conformance(from = '', to = '', ...more: string[]) {
  const work = new Workspace();
  expect(EXAMPLE).toContain(from);
  work.write(
    'mine.js',
    EXAMPLE.replace(from, () => to),
  );
  return vecproof(['conformance', './mine.js', ...more], work);
}

describe.concurrent('an engine of one’s own, held to the suite', () => {
  test('that ends the process as it is loaded is named', async () => {
    const { code, stdout, stderr } = await conformance("name: 'brute-force'", 'name: process.abort()');
    expect(code, stderr).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('mine.js: the engine does not load: loading it ended the process with SIGABRT');
  });

  test('the example passes', async () => {
    const { code, stdout, stderr } = await conformance('', '');
    expect(code, stderr + stdout).toBe(0);
    expect(stdout).toMatch(/^passed {2}recall: flat none under dot reaches recall 1/m);
    expect(stdout).toMatch(/^metrics +cosine, dot, l2$/m);
    expect(stdout).toMatch(/^Brute force: \d\d passed, 0 failed, 5 do not apply$/m);
  });

  /** What is wrong | in the example | becomes | the checks that see it. */
  const SPOILT: [what: string, from: string, to: string, checks: RegExp[]][] = [
    ['mixes up a metric', "if (metric === 'dot') return -ab;", '', [/^recall: .* dot/m, /^scores: .* dot/m]],
    ['keeps the batch’s memory', 'values.slice(', 'values.subarray(', [/^recall: flat none under cosine/m]],
    [
      'ignores a parameter',
      'Number(share) * this',
      '1 * this',
      [/^parameters: share/m, /^behaviour: two settings/m],
    ],
    ['answers after its end', '        open = false;', '', [/^behaviour: a search that was closed/m]],
    [
      'does not look at the signal',
      'signal.throwIfAborted();\n      //',
      '//',
      [/^behaviour: an aborted signal/m],
    ],
    [
      'loses points',
      'count: this.#points.length, indexed',
      'count: this.#points.length - 1, indexed',
      [/^behaviour: counts/m],
    ],
    ['says that it waits', "'blocking'", "'concurrent'", [/^execution: concurrent: the event loop turns/m]],
    [
      'says that no two builds are alike',
      "deterministicBuild: 'always'",
      "deterministicBuild: 'never'",
      [/^determinism: two builds differ/m],
    ],
  ];
  test.each(SPOILT)('one that %s fails', async (_what, from, to, checks) => {
    const { code, stdout, stderr } = await conformance(from, to, '--json');
    expect(code, stderr).toBe(1);
    const found = JSON.parse(stdout) as Checks;
    expect(found.engine).toBe('brute-force');
    const failed = found.checks.filter(({ state }) => state === 'failed');
    const names = failed.map(({ path, title }) => `${path.join(': ')}: ${title}`).join('\n');
    for (const check of checks) expect(names).toMatch(check);
    expect(failed.every(({ error }) => error !== '')).toBe(true);
  });

  test.each([
    ['without facts', 'export const facts', 'const facts', 'exports no "facts"'],
    ['with facts that lack something', '  tellsSize: false,', '', 'facts.tellsSize is missing'],
    [
      'with facts about options that it refuses',
      "{ 'flat none': PLAIN }",
      "{ 'flat none': { index: { m: 1 }, search: {} } }",
      'its facts cannot be used',
    ],
  ])('one %s is refused', async (_what, from, to, message) => {
    const { code, stdout, stderr } = await conformance(from, to);
    expect(code, stderr).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('unexpected:');
  });

  /** What a call does | where | what becomes of its check. */
  const NATIVE: [what: string, from: string, to: string, found: RegExp][] = [
    [
      'crashes',
      '    return { keys: nearest',
      '    if (k === 20) process.abort();\n    return { keys: nearest',
      /^the process of the check crashed with signal SIGABRT/,
    ],
    [
      'never returns',
      '    return { keys: nearest',
      '    if (k === 20) for (;;);\n    return { keys: nearest',
      /^check took longer than its deadline of 20 s \(--deadline\)/,
    ],
    [
      'never resolves',
      '    return { keys: nearest',
      '    if (k === 20) return new Promise(() => setInterval(() => {}, 1000));\n    return { keys: nearest',
      /^check took longer than its deadline of 20 s \(--deadline\)/,
    ],
  ];
  test.each(NATIVE)(
    'a call that %s is a failed check by its name, and the others run',
    async (_what, from, to, found) => {
      const { code, stdout, stderr } = await conformance(from, to, '--json', '--deadline', '20');
      expect(code, stderr).toBe(1);
      const { checks } = JSON.parse(stdout) as Checks;
      // The only one that asks for 20 points.
      const failed = checks.filter(({ state }) => state === 'failed');
      expect(failed).toMatchObject([
        { path: ['behaviour'], title: 'points with equal vectors are all found, each once' },
      ]);
      expect(failed[0]!.error).toMatch(found);
      expect(checks.filter(({ state }) => state === 'passed').length).toBeGreaterThan(20);
      expect(new Set(checks.map(({ path, title }) => [...path, title].join())).size).toBe(checks.length);
    },
  );

  test('one on a server that stays: what crashed checks left there is removed, and no secret is shown', async () => {
    const work = new Workspace();
    const place = join(work.folder, 'place');
    mkdirSync(place);
    writeFileSync(join(place, 'theirs'), '');
    const target = compiledModule('test/engines/placed.js');
    const args = ['conformance', target, '--url', pathToFileURL(place).href, '--json'];
    const { code, stdout, stderr } = await vecproof(args, work);
    expect(code, stderr).toBe(1);
    const failed = (JSON.parse(stdout) as Checks).checks.filter(({ state }) => state === 'failed');
    expect(failed.map(({ title }) => title)).toEqual([
      'has a version',
      'a query of another length is refused, also one of twice the length',
    ]);
    expect(failed[0]!.error).toContain('denied to <password>');
    expect(stdout + stderr).not.toContain('correct-horse');
    expect(readdirSync(place)).toEqual(['theirs']);
  });

  test('one of ours is held to the same suite, whole points and filters included', async () => {
    const { code, stdout, stderr } = await vecproof(['conformance', 'sqlite-vec', '--json'], new Workspace());
    expect(code, stderr).toBe(0);
    const { checks } = JSON.parse(stdout) as Checks;
    const groups = new Set(checks.map(({ path }) => path[0]));
    expect([...groups]).toEqual([
      'behaviour',
      'execution',
      'clients',
      'scores',
      'recall',
      'parameters',
      'filters',
      'determinism',
      'points',
    ]);
  });

  test.each([
    ['an unknown engine', ['usaerch'], 2, 'Did you mean "usearch"'],
    [
      'a mode that there is not',
      ['qdrant', '--launch', 'dokcer'],
      2,
      '--launch: must be one of docker, url. Did you mean "docker"?',
    ],
    [
      'an address of an engine without a server',
      ['usearch', '--url', 'http://x:1'],
      2,
      'usearch runs inside the process',
    ],
    ['a server that does not answer', ['qdrant', '--url', 'http://127.0.0.1:1'], 3, '127.0.0.1:1'],
  ])('%s is told', async (_what, args, exit, message) => {
    const { code, stderr } = await vecproof(['conformance', ...args], new Workspace());
    expect([code, stderr]).toEqual([exit, expect.stringContaining(message)]);
    expect(stderr).not.toContain('unexpected:');
  });
});
