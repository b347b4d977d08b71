import { describe, expect, test } from 'vitest';
import { faultText } from '../../../common/faults.js';
import { SuiteError } from '../../../harness/suite/faults.js';
import { type ParsedSuite, parseSuite } from '../../../harness/suite/parse.js';
import { parseSize } from '../../../harness/suite/schema.js';

const GOOD = `version: 1
name: x
dataset: data
engines:
  - use: one
`;

const parse = (text: string, env: NodeJS.ProcessEnv = {}): ParsedSuite =>
  parseSuite(text, 'a/suite.yaml', env);

/** The faults of a suite, which must have some. */
function faults(text: string, env: NodeJS.ProcessEnv = {}): readonly string[] {
  try {
    parse(text, env);
  } catch (error) {
    if (error instanceof SuiteError) return error.faults.map(faultText);
    throw error;
  }
  throw new Error('the suite has no fault');
}

describe('a suite', () => {
  test('gets the defaults that are documented', () => {
    const { suite, ks, memoryLimitBytes } = parse(GOOD);
    expect(suite).toMatchObject({ repeat: 3, warmup: 100, seed: 42, threads: 1, queries: {} });
    expect(suite.deadline).toEqual({ create: 180, load: 1800, index: 3600, search: 600 });
    expect(suite.engines).toEqual([{ use: 'one', index: {}, search: {} }]);
    expect(ks).toEqual([10]);
    expect(memoryLimitBytes).toBeNull();
  });

  test('may list several k, in any order', () => {
    expect(parse(`${GOOD}k: [100, 1, 10]\n`).ks).toEqual([1, 10, 100]);
    expect(faults(`${GOOD}k: [1, 10, 1]\n`)).toEqual(['a/suite.yaml:6:12 k[2] is listed twice (got 1)']);
  });

  test.each([
    ['512MiB', 512 * 2 ** 20],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['2 GB', 2e9],
    ['100B', 100],
    ['lots', undefined],
    ['12', undefined],
    ['-1GiB', undefined],
  ])('reads the size %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test('takes a memory limit in bytes or with a unit, but none of nothing', () => {
    expect(parse(`${GOOD}memoryLimit: 4GiB\n`).memoryLimitBytes).toBe(4 * 2 ** 30);
    expect(parse(`${GOOD}memoryLimit: 1000000\n`).memoryLimitBytes).toBe(1_000_000);
    expect(faults(`${GOOD}memoryLimit: 0GiB\n`)[0]).toContain('a/suite.yaml:6:14 memoryLimit must be a size');
  });
});

describe('the place of a fault', () => {
  test.each([
    [
      'a key that is missing is told at the map it belongs to',
      'version: 1\nname: x\n',
      ['1:1 dataset is required', '1:1 engines is required'],
    ],
    [
      'a value in block style',
      GOOD.replace('dataset: data', 'dataset:\n  path: x\n  metric: cosin'),
      ['5:11 dataset.metric must be'],
    ],
    [
      'an element of a list in block style',
      `${GOOD}k:\n  - 1\n  - -3\n`,
      ['8:5 k[1] must be at least 1 (got -3)'],
    ],
    ['a key without a value', `${GOOD}repeat:\n`, ['6:8 repeat must be a number (got null)']],
    ['a value behind an anchor', `x: &x 0\n${GOOD}k: *x\n`, ['1:7 x is not a known key', '7:4 k must be']],
    ['a text that should be a number', `${GOOD}repeat: "3"\n`, ['6:9 repeat must be a number (got "3")']],
    ['a fraction', `${GOOD}repeat: 1.5\n`, ['6:9 repeat must be an integer (got 1.5)']],
    ['what is too large', `${GOOD}k: 1001\n`, ['6:4 k must be at most 1000 (got 1001)']],
    ['an empty name', GOOD.replace('name: x', 'name: ""'), ['2:7 name must not be empty (got "")']],
    ['a scalar instead of a suite', 'just text', ['1:1 must be a map (got "just text")']],
  ])('%s', (_name, text, expected) => {
    const found = faults(text);
    expect(found).toHaveLength(expected.length);
    for (const [i, each] of expected.entries()) expect(found[i]).toContain(`a/suite.yaml:${each}`);
  });

  test.each(['a: [1', 'a: {b', 'a: b: c', '\tx: 1', '"a'])('what is not YAML: %s', (text) => {
    expect(faults(text)[0]).toMatch(/^a\/suite\.yaml:\d+:\d+ \S/);
  });
});

describe('variables', () => {
  const use = (text: string) => GOOD.replace('dataset: data', `dataset: ${text}`);
  const variable = (name: string) => `$\{${name}}`;

  test('are resolved in every text, several in one', () => {
    const text = use(`"./${variable('A')}/${variable('B_2')}.npy"`);
    const { suite, secrets, text: kept } = parse(text, { A: 'folder', B_2: 'file' });
    expect(suite.dataset).toBe('./folder/file.npy');
    expect(secrets).toEqual([
      { name: 'A', value: 'folder' },
      { name: 'B_2', value: 'file' },
    ]);
    expect(kept, 'the text is kept as written').toBe(text);
  });

  test('that are not set are faults, all of them, with their place', () => {
    expect(faults(use(`{ path: "${variable('A')}", queries: "${variable('B')}" }`))).toEqual([
      'a/suite.yaml:3:18 dataset.path uses the environment variable A, which is not set',
      'a/suite.yaml:3:35 dataset.queries uses the environment variable B, which is not set',
    ]);
  });

  test('that are empty are values', () => {
    expect(faults(use(`"${variable('A')}"`), { A: '' })[0]).toContain('3:10 dataset must not be empty');
  });

  test('are not looked for in keys, nor in what only looks alike', () => {
    expect(parse(use('"$A {A} $(A)"'), {}).suite.dataset).toBe('$A {A} $(A)');
  });

  test('are hidden in what is shown: name, description and faults', () => {
    const secret = 'tok-12345';
    const text = GOOD.replace('name: x', `name: run ${variable('T')}\ndescription: with ${variable('T')}`);
    const { suite } = parse(text, { T: secret });
    expect(suite.name).toBe(`run ${variable('T')}`);
    expect(suite.description).toBe(`with ${variable('T')}`);
    expect(faults(`${GOOD}repeat: ${variable('T')}\n`, { T: secret })[0]).toContain(
      `(got "${variable('T')}")`,
    );
  });
});
