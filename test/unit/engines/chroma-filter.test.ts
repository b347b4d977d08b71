import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FieldSchema, FieldType, MetadataValue } from '../../../datasets/dataset.js';
import { CAPABILITIES } from '../../../engines/chroma/capabilities.js';
import { type ChromaMetadata, decodeField, encodeField } from '../../../engines/chroma/fields.js';
import { translateFilter, type Where } from '../../../engines/chroma/filter.js';
import { pointId, serverId } from '../../../engines/chroma/ids.js';
import { decodeMetadata, encodeMetadata } from '../../../engines/chroma/values.js';
import type { Metadata } from '../../../engines/contract/points.js';
import type { Condition, Filter } from '../../../filters/filter.js';
import { matches } from '../../../filters/matches.js';
import { refusals } from '../../../filters/support.js';

/** The server's rules as they were measured: `$ne` and `$nin` match missing keys, all else needs a value of its type. */
function answers(where: Where, metadata: ChromaMetadata): boolean {
  return Object.entries(where).every(([key, condition]) => {
    if (key === '$and') return (condition as Where[]).every((each) => answers(each, metadata));
    if (key === '$or') return (condition as Where[]).some((each) => answers(each, metadata));
    const value = metadata[key];
    if (typeof condition !== 'object') return value === condition;
    const [[op, wanted]] = Object.entries(condition as object) as [[string, unknown]];
    const same = typeof value === typeof wanted;
    switch (op) {
      case '$eq':
        return value === wanted;
      case '$ne':
        return value !== wanted;
      case '$in':
        return (wanted as unknown[]).includes(value);
      case '$nin':
        return !(wanted as unknown[]).includes(value);
      case '$gt':
        return same && (value as number) > (wanted as number);
      case '$gte':
        return same && (value as number) >= (wanted as number);
      case '$lt':
        return same && (value as number) < (wanted as number);
      case '$lte':
        return same && (value as number) <= (wanted as number);
      default:
        throw new Error(`no ${op} in Chroma`);
    }
  });
}

const int64 = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.maxSafeInteger(),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
  fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)),
);
const text = fc.oneof(fc.constantFrom('', 'a', 'A', 'ä', '🦀', '":,[]'), fc.string({ unit: 'grapheme' }));
const float = fc.oneof(
  fc.constantFrom(0, -0, 2, 2.5, -2.5),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const SCALARS = {
  string: text,
  integer: int64,
  float,
  boolean: fc.boolean(),
  timestamp: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
} satisfies Partial<Record<FieldType, fc.Arbitrary<MetadataValue>>>;
type Scalar = keyof typeof SCALARS;
const TYPES: readonly FieldType[] = [
  ...(Object.keys(SCALARS) as Scalar[]),
  'string[]',
  'integer[]',
  'float[]',
  'boolean[]',
];

const elementOf = (type: FieldType) => SCALARS[type.replace('[]', '') as Scalar] as fc.Arbitrary<never>;
const anyOf = (type: FieldType): fc.Arbitrary<MetadataValue> =>
  type.endsWith('[]') ? fc.array(elementOf(type), { maxLength: 3 }) : elementOf(type);

const FIELDS: readonly FieldSchema[] = TYPES.map((type) => ({ name: `x.${type}`, type, nullable: true }));
const point = fc.record(
  Object.fromEntries(FIELDS.map(({ name, type }) => [name, fc.option(anyOf(type), { freq: 2 })])),
) as fc.Arbitrary<Record<string, MetadataValue>>;

const condition: fc.Arbitrary<Filter> = fc
  .constantFrom(...FIELDS)
  .chain(({ name, type }): fc.Arbitrary<Filter> => {
    const field = { name, type };
    const ops = Object.entries(CAPABILITIES.filters.operators).flatMap(([op, types]) =>
      types.includes(type) && !['and', 'or', 'not'].includes(op) ? [op as Condition['op']] : [],
    );
    return fc.constantFrom(...ops).chain((op): fc.Arbitrary<Filter> => {
      if (op === 'exists') return fc.boolean().map((value) => ({ op, field, value }));
      if (op === 'in' || op === 'nin' || op === 'containsAny' || op === 'containsAll') {
        return fc.array(elementOf(type), { maxLength: 3 }).map((values) => ({ op, field, values }));
      }
      return elementOf(type).map((value) => ({ op, field, value }) as Filter);
    });
  });
const filter = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    condition,
    tie('filter').map((inner): Filter => ({ op: 'not', filter: inner })),
    fc
      .record({
        op: fc.constantFrom('and' as const, 'or' as const),
        filters: fc.array(tie('filter'), { maxLength: 3 }),
      })
      .map((each): Filter => each),
  ),
})).filter;

