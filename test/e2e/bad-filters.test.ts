import { describe, expect, test } from 'vitest';
import { vecproof } from './helpers/cli.js';
import { Workspace } from './helpers/workspace.js';

const head = (queries: string) =>
  `version: 1\nname: bad\ndataset: debian-packages-20k\nqueries: ${queries}\nengines:\n  - { use: sqlite-vec, index: { type: flat } }\n`;
const deep = (levels: number, inner: string) => '{"$not":'.repeat(levels) + inner + '}'.repeat(levels);

/** Exit code 2, told on stderr only and in lines that a terminal can show. */
async function refused(work: Workspace, args: readonly string[] = ['run', 'suite.yaml', '--dry-run']) {
  const { code, stdout, stderr } = await vecproof(args, work);
  expect(code, stderr).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).not.toContain('unexpected:');
  expect(stderr).not.toContain('call stack');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not reach a terminal.
  expect(stderr).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
  return stderr;
}

describe.concurrent('filters that cannot be used are told with place and remedy', () => {
  test('in a suite, all at once', async () => {
    const filters = [
      ['{ section: { $near: libs } }', 'filter.section.$near is no operator. Did you mean "$ne"?'],
      ['{ sectoin: libs }', 'filter.sectoin is no field of the dataset. Did you mean "section"?'],
      [
        '{ installed_size: ten }',
        'installed_size must be an integer, as "installed_size" is of type integer',
      ],
      [
        '{ installed_size: "9223372036854775808" }',
        'must be from -9223372036854775808 to 9223372036854775807',
      ],
      ['{ installed_size: 9007199254740993 }', 'is beyond 2^53, where numbers are rounded: write it as text'],
      ['{ section: { $regex: "(a+)+$" } }', 'can run without end. Use $startsWith, $like or $in'],
      ['{ tags: libs }', 'is not for arrays: use $contains, $containsAny or $containsAll'],
      [deep(300, '{"section":"libs"}'), 'is nested more than 64 deep: flatten $and and $or'],
    ] as const;
    const work = new Workspace();
    const list = filters.map(([filter]) => `  - group: g\n    filter: ${filter}\n`).join('');
    work.write('suite.yaml', `${head('{ limit: 5 }')}filters:\n${list}`);
    const told = (await refused(work)).trimEnd().split('\n');
    expect(told).toHaveLength(filters.length);
    for (const [i, [, message]] of filters.entries()) {
      expect(told[i]).toMatch(new RegExp(`^suite\\.yaml:${9 + 2 * i}:\\d+ filters\\[${i}\\]\\.filter`));
      expect(told[i]).toContain(message);
      expect(told[i]!.length).toBeLessThan(400);
    }
  });

  test.each([
    ['deeper than the YAML library can read', deep(5000, '{"section":"libs"}'), 'nested too deep to be read'],
    [
      'by a name that objects have',
      '{ section: libs, __proto__: 1 }',
      '__proto__ is a name that cannot be used',
    ],
  ])('%s', async (_, filter, message) => {
    const work = new Workspace();
    work.write('suite.yaml', `${head('{ limit: 5 }')}filters:\n  - group: g\n    filter: ${filter}\n`);
    expect(await refused(work)).toContain(message);
  });

  test('in a file of queries, all at once', async () => {
    const lines = [
      ['{"query": "new-9999999"}', 'query is no query of the set new-packages. Its ids are such as "new-'],
      ['{"query": "new-0001"', 'is not JSON'],
      ['{"query": "new-0001", "filter": {"section": "a", "section": "b"}}', 'names the key "section" twice'],
      ['{"query": "new-0002", "filter": {"tags": {"$contains": 3}}}', 'filter.tags.$contains must be text'],
      [`{"query": "new-0003", "filter": ${deep(20_000, '{"section":"a"}')}}`, 'nested more than 64 deep'],
      ['\u001b[31m\u009b31m', 'is not JSON'],
      ['{"id": "own", "vector": [1, 2]}', 'vector must have the 384 dimensions of the dataset'],
    ] as const;
    const work = new Workspace();
    work.write('suite.yaml', head('{ file: q.jsonl }'));
    work.write('q.jsonl', `\uFEFF${lines.map(([line]) => line).join('\r\n')}\r\n`);
    const told = (await refused(work)).trimEnd().split(/\n(?! )/);
    expect(told).toHaveLength(lines.length);
    for (const [i, [, message]] of lines.entries()) {
      expect(told[i]).toMatch(new RegExp(`^q\\.jsonl:${i + 1} `));
      expect(told[i]).toContain(message);
    }
  });

  test('times without a zone', async () => {
    const work = new Workspace();
    const point = { id: 'a', vector: [1, 0], at: '2026-01-01T00:00:00Z' };
    work.write('data/points.jsonl', `${JSON.stringify(point)}\n`);
    work.write('data/queries.jsonl', '{"id": "q", "vector": [0, 1]}\n');
    const declared = 'fields: [{ name: at, type: timestamp, nullable: false }]';
    const sets = 'querySets: [{ name: q, file: queries.jsonl }]';
    work.write(
      'data/dataset.yaml',
      `name: d\nformat: jsonl\nmetric: l2\npoints: { file: points.jsonl }\n${sets}\n${declared}\n`,
    );
    const filters = 'filters:\n  - { group: g, filter: { at: { $gt: "2026-03-29T02:30:00" } } }\n';
    work.write('suite.yaml', `${head('{ set: q }').replace('debian-packages-20k', 'data/')}k: 1\n${filters}`);
    const told = await refused(work);
    expect(told).toContain('filters[0].filter.at.$gt');
    expect(told).toMatch(/zone/);
  });
});

describe.concurrent('judgements on what is not there', () => {
  test('a document, in a file of queries', async () => {
    const work = new Workspace();
    work.write('suite.yaml', head('{ file: q.jsonl }'));
    work.write('q.jsonl', '\n{"query": "new-0001", "judgements": {"no-such-package": 1}}\n');
    const told = await refused(work, ['run', 'suite.yaml']);
    expect(told).toContain('q.jsonl:2: a judgement names the document "no-such-package"');
    expect(told).toContain('next: correct the id, or take the line out');
    expect(work.runs).toEqual([]);
  });

  test.each([
    ['a document', 'q\t0\ta\t1\nq\t0\tz\t1\n', 'qrels.tsv:2: a judgement names the document "z"'],
    ['a query', 'q\t0\ta\t1\nr\t0\ta\t1\n', 'qrels.tsv:2: a judgement names the query "r"'],
  ])('%s, in TREC format', async (_, qrels, message) => {
    const work = new Workspace();
    work.write('data/points.jsonl', '{"id": "a", "vector": [1, 0]}\n');
    work.write('data/queries.jsonl', '{"id": "q", "vector": [0, 1]}\n');
    work.write('data/qrels.tsv', qrels);
    const sets = 'querySets: [{ name: q, file: queries.jsonl, qrels: qrels.tsv }]';
    work.write(
      'data/dataset.yaml',
      `name: d\nformat: jsonl\nmetric: l2\npoints: { file: points.jsonl }\n${sets}\n`,
    );
    work.write(
      'suite.yaml',
      `${head('{ set: q }').replace('debian-packages-20k', 'data/')}k: 1\nrelevance: { missing: refuse }\n`,
    );
    const told = await refused(work, ['run', 'suite.yaml']);
    expect(told).toContain(message);
    expect(told).toContain('next: correct the id');
    expect(work.runs).toEqual([]);
  });
});
