import { describe, expect, test } from 'vitest';
import type { FieldSchema } from '../../../datasets/dataset.js';
import type { Filter } from '../../../filters/filter.js';
import { parseFilter } from '../../../filters/parse.js';

const FIELDS: FieldSchema[] = [
  { name: 'section', type: 'string', nullable: true },
  { name: 'size', type: 'integer', nullable: false },
  { name: 'score', type: 'float', nullable: true },
  { name: 'essential', type: 'boolean', nullable: true },
  { name: 'uploaded', type: 'timestamp', nullable: true },
  { name: 'tags', type: 'string[]', nullable: true },
  { name: 'ports', type: 'integer[]', nullable: true },
  { name: 'maker.name', type: 'string', nullable: true },
];
const ref = (name: string) => {
  const { type } = FIELDS.find((field) => field.name === name)!;
  return { name, type };
};

function ok(input: unknown): Filter {
  const parsed = parseFilter(input, FIELDS);
  if (parsed.state === 'invalid') throw new Error(JSON.stringify(parsed.faults));
  return parsed.filter;
}

/** `path: message (got value)` of each fault. */
function faults(input: unknown, fields = FIELDS): string[] {
  const parsed = parseFilter(input, fields);
  if (parsed.state === 'ok') throw new Error('the filter was accepted');
  return parsed.faults.map(({ path, what, got }) => {
    const value = got === undefined ? '' : ` (got ${typeof got === 'string' ? JSON.stringify(got) : got})`;
    return `${path.join('.')}: ${what}${value}`;
  });
}

describe('what is accepted', () => {
  test.each<[unknown, Filter]>([
    [{ section: 'libs' }, { op: 'eq', field: ref('section'), value: 'libs' }],
    [{ 'maker.name': { $ne: 'x' } }, { op: 'ne', field: ref('maker.name'), value: 'x' }],
    [
      { size: { $gte: 1, $lt: 5 } },
      {
        op: 'and',
        filters: [
          { op: 'gte', field: ref('size'), value: 1 },
          { op: 'lt', field: ref('size'), value: 5 },
        ],
      },
    ],
    [
      { $or: [{ section: 'a' }, { $not: { essential: true } }] },
      {
        op: 'or',
        filters: [
          { op: 'eq', field: ref('section'), value: 'a' },
          { op: 'not', filter: { op: 'eq', field: ref('essential'), value: true } },
        ],
      },
    ],
    [
      { score: { $not: { $gt: 1, $lt: 3 } } },
      {
        op: 'not',
        filter: {
          op: 'and',
          filters: [
            { op: 'gt', field: ref('score'), value: 1 },
            { op: 'lt', field: ref('score'), value: 3 },
          ],
        },
      },
    ],
    [{ tags: { $contains: 'a' } }, { op: 'contains', field: ref('tags'), value: 'a' }],
    [{ ports: { $containsAny: [1, '2'] } }, { op: 'containsAny', field: ref('ports'), values: [1, 2] }],
    [{ section: { $in: [] } }, { op: 'in', field: ref('section'), values: [] }],
    [{ section: { $like: 'a\\%%' } }, { op: 'like', field: ref('section'), value: 'a\\%%' }],
    [{ section: { $startsWith: '' } }, { op: 'startsWith', field: ref('section'), value: '' }],
    [{ $and: [{ section: 'a' }] }, { op: 'eq', field: ref('section'), value: 'a' }],
    [{ score: -0 }, { op: 'eq', field: ref('score'), value: 0 }],
  ])('%j', (input, expected) => {
    expect(ok(input)).toEqual(expected);
  });

  test.each<[unknown, Filter]>([
    [{ section: null }, { op: 'exists', field: ref('section'), value: false }],
    [{ tags: null }, { op: 'exists', field: ref('tags'), value: false }],
    [{ section: { $eq: null } }, { op: 'exists', field: ref('section'), value: false }],
    [{ section: { $ne: null } }, { op: 'exists', field: ref('section'), value: true }],
    [{ section: { $in: [null] } }, { op: 'exists', field: ref('section'), value: false }],
    [{ section: { $nin: [null] } }, { op: 'exists', field: ref('section'), value: true }],
    [
      { section: { $in: ['a', null] } },
      {
        op: 'or',
        filters: [
          { op: 'in', field: ref('section'), values: ['a'] },
          { op: 'exists', field: ref('section'), value: false },
        ],
      },
    ],
    [
      { section: { $nin: [null, 'a'] } },
      {
        op: 'and',
        filters: [
          { op: 'nin', field: ref('section'), values: ['a'] },
          { op: 'exists', field: ref('section'), value: true },
        ],
      },
    ],
  ])('null: %j', (input, expected) => {
    expect(ok(input)).toEqual(expected);
  });

  test.each<[unknown, number | bigint]>([
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -(2n ** 63n)],
    [2n ** 63n - 1n, 2n ** 63n - 1n],
    [9007199254740991, 9007199254740991],
    [9007199254740991n, 9007199254740991],
    ['+7', 7],
  ])('integer %s', (written, value) => {
    expect(ok({ size: written })).toEqual({ op: 'eq', field: ref('size'), value });
  });

  // Figures of Python: (datetime.fromisoformat(text) - epoch) // timedelta(microseconds=1).
  test.each([
    ['2026-03-29T02:30:00+01:00', 1774747800000000n],
    ['2026-03-29T01:30:00Z', 1774747800000000n],
    ['2026-03-28 20:30:00.000001-05:00', 1774747800000001n],
    ['1969-12-31t23:59:59.999999z', -1n],
    ['0001-01-01T00:00:00Z', -62135596800000000n],
    ['9999-12-31T23:59:59.9999990Z', 253402300799999999n],
    ['2024-02-29T12:00:00.5+05:30', 1709188200500000n],
  ])('timestamp %s', (written, value) => {
    expect(ok({ uploaded: { $gte: written } })).toEqual({ op: 'gte', field: ref('uploaded'), value });
  });

  test('64 levels', () => {
    expect(ok(nested(64)).op).toBe('not');
  });
});

