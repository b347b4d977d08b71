import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cuts, endsOf, keyRanges, readRange } from '../../../engines/kit/ranges.js';
import { describedAs, pointsAs } from '../../../engines/kit/read-as.js';
import { firstDuplicate } from '../../../engines/kit/unique.js';

describe('ranges', () => {
  test('of keys: every key is in exactly one, in their order, whatever the ends', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 99 })),
        fc.uniqueArray(fc.integer({ min: -5, max: 105 })),
        (keys, ends) => {
          const sorted = ends.toSorted((a, b) => a - b);
          const ranges = keyRanges(sorted.map(String)).map((text) => readRange('test', text));
          expect(ranges).toHaveLength(ends.length + 1);
          const within = ranges.map(({ behind, to }) =>
            keys.filter(
              (key) =>
                (behind === undefined || key > Number(behind)) && (to === undefined || key <= Number(to)),
            ),
          );
          expect(within.flat().sort()).toEqual([...keys].sort());
        },
      ),
    );
  });

  test('of pages: at most as many as asked for, none without keys but where there are none', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        (sizes, n) => {
          let last = 0;
          const pages = sizes.map((keys) => {
            last += keys;
            return { last, keys };
          });
          const ends = endsOf(pages, n);
          expect(ends.length).toBeLessThan(n);
          expect(new Set(ends).size).toBe(ends.length);
          for (const end of ends) expect(end).toBeLessThan(last);
        },
      ),
    );
    expect(
      endsOf(
        [10, 20, 30, 40].map((end) => ({ last: end, keys: 10 })),
        2,
      ),
    ).toEqual([20]);
  });

  test('of positions differ by one at most', () => {
    expect(cuts(10, 4)).toEqual([3, 5, 8]);
    expect(cuts(2, 4)).toEqual([1]);
    expect(cuts(0, 4)).toEqual([]);
  });

  test.each(['', '{}', '["a"]', '[1,2]', 'x'])('%s is none', (text) => {
    expect(() => readRange('test', text)).toThrow('the range is not one of a snapshot');
  });
});

describe('a key that comes twice', () => {
  const read = (keys: readonly (string | bigint)[]) =>
    async function* () {
      for (let at = 0; at < keys.length; at += 3) yield keys.slice(at, at + 3);
    };

  test('is found, however few are looked at in one pass', async () => {
    const keys = Array.from({ length: 100 }, (_, i) => `key ${i}`);
    for (const most of [1, 7, 1000]) {
      expect(await firstDuplicate(read(keys), keys.length, most)).toBe(undefined);
      expect(await firstDuplicate(read([...keys, 'key 42']), 101, most)).toBe('key 42');
    }
    expect(await firstDuplicate(read([1n, 2n ** 64n - 1n, 1n]), 3)).toBe(1n);
    expect(await firstDuplicate(read(['7', 'x', '77']), 3)).toBe(undefined);
  });
});

describe('points as a place says', () => {
  const point = {
    id: 'a',
    vectors: { v: Float32Array.of(1), w: Float32Array.of(2) },
    metadata: { org: 7, body: 'x', none: null, n: 1 },
  };

  test('have keys as parts, and not as fields; what is left out is neither', () => {
    const read = pointsAs('test', { tenant: 'org', text: 'body', uri: 'none', omit: ['n', 'w'] });
    expect(read(point)).toEqual({
      id: 'a',
      vectors: { v: Float32Array.of(1) },
      metadata: {},
      tenant: '7',
      text: 'x',
    });
    expect(pointsAs('test', {})(point)).toBe(point);
    expect(() => pointsAs('test', { text: 'n' })(point)).toThrow('field "n" of id "a" is no text');
  });

  test('and so is the collection described', () => {
    const vector = { kind: 'dense', type: 'f32', dimensions: 1, metric: null } as const;
    const field = { type: null, native: 'JSON', nullable: null };
    const description = {
      spec: {
        name: 'c',
        vectors: [
          { name: 'v', ...vector },
          { name: 'w', ...vector },
        ],
      },
      ids: 'string' as const,
      index: {},
      fields: ['org', 'n', 'rest'].map((name) => ({ name, ...field })),
      count: 1,
    };
    const { spec, fields, omitted } = describedAs({ tenant: 'org', omit: ['n', 'w'] }, description);
    expect({ spec, fields: fields.map(({ name }) => name), omitted }).toEqual({
      spec: { name: 'c', vectors: [{ name: 'v', ...vector }], tenant: true },
      fields: ['rest'],
      omitted: ['n', 'w'],
    });
  });
});
