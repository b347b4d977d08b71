import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MetadataValue } from '../../../datasets/dataset.js';
import type { NativeField } from '../../../engines/contract/engine.js';
import { readSql } from '../../../engines/kit/filter-text/sql.js';
import { readFilter as readMilvus } from '../../../engines/milvus/read-filter.js';
import { matches } from '../../../filters/matches.js';
import { parseFilter } from '../../../filters/parse.js';

/** Filters that applications write in an engine's own text, as portable ones: with the same meaning, or refused. */

const FIELDS: NativeField[] = [
  { name: 'section', type: 'string', nullable: true, native: 'text' },
  { name: 'n', type: 'integer', nullable: true, native: 'bigint' },
  { name: 'score', type: 'float', nullable: true, native: 'double precision' },
  { name: 'live', type: 'boolean', nullable: true, native: 'boolean' },
  { name: 'at', type: 'timestamp', nullable: true, native: 'timestamp with time zone' },
  { name: 'tags', type: 'string[]', nullable: true, native: 'text[]' },
  { name: 'price', type: 'string', nullable: true, native: 'numeric(10,2)' },
  { name: 'meta.lang', type: 'string', nullable: true },
  { name: 'meta.size', type: 'integer', nullable: true },
  { name: 'color', type: 'string', nullable: true, native: null },
];

