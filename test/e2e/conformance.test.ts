import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
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
  test('the example passes', async () => {
    const { code, stdout, stderr } = await conformance('', '');
    expect(code, stderr + stdout).toBe(0);
    expect(stdout).toMatch(/^passed {2}recall: flat none under dot reaches recall 1/m);
    expect(stdout).toMatch(/^metrics +cosine, dot, l2$/m);
    expect(stdout).toMatch(/^Brute force: \d\d passed, 0 failed, 3 do not apply$/m);
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

  test('one of ours is held to it by our own tests; an unknown one is told', async () => {
    const ours = await vecproof(['conformance', 'usearch'], new Workspace());
    expect([ours.code, ours.stderr]).toEqual([2, expect.stringContaining('comes with vecproof')]);
    const unknown = await vecproof(['conformance', 'usaerch'], new Workspace());
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('Did you mean "usearch"')]);
  });
});