/** `levels` filters inside one another. */
function nested(levels: number): unknown {
  let filter: unknown = { section: 'a' };
  for (let i = 1; i < levels; i++) filter = { $not: filter };
  return filter;
}

describe('what is refused, with place and remedy', () => {
  test.each<[unknown, RegExp]>([
    [{ sektion: 'a' }, /^sektion: is no field of the dataset. Did you mean "section"\? \(got "sektion"\)$/],
    [{ maker: { name: 'x' } }, /^maker: is an object; filter its fields: maker\.name/],
    [{ section: { $equals: 'a' } }, /^section\.\$equals: is no operator\. /],
    [{ section: { $eg: 'a' } }, /Did you mean "\$eq"\?/],
    [{ $xor: [{ section: 'a' }] }, /^\$xor: is no operator\. Did you mean "\$or"\?/],
    [{ section: { name: 'x' } }, /^section\.name: is no operator; .* "section\.name"/],
    [{ $gt: 5 }, /^\$gt: belongs to a field/],
    [{ section: { $or: [{ $eq: 'a' }] } }, /^section\.\$or: stands outside of fields/],
    [{ section: { $regex: '(a+)+$' } }, /^section\.\$regex: is not supported: .*\$like/],
    [{}, /^: is empty/],
    [{ section: {} }, /^section: has no operator/],
    [{ $not: {} }, /^\$not: is empty/],
    [{ section: { $not: 'a' } }, /^section\.\$not: .*use \$ne \(got "a"\)/],
    [{ $and: [] }, /^\$and: must be a list of at least one filter \(got a list of 0\)/],
    [{ $or: { section: 'a' } }, /^\$or: must be a list .*\(got an object\)/],
    [{ $or: [{ section: 'a' }, 3] }, /^\$or\.1: must be an object .*\(got 3\)/],
    ['section = a', /^: must be an object/],
    [null, /^: must be an object .*\(got null\)/],
    [[{ section: 'a' }], /^: must be an object .*\(got a list of 1\)/],
    [{ section: 3 }, /^section: must be text, as "section" is of type string \(got 3\)/],
    [{ section: ['a', 'b'] }, /^section: must be one value; for a list use \$in/],
    [{ section: { $eq: 'a\ud800' } }, /surrogate/],
    [{ section: { $like: 'a\\' } }, /lone backslash/],
    [{ section: { $contains: 'lib' } }, /is for arrays only.*\$like/],
    [{ size: 1.5 }, /^size: must be an integer, as "size" is of type integer \(got 1\.5\)/],
    [{ size: '1.0' }, /must be an integer/],
    [{ size: '0x10' }, /must be an integer/],
    [{ size: true }, /must be an integer/],
    [{ size: 9007199254740992 }, /beyond 2\^53.*in quotes/],
    [{ size: '9223372036854775808' }, /64 bits/],
    [{ size: { $gt: -(2n ** 63n) - 1n } }, /64 bits/],
    [{ size: { $gt: null } }, /use \$exists: false/],
    [{ size: { $like: '1%' } }, /is for text only/],
    [{ score: '1.5' }, /must be a number/],
    [{ score: Number.NaN }, /must be a finite number/],
    [{ score: Number.POSITIVE_INFINITY }, /must be a finite number/],
    [{ essential: 'true' }, /must be true or false/],
    [{ essential: { $gt: false } }, /no order/],
    [{ essential: { $exists: 'yes' } }, /must be true or false/],
    [{ uploaded: '2026-03-29T02:30:00' }, /has no zone/],
    [{ uploaded: '2026-03-29' }, /RFC 3339/],
    [{ uploaded: '2026-02-29T00:00:00Z' }, /no date and time that exists/],
    [{ uploaded: '2026-03-29T24:00:00Z' }, /no date and time that exists/],
    [{ uploaded: '2026-03-29T23:59:60Z' }, /leap second/],
    [{ uploaded: '2026-03-29T00:00:00.1234567Z' }, /finer than microseconds/],
    [{ uploaded: 1774751400 }, /RFC 3339/],
    [{ uploaded: new Date(0) }, /must be an RFC 3339 timestamp.*Date object/],
    [{ tags: 'a' }, /is not for arrays: use \$contains/],
    [{ tags: { $in: ['a'] } }, /is not for arrays/],
    [{ tags: { $contains: null } }, /must have a value/],
    [{ tags: { $containsAll: [] } }, /at least one value/],
    [{ tags: { $containsAny: 'a' } }, /list of values/],
    [{ section: { $in: ['a', null, 3] } }, /^section\.\$in\.2: must be text/],
    [nested(65), /nested more than 64 deep/],
    [nested(100_000), /nested more than 64 deep/],
  ])('%#', (input, expected) => {
    const found = faults(input);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test('a field nested in $not 1,000 times', () => {
    let input: unknown = { $eq: 'a' };
    for (let i = 0; i < 1000; i++) input = { $not: input };
    expect(faults({ section: input })[0]).toMatch(/nested more than 64 deep/);
  });

  test('a list inside lists without end is not written out', () => {
    let input: unknown = ['a'];
    for (let i = 0; i < 100_000; i++) input = [input];
    expect(faults({ section: { $in: input } })).toEqual([
      'section.$in.0: must be text, as "section" is of type string (got a list of 1)',
    ]);
  });

  test('more conditions than the limit, once', () => {
    let input: unknown = { section: 'a' };
    for (let i = 0; i < 14; i++) input = { $and: [input, input] };
    expect(faults(input)).toHaveLength(1);
    expect(faults(input)[0]).toMatch(/condition 10001 of the filter.*use \$in/);
  });

  test('all faults at once', () => {
    expect(faults({ size: 'x', sektion: 1, tags: { $contains: 3 } })).toHaveLength(3);
  });

  test('names of Object.prototype are no fields and no operators, and change nothing', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const input = JSON.parse(`{"${name}": {"$eq": "a"}}`) as unknown;
      expect(faults(input)[0], name).toMatch(/is no field/);
      const operator = JSON.parse(`{"section": {"${name}": "a"}}`) as unknown;
      expect(faults(operator)[0], name).toMatch(/is no operator/);
      const dollar = JSON.parse(`{"$${name}": [{"section": "a"}]}`) as unknown;
      expect(faults(dollar)[0], name).toMatch(/is no operator/);
    }
    expect(({} as Record<string, unknown>)['$eq']).toBeUndefined();
  });

  test('a dataset without metadata', () => {
    expect(faults({ a: 1 }, [])).toEqual(['a: is no field: the dataset declares no metadata (got "a")']);
  });
});
