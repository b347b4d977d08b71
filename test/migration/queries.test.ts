import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkQueries } from '../../harness/suite/filtered-queries.js';
import { parseQueryFile } from '../../harness/suite/query-file.js';
import { exportCollection } from '../../migration/export/export.js';
import type { Coverage } from '../../migration/queries/coverage.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { somePoints } from './helpers/collection.js';
import { memorySource } from './helpers/memory-source.js';

const never = new AbortController().signal;
const FIELDS = [
  { name: 'owner', type: 'string', nullable: true },
  { name: 'n', type: 'integer', nullable: true },
] as const;

let work: Workspace;
const vector = (i: number) => Array.from({ length: 6 }, (_, j) => Math.sin(i + j));
const line = (i: number, about: object) =>
  JSON.stringify({
    embedding: vector(i),
    ts: `2026-11-${String((i % 28) + 1).padStart(2, '0')}T00:00:00Z`,
    ...about,
  });

beforeAll(async () => {
  work = new Workspace();
  const points = somePoints(200).map((point, i) => ({ ...point, metadata: { n: i, owner: `o${i % 50}` } }));
  const source = memorySource(points, {
    ids: 'string',
    vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 6, metric: 'cosine' }],
  });
  await exportCollection(source, { folder: join(work.folder, 'docs'), batchSize: 500, signal: never });
  work.write(
    'log.jsonl',
    [
      '\uFEFF# an application’s log',
      ...Array.from({ length: 40 }, (_, i) =>
        line(i, { text: `how to call alice@example.com ${i}`, flow: 'chat' }),
      ),
      ...Array.from({ length: 5 }, () => line(0, {})),
      ...Array.from({ length: 10 }, (_, i) =>
        line(100 + i, { filter: { owner: `o${i}` }, tenant: 'owner', group: 'permission' }),
      ),
      ...Array.from({ length: 6 }, (_, i) => line(200 + i, { filter: { n: { $gt: 9_000 + i } } })),
      line(300, { filter: { email: 'alice@example.com' } }),
      line(301, { filter: { $or: [{ n: 1 }, { $not: { email: 'alice@example.com' } }] } }),
      line(302, { native: { must: [] } }),
      JSON.stringify({ text: 'without a vector' }),
      JSON.stringify({ embedding: [1, 2, 3] }),
      JSON.stringify({ embedding: [1, null] }),
      '{"embedding": [1, 2',
      line(303, { filter: { n: { $gte: 2 ** 53 } } }).replace(`${2 ** 53}`, '9007199254740993'),
    ].join('\n'),
  );
});

const IMPORT = [
  'queries',
  'import',
  'log.jsonl',
  '--key',
  'vector=embedding',
  '--key',
  'time=ts',
  '--key',
  'workflow=flow',
];
const run = (...args: string[]) => vecproof(args, work);
const text = (name: string) => readFileSync(join(work.folder, name), 'utf8');

