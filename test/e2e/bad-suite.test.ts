import { describe, expect, test } from 'vitest';
import { vecproof } from './helpers/cli.js';
import { Workspace } from './helpers/workspace.js';

/** A suite that is right; each test spoils it in one way. */
const GOOD = `version: 1
name: bad input
dataset: debian-packages-20k
queries: { limit: 10 }
k: 10
engines:
  - use: usearch
    index: { type: hnsw, m: [8, 16] }
    search: { ef: [16, 32] }
`;

/** Name | what is replaced in the good suite | by what (⏎: a new line) | what the message holds … */
const SPOILT = `
a wrong key | queries: | querys: | suite.yaml:4:9 querys is not a known key | Did you mean "queries"?
a wrong key of an entry | use: usearch | use: usearch⏎    serach: 1 | suite.yaml:8:13 engines[0].serach is not a known key | Did you mean "search"?
a wrong parameter | m: [8, 16] | width: 8 | suite.yaml:8:33 engines[0].index.width is not a known key | knows type, quantization, m, efConstruction
a near parameter | search: { ef: | search: { eff: | suite.yaml:9:20 engines[0].search.eff is not a known key. Did you mean "ef"?
a parameter of another engine | search: { ef: | search: { nprobe: 2, ef: | suite.yaml:9:23 engines[0].search.nprobe is not a known key | knows ef
a wrong type | m: [8, 16] | m: 16k | suite.yaml:8:29 engines[0].index.m must be an integer from 2 to 256 (got "16k")
one wrong value of a sweep | [8, 16] | [8, 1000] | suite.yaml:8:33 engines[0].index.m[1] must be an integer from 2 to 256 (got 1000)
a list of maps | m: [8, 16] | m: [{ a: 1 }] | suite.yaml:8:30 engines[0].index.m[0] must be a text, a number, true or false (got {"a":1})
a text for a number | k: 10 | k: ten | suite.yaml:5:4 k must be an integer from 1 to 1000, or a list of such (got "ten")
a k of zero | k: 10 | k: 0 | suite.yaml:5:4 k must be at least 1 (got 0)
an unknown engine | use: usearch | use: usaerch | suite.yaml:7:10 engines[0].use is an unknown engine | Did you mean "usearch"?
an engine like no other | use: usearch | use: pinecone | engines[0].use is an unknown engine | Known: usearch, hnswlib, lancedb, | (got "pinecone")
an empty sweep | ef: [16, 32] | ef: [] | suite.yaml:9:19 engines[0].search.ef must not be empty
a value that is swept twice | [16, 32] | [16, 32, 16] | suite.yaml:9:28 engines[0].search.ef[2] is listed twice (got 16)
a version to come | version: 1 | version: 2 | suite.yaml:1:10 version must be 1 (got 2)
a list where a map is due | search: { ef: [16, 32] } | search: [16] | suite.yaml:9:13 engines[0].search must be a map
a memory limit without a unit | k: 10 | k: 10⏎memoryLimit: lots | suite.yaml:6:14 memoryLimit must be a size such as 512MiB | (got "lots")
a deadline of nothing | k: 10 | k: 10⏎deadline: { search: 0 } | suite.yaml:6:21 deadline.search must be more than 0 (got 0)
an unset variable | debian-packages-20k | $\{NO_SUCH} | suite.yaml:3:10 dataset uses the environment variable NO_SUCH, which is not set
what is not YAML | k: 10 | k: [10 | suite.yaml:6:1
a key written twice | k: 10 | k: 10⏎k: 5 | suite.yaml:6:1 | unique
no engines | engines: | more: | suite.yaml:1:1 engines is required
`;

const cases = SPOILT.trim()
  .split('\n')
  .map((line) => line.split(' | ') as [name: string, from: string, to: string, ...pieces: string[]]);