const encoded = (values: Readonly<Record<string, MetadataValue>>): ChromaMetadata =>
  Object.assign({}, ...FIELDS.map((field) => encodeField(field, values[field.name] ?? null)));

describe('filters', () => {
  test('mean what they mean, on what is stored', () => {
    fc.assert(
      fc.property(filter, fc.array(point, { minLength: 5, maxLength: 5 }), (each, points) => {
        expect(refusals(each, CAPABILITIES.filters)).toEqual([]);
        const where = translateFilter(each);
        for (const values of points) {
          expect(answers(where, encoded(values))).toBe(matches(each, (name) => values[name]));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('are in the form the server takes: lists of two and more, no empty $in', () => {
    const check = (where: Where): void => {
      expect(Object.keys(where)).toHaveLength(1);
      const [[key, value]] = Object.entries(where) as [[string, unknown]];
      if (key !== '$and' && key !== '$or') return;
      expect((value as Where[]).length).toBeGreaterThan(1);
      (value as Where[]).forEach(check);
    };
    fc.assert(fc.property(filter, (each) => check(translateFilter(each))));
  });

  test('too deep or too many for the server are refused', () => {
    const one: Filter = { op: 'eq', field: { name: 'a', type: 'string' }, value: 'x' };
    const wide: Filter = { op: 'or', filters: Array(1000).fill(one) };
    expect(() => translateFilter(wide)).toThrow('1000 conditions');
    let chain: Filter = { op: 'eq', field: { name: 'a', type: 'string' }, value: 'x' };
    for (let i = 0; i < 120; i++) {
      chain = {
        op: i % 2 === 0 ? 'and' : 'or',
        filters: [chain, { op: 'exists', field: { name: 'a', type: 'string' }, value: true }],
      };
    }
    expect(() => translateFilter(chain)).toThrow('120 deep');
  });
});

describe('values', () => {
  test('scalars come back as they were, both zeros as one', () => {
    for (const type of Object.keys(SCALARS) as Scalar[]) {
      const field = { name: '$x', type };
      fc.assert(
        fc.property(elementOf(type), (value: MetadataValue) => {
          const got = decodeField(field, encodeField(field, value));
          expect(got).toBe(Object.is(value, -0) ? 0 : value);
        }),
      );
    }
  });

  test('whole metadata comes back as it was, also what has no declared type', () => {
    const leaf = fc.oneof(
      text,
      int64,
      float,
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.oneof(text, int64), { maxLength: 2 }),
    );
    const name = fc.constantFrom('a', 'b', '', '$c', '#d', 'chroma:e', 'vecproof.f', 'g h', 'ö', 'object');
    const undeclared = fc.dictionary(
      name,
      fc.oneof(leaf, fc.dictionary(name, leaf, { noNullPrototype: true })),
      {
        noNullPrototype: true,
      },
    );
    const declared = fc.record(Object.fromEntries(TYPES.map((type) => [type, fc.option(anyOf(type))])), {
      requiredKeys: [],
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(undeclared, declared, (extra, x) => {
        const metadata = { ...extra, x } as Metadata;
        const stored = JSON.parse(JSON.stringify(encodeMetadata(FIELDS, metadata)));
        expect(decodeMetadata(FIELDS, stored)).toStrictEqual(metadata);
      }),
      { numRuns: 1000 },
    );
  });

  test('ids come back as they were', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(pointId('string', serverId(id))).toBe(id);
      }),
    );
    for (const id of ['', 'vecproof.id:', 'vecproof.id:x']) {
      expect(serverId(id)).not.toBe('');
      expect(pointId('string', serverId(id))).toBe(id);
    }
    for (const id of [0n, 2n ** 64n - 1n, -(2n ** 63n)]) expect(pointId('u64', serverId(id))).toBe(id);
  });
});