describe('SQL', () => {
  test.each<[native: unknown, portable: unknown]>([
    [`section = 'libs'`, { section: { $eq: 'libs' } }],
    [`section <> 'it''s'`, { section: { $ne: "it's", $exists: true } }],
    [`'libs' = section`, { section: { $eq: 'libs' } }],
    [`10 < n`, { n: { $gt: 10 } }],
    [`n >= 9007199254740993`, { n: { $gte: '9007199254740993' } }],
    [`docs."section" IN ('a', 'b')`, { section: { $in: ['a', 'b'] } }],
    [`section not in ('a')`, { section: { $nin: ['a'], $exists: true } }],
    [`n between 1 and 5`, { $and: [{ n: { $gte: 1 } }, { n: { $lte: 5 } }] }],
    [`section is null`, { section: { $exists: false } }],
    [`not (n > 5 and live)`, { $or: [{ n: { $lte: 5 } }, { live: { $eq: false } }] }],
    [`(n > 5) is not true`, { $not: { n: { $gt: 5 } } }],
    [`section like 'lib%'`, { section: { $like: 'lib%' } }],
    [`1 = 1 and section = 'a'`, { section: { $eq: 'a' } }],
    [`section = any(array['a','b']::text[])`, { section: { $in: ['a', 'b'] } }],
    [`section = any('{a,b}')`, { section: { $in: ['a', 'b'] } }],
    [`'x' = any(tags)`, { tags: { $contains: 'x' } }],
    [`tags @> array['x', 'y']`, { tags: { $containsAll: ['x', 'y'] } }],
    [`tags && '{x}'`, { tags: { $containsAny: ['x'] } }],
    [`meta->>'lang' = 'en'`, { 'meta.lang': { $eq: 'en' } }],
    [`(meta->>'size')::int > 3`, { 'meta.size': { $gt: 3 } }],
    [`cast(meta->>'size' as bigint) = 3`, { 'meta.size': { $eq: 3 } }],
    [`at >= '2026-01-02 03:04:05+01'::timestamptz`, { at: { $gte: '2026-01-02T03:04:05+01:00' } }],
    [
      { where: 'section = $1 and n = any($2)', params: ['a', [1, 2]] },
      { $and: [{ section: { $eq: 'a' } }, { n: { $in: [1, 2] } }] },
    ],
    [
      `SELECT id FROM docs d WHERE d.section = 'a' ORDER BY embedding <=> '[1]' LIMIT 5`,
      { section: { $eq: 'a' } },
    ],
    [`select id from docs d where d.section = 'a' -- why\n order by n limit 5;`, { section: { $eq: 'a' } }],
  ])('%j', (native, portable) => {
    const read = readSql(native, FIELDS, 'qualified');
    expect(read).toEqual({ state: 'ok', filter: portable });
  });

  test.each<[native: unknown, why: string]>([
    [`section > 'a'`, 'the order of texts ("section") depends on a collation'],
    [`lower(section) = 'a'`, 'the function lower has no portable form'],
    [`section ilike 'a%'`, 'is no condition before "ilike"'],
    [`nothing = 1`, '"nothing" is no field of one type in the data'],
    [`n = 'a'`, 'a text is compared with "n", which is of type integer'],
    [`n = 1.5`, 'a number is compared with "n"'],
    [`n = null`, 'a comparison with null is never true'],
    [`section in ('a', null)`, 'a comparison with null'],
    [`n = $1`, 'parameters whose values the log does not tell'],
    [`price = '5'`, 'is of type numeric(10,2), which is not compared as its text'],
    [`at > '2026-01-01'`, 'a text is compared with "at"'],
    [`meta->>'size' > '3'`, 'is ordered as text'],
    [`meta->>'size' = '03'`, 'is a text here: cast it'],
    [`meta->'lang' = '"en"'`, 'is compared as JSON'],
    [`meta->'lang' is null`, 'is asked of JSON'],
    [`n = 1.5::int`, 'a value is cast to int'],
    [`score = 0.1::real`, 'a value is cast to real'],
    [`n + 1 = 2`, 'is no condition before "+"'],
    [`section = E'a\\n'`, 'is not read here'],
    [`section = 'a' and`, 'stands where a value is due'],
    [`section = 'a`, 'is not read here'],
    [`section = 'a') or (1=1`, '")" is not read here'],
    [`1 = 1`, 'it lets every point through'],
    [`n in (select id from x)`, 'holds something that is no value'],
    [`${'('.repeat(100)}n = 1${')'.repeat(100)}`, 'nested more than 64 deep'],
    [{ where: 5 }, 'neither a text nor { where, params }'],
    [null, 'neither a text'],
  ])('%j is refused', (native, why) => {
    const read = readSql(native, FIELDS, 'qualified');
    expect(read).toEqual({ state: 'refused', why: expect.stringContaining(why) });
  });

  describe('means what PostgreSQL makes of it', () => {
    const VALUES: Readonly<Record<string, readonly string[]>> = {
      section: [`'a'`, `'b'`, `'A%'`],
      n: ['0', '1', '-2', '9007199254740993'],
      score: ['0.5', '-1', '1e3'],
      live: ['true', 'false'],
      "(meta->>'size')::int": ['1', '2'],
      "meta->>'lang'": [`'en'`, `'de'`],
    };
    const rows = Array.from({ length: 64 }, (_, i) => ({
      section: [null, 'a', 'b', 'A%', 'ab', 'a_'][i % 6]!,
      n: [null, 0, 1, -2, 9_007_199_254_740_993n][i % 5]!,
      score: [null, 0.5, -1, 1000][(i >> 1) % 4]!,
      live: [null, true, false][i % 3]!,
      tags: [null, [], ['x'], ['x', 'y']][(i >> 2) % 4]!,
      meta: [null, {}, { lang: 'en', size: 1 }, { lang: null, size: 2 }, { lang: 'de' }][(i >> 1) % 5]!,
    }));
    let db: PGlite;
    beforeAll(async () => {
      db = await PGlite.create();
      await db.exec(
        'create table docs (i int, section text, n bigint, score float8, live bool, tags text[], meta jsonb)',
      );
      for (const [i, { section, n, score, live, tags, meta }] of rows.entries())
        await db.query('insert into docs values ($1, $2, $3, $4, $5, $6, $7)', [
          i,
          section,
          n,
          score,
          live,
          tags,
          meta,
        ]);
    });
    afterAll(() => db.close());

    let seed = 7;
    const random = (n: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * n);
    };
    const pick = <T>(all: readonly T[]): T => all[random(all.length)]!;
    function condition(): string {
      const [name, values] = pick(Object.entries(VALUES));
      const text = name === 'section' || name.endsWith("'lang'");
      switch (random(7)) {
        case 0:
          return `${name} is ${pick(['', 'not '])}null`;
        case 1:
          return `${name} ${pick(['', 'not '])}in (${pick(values)}, ${pick(values)})`;
        case 2:
          return text
            ? `${name} ${pick(['', 'not '])}like ${pick([`'a%'`, `'_'`, `'%'`, `'a\\_'`])}`
            : `${name} = ${pick(values)}`;
        case 3:
          return pick([`'x' = any(tags)`, `tags @> array['x','y']`, `tags && array['y']`]);
        case 4:
          return pick(['live', 'not live', 'live is not true', 'live is false', '(n > 0) is not false']);
        default:
          return `${name} ${pick(text || name === 'live' ? ['=', '<>'] : ['=', '<>', '<', '<=', '>', '>='])} ${pick(values)}`;
      }
    }
    function generated(depth: number): string {
      if (depth === 0 || random(4) === 0) return condition();
      const join = pick([' and ', ' or ']);
      const inner = Array.from({ length: 2 + random(2) }, () => generated(depth - 1)).join(join);
      return random(3) === 0 ? `not (${inner})` : `(${inner})`;
    }

    test('in 150 conditions with nulls', async () => {
      let read = 0;
      for (let i = 0; i < 150; i++) {
        const sql = generated(3);
        const found = await db.query<{ i: number }>(`select i from docs where ${sql} order by i`);
        const portable = readSql(sql, FIELDS, 'qualified');
        if (portable.state === 'refused') {
          expect(portable.why, sql).toMatch(/lets (every|no) point through/);
          continue;
        }
        read++;
        const parsed = parseFilter(portable.filter, FIELDS);
        if (parsed.state === 'invalid') throw new Error(`${sql}: ${JSON.stringify(parsed.faults)}`);
        const passing = rows.flatMap(({ meta, ...row }, at) => {
          const values = { ...row, 'meta.lang': meta?.lang, 'meta.size': meta?.size } as Record<
            string,
            MetadataValue | undefined
          >;
          return matches(parsed.filter, (name) => values[name]) ? [at] : [];
        });
        expect(passing, sql).toEqual(found.rows.map((row) => row.i));
      }
      expect(read).toBeGreaterThan(140);
    });
  });
});

