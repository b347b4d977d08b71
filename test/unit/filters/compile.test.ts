import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ColumnStore } from '../../../filters/columns.js';
import { compile } from '../../../filters/compile.js';
import type { Filter } from '../../../filters/filter.js';
import { likeMatcher } from '../../../filters/like.js';
import { Selection } from '../../../filters/selection.js';
import { filtersFor } from '../../../harness/conformance/filters/cases.js';
import { expectedRows, filterData } from '../../../harness/conformance/filters/data.js';
import { TABLE, tableData } from '../../../harness/conformance/filters/table.js';
import { ALL_OPERATORS, EVERYTHING_KEPT } from './everything.js';

function storeOf({ fields, metadata, count }: ReturnType<typeof filterData>, batch: number): ColumnStore {
  const store = new ColumnStore(fields);
  for (let start = 0; start < count; start += batch) {
    const end = Math.min(count, start + batch);
    const part = Object.fromEntries(
      Object.entries(metadata).map(([name, all]) => [name, all.slice(start, end)]),
    );
    store.add(end - start, part);
  }
  return store;
}

describe('the column scan', () => {
  const byHand = tableData(EVERYTHING_KEPT);
  const store = storeOf(byHand, 4);

  test.each(TABLE)('by hand: $op $asked of $type', ({ filter, rows }) => {
    expect([...compile(filter, store).rows()]).toEqual(rows);
  });

  test.each([1, 31, 32, 33, 240])('lets through what the reference lets through, %i points', (count) => {
    const data = filterData(EVERYTHING_KEPT, count, count);
    const columns = storeOf(data, 50);
    const check = (filter: Filter) => {
      const found = compile(filter, columns);
      const expected = expectedRows(data, filter);
      expect([...found.rows()]).toEqual(expected);
      expect(found.count()).toBe(expected.length);
    };
    fc.assert(fc.property(filtersFor(data, ALL_OPERATORS), check), { numRuns: 500 });
  });

  test('a field that was not loaded', () => {
    const filter = { op: 'eq', field: { name: 'x', type: 'string' }, value: 'a' } as const;
    expect(() => compile(filter, store)).toThrow('the field "x" was not loaded');
  });

  test('values of another type', () => {
    const field = { name: 'n', type: 'integer', nullable: true } as const;
    expect(() => new ColumnStore([field]).add(1, { n: ['1'] })).toThrow('must hold numbers');
    expect(() => new ColumnStore([field]).add(2, { n: [1] })).toThrow('1 of 2 values');
  });
});

test('rows of a selection between bounds', () => {
  const rows = fc.uniqueArray(fc.nat({ max: 199 }));
  const check = (passing: number[], a: number, b: number) => {
    const selection = new Selection(200);
    for (const row of passing) selection.add(row);
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    const expected = passing.filter((row) => row >= from && row < to).sort((x, y) => x - y);
    expect([...selection.rows(from, to)]).toEqual(expected);
  };
  fc.assert(fc.property(rows, fc.nat({ max: 200 }), fc.nat({ max: 200 }), check));
});

describe('$like', () => {
  test('is what the same regular expression is', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', '%', '_', '\\', '\u{1f600}', '\n', '.'),
      maxLength: 12,
    });
    const check = (pattern: string, subject: string) => {
      const expected = regularExpression(pattern).test(subject);
      expect(likeMatcher(pattern)(subject), `${pattern} on ${subject}`).toBe(expected);
    };
    fc.assert(fc.property(text, text, check), { numRuns: 5000 });
  });

  test('of many % on a long text that nearly fits comes to an end', () => {
    // A backtracking matcher needs more steps here than there are atoms.
    expect(likeMatcher(`${'%a'.repeat(50)}%b`)('a'.repeat(10_000))).toBe(false);
    expect(likeMatcher(`${'%a_'.repeat(50)}%b`)('a'.repeat(10_000))).toBe(false);
  });
});

function regularExpression(pattern: string): RegExp {
  const source = [...pattern.matchAll(/\\(.)|(.)/gsu)].map(([, escaped, sign]) => {
    if (sign === '%') return '[^]*';
    if (sign === '_') return '[^]';
    return (escaped ?? sign)!.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`, 'u');
}