describe('queries import', () => {
  test('reads filters of SQL, leaves out those of redacted fields, and counts what has no portable form by its reason', async () => {
    const native = (i: number, filter: string | object) => line(i, { native: filter });
    work.write(
      'sql.jsonl',
      [
        native(1, "owner = 'o1' and not n < 5"),
        native(2, { where: 'n between $1 and $2', params: [3, 9] }),
        native(3, "SELECT id FROM docs WHERE owner IN ('o2','o3') ORDER BY embedding <=> '[1,2]' LIMIT 5"),
        native(4, "owner = 'alice'"),
        native(5, "lower(owner) = 'alice'"),
        native(6, "lower(owner) = 'bob'"),
        native(7, "n = 'alice@example.com'"),
      ].join('\n'),
    );
    const args = [
      'queries',
      'import',
      'sql.jsonl',
      '--key',
      'vector=embedding',
      '--data',
      'docs',
      '--native',
      'pgvector',
    ];
    const all = await run(...args, '--out', 'sql-q.jsonl');
    expect(all.code, all.stderr).toBe(0);
    const filters = text('sql-q.jsonl')
      .split('\n')
      .filter((each) => each.startsWith('{'))
      .map((each) => (JSON.parse(each) as { filter: unknown }).filter);
    expect(filters).toEqual(
      expect.arrayContaining([
        { $and: [{ owner: { $eq: 'o1' } }, { n: { $gte: 5 } }] },
        { $and: [{ n: { $gte: 3 } }, { n: { $lte: 9 } }] },
        { owner: { $in: ['o2', 'o3'] } },
        { owner: { $eq: 'alice' } },
      ]),
    );
    const { leftOut } = (JSON.parse(text('sql-q.jsonl.coverage.json')) as Coverage).log;
    expect(leftOut).toEqual({
      'native filters without a portable form, such as: the function lower has no portable form': 2,
      'native filters without a portable form, such as: a text is compared with "n", which is of type integer': 1,
    });
    expect((await run(...args, '--redact', 'owner', '--out', 'redacted.jsonl')).code).toBe(0);
    expect(text('redacted.jsonl') + text('redacted.jsonl.coverage.json')).not.toMatch(/alice|o1|o2/);
  });

  test('writes a query file that suites read, redacted, and says what it lacks', async () => {
    const args = ['--redact', 'text,email', '--data', 'docs', '--floor', '5'];
    const { code, stdout, stderr } = await run(...IMPORT, ...args, '--out', 'q.jsonl');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('log.jsonl: line 68 has a vector that is no list of finite numbers');
    const written = text('q.jsonl');
    expect(written + text('q.jsonl.coverage.json')).not.toContain('alice');
    const { entries, faults } = parseQueryFile(written);
    expect(faults).toEqual([]);
    const known = { fields: FIELDS, dimensions: 6, ids: new Map(), set: 'q', maxK: 10, cosine: true };
    const checked = checkQueries(entries, known);
    expect(checked.faults).toEqual([]);
    expect(checked.queries).toHaveLength(57);
    expect(checked.queries.filter(({ tenant }) => tenant !== null)).toHaveLength(10);
    // 40 of the chat, 10 of owners, 6 that pass nothing, and the long integer.
    expect(new Set(checked.queries.map(({ group }) => group))).toEqual(
      new Set(['unfiltered', 'permission', 'negative']),
    );
    expect(written).toContain('9007199254740993');
    const coverage = JSON.parse(text('q.jsonl.coverage.json')) as Coverage;
    expect(coverage.log.leftOut).toEqual({
      'lines that cannot be read': 2,
      'queries of text without a vector: nothing here embeds it': 1,
      'filters in an engine’s own language alone: add the portable one as "filter"': 1,
      'filters that name a redacted field': 2,
      'vectors of other than 6 dimensions': 1,
    });
    const stratum = (dimension: keyof Coverage['dimensions'], name: string) =>
      coverage.dimensions[dimension].find((each) => each.name === name);
    expect(stratum('frequency', 'head (half of the traffic)')).toBeUndefined();
    expect(stratum('frequency', 'repeated')).toMatchObject({ available: 1, traffic: 6 });
    expect(stratum('tenant size', 'at most 10%')).toMatchObject({ available: 10, chosen: 10 });
    expect(stratum('selectivity', 'selectivity none')).toMatchObject({ available: 7 });
    expect(stratum('length', '3-8 words')).toMatchObject({ available: 40 });
    expect(stdout).toContain('missing: kind "filtered": the log has no such query');
    expect(stdout).toContain('thin: frequency "repeated": 1 queries');
  });

  test('is the same for the same seed, and needs no data', async () => {
    for (const out of ['a.jsonl', 'b.jsonl'])
      expect(await run(...IMPORT, '--size', '20', '--out', out)).toMatchObject({ code: 0 });
    expect(text('b.jsonl')).toBe(text('a.jsonl'));
    expect(parseQueryFile(text('a.jsonl')).entries).toHaveLength(20);
    const { missing } = JSON.parse(text('a.jsonl.coverage.json')) as Coverage;
    expect(missing.join()).toContain('selectivity: needs the data (--data)');
    await run(...IMPORT, '--size', '20', '--seed', '7', '--out', 'c.jsonl');
    expect(text('c.jsonl')).not.toBe(text('a.jsonl'));
  });

  test('makes native filters portable that have such a form, and says why of the others', async () => {
    const filters = [
      { must: [{ key: 'owner', match: { value: 'o3' } }], must_not: [{ key: 'n', range: { lt: 100 } }] },
      { should: [{ key: 'n', match: { any: [1, 2] } }, { is_empty: { key: 'owner' } }] },
      { must: [{ key: 'owner', match: { text: 'o' } }] },
    ];
    work.write(
      'native.jsonl',
      filters.map((native, i) => JSON.stringify({ vector: vector(i), native })).join('\n'),
    );
    const args = ['queries', 'import', 'native.jsonl', '--native', 'qdrant', '--out', 'n.jsonl'];
    const { code, stdout, stderr } = await run(...args, '--data', 'docs');
    expect(code, stderr).toBe(0);
    const { entries } = parseQueryFile(text('n.jsonl'));
    expect(entries.map(({ filter }) => filter)).toEqual([
      { $and: [{ owner: { $eq: 'o3' } }, { $not: { n: { $lt: 100 } } }] },
      { $or: [{ n: { $in: [1, 2] } }, { owner: { $exists: false } }] },
    ]);
    expect(stdout).toContain('a match of "owner" by "text" has no portable form');
    expect(await run(...args)).toMatchObject({ code: 2 });
    expect(await run(...args.with(4, 'lancedb'), '--data', 'docs')).toMatchObject({ code: 2 });
  });

  test('refuses a log without a usable query, one that is not there, and a key that is none', async () => {
    work.write('text.jsonl', '{"text": "only words"}\n');
    const none = await run('queries', 'import', 'text.jsonl', '--out', 'x.jsonl');
    expect(none).toMatchObject({ code: 2 });
    expect(none.stderr).toContain('no query of the log can be used');
    expect(await run('queries', 'import', 'nowhere.jsonl', '--out', 'x.jsonl')).toMatchObject({ code: 3 });
    expect(await run(...IMPORT, '--key', 'vecter=x', '--out', 'x.jsonl')).toMatchObject({ code: 2 });
    expect(await run(...IMPORT, '--redact', 'embedding', '--out', 'x.jsonl')).toMatchObject({ code: 2 });
  });
});
