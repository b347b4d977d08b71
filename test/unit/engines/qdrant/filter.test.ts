import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FieldType } from '../../../../datasets/dataset.js';
import { METADATA } from '../../../../engines/qdrant/capabilities.js';
import { FILTERS, translate } from '../../../../engines/qdrant/filter.js';
import { fromJson, toJson } from '../../../../engines/qdrant/json.js';
import type { Filter } from '../../../../filters/filter.js';
import { MAX_DEPTH } from '../../../../filters/parse.js';
import { filtersFor } from '../../../../harness/conformance/filters/cases.js';
import { filterData } from '../../../../harness/conformance/filters/data.js';
import { recorded, requireDescribed } from './replay.js';

const field = (name: string, type: FieldType) => ({ name, type });
const recordedFilter = (note: string) => (recorded(note).body as { filter: unknown }).filter;
/** Of serde_json. */
const DEEPEST = 128;

describe('filters are what the real server was asked and answered', () => {
  const cases: [note: string, Filter][] = [
    ['filter keyword', { op: 'eq', field: field('color', 'string'), value: 'red' }],
    ['filter keyword', { op: 'contains', field: field('color', 'string[]'), value: 'red' }],
    ['filter any', { op: 'in', field: field('color', 'string'), values: ['red', 'blue'] }],
    ['filter any', { op: 'containsAny', field: field('color', 'string[]'), values: ['red', 'blue'] }],
    ['filter int', { op: 'eq', field: field('n', 'integer'), value: 2 }],
    ['filter bool', { op: 'eq', field: field('ok', 'boolean'), value: true }],
    ['must_not returns points lacking the key', { op: 'ne', field: field('color', 'string'), value: 'red' }],
    ['is_empty', { op: 'exists', field: field('color', 'string'), value: false }],
  ];
  test.each(cases)('%s', (note, filter) => {
    expect(translate(filter)).toEqual(recordedFilter(note));
  });
});

test('every filter is one that the description of 1.17 knows, and no integer is lost', () => {
  const data = filterData(METADATA, 60, 3);
  fc.assert(
    fc.property(filtersFor(data, FILTERS), (filter) => {
      const native = translate(filter);
      const sent = toJson(native);
      expect(fromJson(sent)).toEqual(native);
      // The description is checked with numbers, of which neighbours beyond 2^53 are one: others stand for them.
      let next = 1000;
      const text = JSON.stringify(native, (_, value) => (typeof value === 'bigint' ? next++ : value));
      requireDescribed({ $ref: '#/$defs/Filter' }, JSON.parse(text), 'filter');
    }),
    { numRuns: 500, seed: 7 },
  );
});

test('the deepest filter of the language is not too deep for the server', () => {
  const leaf: Filter = { op: 'exists', field: field('x', 'string[]'), value: false };
  let filter: Filter = leaf;
  for (let i = 0; i < MAX_DEPTH; i++) filter = { op: i % 2 ? 'or' : 'and', filters: [leaf, filter, leaf] };
  expect(nesting(translate(filter))).toBeLessThan(DEEPEST - 4);
});

function nesting(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(nesting));
}

describe('ranges of integers beyond 2^53', () => {
  /** As the server compares: without an index both sides as float64, with one as i64 and a truncated bound. */
  function passes(native: unknown, stored: bigint, indexed: boolean): boolean {
    const { match, range, should, has_id } = native as {
      match?: { any: (number | bigint)[] };
      range?: { gte?: number; gt?: number; lte?: number; lt?: number };
      should?: unknown[];
      has_id?: [];
    };
    if (should !== undefined) return should.some((each) => passes(each, stored, indexed));
    if (has_id !== undefined) return false;
    if (match !== undefined) return match.any.some((each) => BigInt(each) === stored);
    const cut = (bound: number) => BigInt.asIntN(64, clamp(BigInt(Math.trunc(bound))));
    const value = indexed ? stored : Number(stored);
    const of = (bound: number) => (indexed ? cut(bound) : bound);
    const { gte, gt, lte, lt } = range!;
    return (
      (gte === undefined || value >= of(gte)) &&
      (gt === undefined || value > of(gt)) &&
      (lte === undefined || value <= of(lte)) &&
      (lt === undefined || value < of(lt))
    );
  }
  const [MIN, MAX] = [-(2n ** 63n), 2n ** 63n - 1n];
  const clamp = (value: bigint) => (value < MIN ? MIN : value > MAX ? MAX : value);
  const edge = fc.constantFrom(MIN, MAX, 2n ** 53n, -(2n ** 53n), 2n ** 62n, -(2n ** 62n), 2n ** 54n);
  const near = fc
    .tuple(fc.oneof(edge, fc.bigInt({ min: MIN, max: MAX })), fc.bigInt({ min: -2000n, max: 2000n }))
    .map(([base, step]) => clamp(base + step));

  test.each(['gt', 'gte', 'lt', 'lte'] as const)('%s is exact with and without an index', (op) => {
    fc.assert(
      fc.property(near, fc.bigInt({ min: -2100n, max: 2100n }), near, (value, step, other) => {
        const safe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
        const filter = { op, field: field('n', 'integer'), value: safe ? Number(value) : value } as Filter;
        const native = translate(filter);
        const inner = 'must' in native ? ((native['must'] as unknown[])[0] as object) : native;
        for (const stored of [clamp(value + step), value, clamp(value + 1n), clamp(value - 1n), other]) {
          const expected =
            op === 'gt'
              ? stored > value
              : op === 'gte'
                ? stored >= value
                : op === 'lt'
                  ? stored < value
                  : stored <= value;
          for (const indexed of [false, true]) expect(passes(inner, stored, indexed)).toBe(expected);
        }
      }),
      { numRuns: 2000, seed: 11 },
    );
  });
});