/** Runs a suite that cannot be used: exit code 2, told on stderr only, and nothing was written. */
async function refused(yaml: string, args: readonly string[] = []): Promise<string> {
  const work = new Workspace();
  work.write('suite.yaml', yaml);
  const { code, stdout, stderr } = await vecproof(['run', 'suite.yaml', ...args], work);
  expect(code, stderr).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).not.toContain('unexpected:');
  expect(work.files(), 'nothing is written before the suite is right').toEqual(['suite.yaml']);
  return stderr;
}

test('the suite that the tests spoil is right', async () => {
  const work = new Workspace();
  work.write('suite.yaml', GOOD);
  const { code, stdout } = await vecproof(['run', 'suite.yaml', '--dry-run'], work);
  expect(code).toBe(0);
  expect(stdout).toContain('2 builds, 4 trials');
});

describe.concurrent('each fault is told with its place, what was got and what to do', () => {
  test.each(cases)('%s', async (_name, from, to, ...pieces) => {
    expect(GOOD).toContain(from);
    const stderr = await refused(GOOD.replace(from, () => to.replaceAll('⏎', '\n')));
    for (const piece of pieces) expect(stderr).toContain(piece);
  });

  test('an empty file', async () => {
    expect(await refused('')).toMatch(/suite\.yaml:1:1 must be a map/);
  });
});

describe('all faults are told at once', () => {
  test('of suite and engines, in the order of the file', async () => {
    const stderr = await refused(
      GOOD.replace('k: 10', 'k: 0')
        .replace('name:', 'nmae:')
        .replace('[16, 32]', '[]')
        .concat('  - use: usaerch\n  - use: hnswlib\n    index: { m: 1 }\n'),
    );
    const lines = stderr.trim().split('\n');
    const places = [
      'suite.yaml:1:1 name is required',
      'suite.yaml:2:7 nmae is not a known key',
      'suite.yaml:5:4 k must be at least 1',
      'suite.yaml:9:19 engines[0].search.ef must not be empty',
      'suite.yaml:10:10 engines[1].use is an unknown engine',
      'suite.yaml:12:17 engines[2].index.m must be an integer',
    ];
    expect(lines, stderr).toHaveLength(places.length);
    for (const [i, place] of places.entries()) expect(lines[i]).toContain(place);
  });

  test('a fault of the key of a sweep once, not once for each value', async () => {
    const stderr = await refused(GOOD.replace('search: { ef:', 'search: { eff:'));
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

test('aliases that grow without end are refused, not expanded', async () => {
  const layers = Array.from(
    { length: 12 },
    (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`,
  );
  const stderr = await refused(`l0: &l0 [x, x, x]\n${layers.join('\n')}\n${GOOD}`);
  expect(stderr).toMatch(/suite\.yaml:1:1 .*alias/i);
});

describe('arguments', () => {
  test('--engine that the suite does not use', async () => {
    expect(await refused(GOOD, ['--engine', 'lancedb'])).toMatch(/--engine.*"lancedb"\n.*use usearch/);
  });

  test('--only that fits no trial', async () => {
    const stderr = await refused(GOOD, ['--only', 'ef9999']);
    expect(stderr).toMatch(/--only: no trial is left \(got "ef9999"\)\n.*--dry-run/);
  });

  test('an unknown option, with the nearest one', async () => {
    expect(await refused(GOOD, ['--engin', 'usearch'])).toMatch(/unknown option '--engin'[\s\S]*--engine/);
  });

  test('a suite that is not there', async () => {
    const { code, stderr } = await vecproof(['run', 'no-such.yaml'], new Workspace());
    expect(code).toBe(2);
    expect(stderr).toMatch(/no-such\.yaml: the suite cannot be read[\s\S]*next: .*list suites/);
  });

  test('no suite at all, and a command that does not exist', async () => {
    const none = await vecproof(['run'], new Workspace());
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toContain('no suite was given');
    const unknown = await vecproof(['rnu'], new Workspace());
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/unknown command 'rnu'[\s\S]*run/);
  });
});