describe('expressions of Milvus', () => {
  test.each<[native: unknown, portable: unknown]>([
    [`section == "libs"`, { section: { $eq: 'libs' } }],
    [`section != 'a'`, { section: { $ne: 'a', $exists: true } }],
    [`1 < n <= 5`, { $and: [{ n: { $gt: 1 } }, { n: { $lte: 5 } }] }],
    [
      `n in [1, 2] && not (section in ["a"])`,
      { $and: [{ n: { $in: [1, 2] } }, { section: { $nin: ['a'], $exists: true } }] },
    ],
    [
      `section not in ["a"] or live == true`,
      { $or: [{ section: { $nin: ['a'], $exists: true } }, { live: { $eq: true } }] },
    ],
    [`section like "lib%"`, { section: { $like: 'lib%' } }],
    [`section > "m"`, { section: { $gt: 'm' } }],
    [`section is not null`, { section: { $exists: true } }],
    [`array_contains(tags, "x")`, { tags: { $contains: 'x' } }],
    [`ARRAY_CONTAINS_ALL(tags, ["x", "y"])`, { tags: { $containsAll: ['x', 'y'] } }],
    [`json_contains_any(tags, ["x"])`, { tags: { $containsAny: ['x'] } }],
    [`meta["lang"] == "en"`, { 'meta.lang': { $eq: 'en' } }],
    [`$meta["color"] == "red"`, { color: { $eq: 'red' } }],
    [`section == "say \\"hi\\""`, { section: { $eq: 'say "hi"' } }],
    [
      { expr: 'n > {low} and section in {names}', params: { low: 3, names: ['a'] } },
      { $and: [{ n: { $gt: 3 } }, { section: { $in: ['a'] } }] },
    ],
  ])('%j', (native, portable) => {
    expect(readMilvus(native, FIELDS)).toEqual({ state: 'ok', filter: portable });
  });

  test.each<[native: unknown, why: string]>([
    [`meta["lang"] != "en"`, 'depends on the server'],
    [`not (color == "red")`, 'depends on the server'],
    [`color is null`, 'has no one meaning'],
    [`section like "a_"`, 'versions of the server differ'],
    [`tags[0] == "x"`, 'an element of an array'],
    [`n % 2 == 0`, 'is not read here'],
    [`exists meta["lang"]`, 'is no'],
    [`text_match(section, "a")`, 'the function text_match has no portable form'],
    [`n == "5"`, 'a text is compared with "n"'],
    [`n > {low}`, 'does not tell the value of {low}'],
    [`section == "a" section`, '"section" is not read here'],
    [``, 'the end stands where a value is due'],
  ])('%j is refused', (native, why) => {
    expect(readMilvus(native, FIELDS)).toEqual({ state: 'refused', why: expect.stringContaining(why) });
  });
});
