import { describe, expect, test } from 'vitest';
import type { Point } from '../../../engines/contract/points.js';
import { FAULTS } from '../../../migration/rehearsal/faults/catalogue.js';
import { Ledger, REVISION } from '../../../migration/rehearsal/ledger.js';
import { lossWords } from '../../../reports/rehearsal-page/words.js';

const point = (id: string, revision: number, first = 1): Point => ({
  id,
  vectors: { vector: Float32Array.of(first, 1) },
  metadata: { [REVISION]: revision },
});

/** a: written twice; b: deleted; c: untouched; d: without an answer; e: inserted. */
function ledger(): Ledger {
  const made = new Ledger(['a', 'b', 'c', 'd'].map((id) => point(id, 0)));
  const write = (operation: number, id: string, state: 'acknowledged' | 'unknown', gone = false) => {
    made.begin(operation, id, gone ? null : point(id, operation)).state = state;
  };
  write(1, 'a', 'acknowledged');
  write(2, 'a', 'acknowledged');
  write(3, 'b', 'acknowledged', true);
  write(4, 'd', 'unknown');
  write(5, 'e', 'acknowledged');
  return made;
}
const RIGHT = [point('a', 2), point('c', 0), point('d', 4), point('e', 5)];
const without = (id: string) => RIGHT.filter((each) => each.id !== id);

describe('what a side holds, against what was acknowledged', () => {
  test('is right where every row is as of its last write, and one without an answer either way', () => {
    expect(ledger().compare(RIGHT)).toEqual([]);
    expect(ledger().compare([...without('d'), point('d', 0)])).toEqual([]);
    expect(ledger().acknowledged).toBe(4);
  });

  test.each([
    ['a row that is not there', without('e'), { kind: 'lost', id: 'e', expected: 5 }],
    ['an older state', [...without('a'), point('a', 1)], { kind: 'older', id: 'a', expected: 2, found: 1 }],
    ['a row that was deleted', [...RIGHT, point('b', 0)], { kind: 'deleted', id: 'b', found: 0 }],
    ['a row of strangers', [...RIGHT, point('x', 9)], { kind: 'stranger', id: 'x', found: 9 }],
    [
      'a row of ours written by strangers',
      [...without('c'), point('c', 9)],
      { kind: 'stranger', id: 'c', found: 9 },
    ],
    ['another vector', [...without('a'), point('a', 2, -1)], { kind: 'content', id: 'a', found: 2 }],
  ])('%s is found', (_, found, difference) => {
    expect(ledger().compare(found)).toEqual([expect.objectContaining(difference)]);
  });

  test('a write without an answer is to be on both sides, or on none', () => {
    const other = [...without('d'), point('d', 0)];
    expect(ledger().disagreements(RIGHT, RIGHT)).toEqual([]);
    expect(ledger().disagreements(RIGHT, other)).toEqual([{ kind: 'older', id: 'd', expected: 4, found: 0 }]);
  });
});

test('losses in words', () => {
  expect(lossWords({})).toBe('nothing lost');
  expect(lossWords({ lost: 1 })).toBe('1 row lost');
  expect(lossWords({ older: 3, deleted: 1 })).toBe('3 rows as an older state, 1 back after their deletion');
});

test('faults have names of their own, windows, and something that is to notice them', () => {
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
  for (const { windows, expected } of FAULTS)
    expect(Math.min(windows.length, expected.length)).toBeGreaterThan(0);
});
