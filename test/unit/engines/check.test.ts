import { describe, expect, test } from 'vitest';
import { flatten, nest } from '../../../engines/kit/check.js';

describe('metadata by dotted name', () => {
  test.each([
    { maker: { name: 'a.b', home: { country: 'ö' } }, plain: [1, 2] },
    { 'a.': 1, '.': 2 },
    { a: 'value', 'a.b': 1, 'a.b.c': 2 },
    { a: null, 'a.b': 1 },
  ])('%j comes back', (metadata) => {
    expect(flatten(nest(flatten(metadata)))).toEqual(flatten(metadata));
  });

  test('a value beside fields below it keeps them, in whatever order they come', () => {
    expect(nest({ 'a.b': 1, a: 'value' })).toEqual({ a: 'value', 'a.b': 1 });
  });

  test('names that objects have by themselves are fields like others, and change no prototype', () => {
    const flat = Object.fromEntries([
      ['__proto__', 'x'],
      ['constructor.name', 'y'],
    ]);
    const nested = nest(flat);
    expect(Object.entries(nested)).toEqual([
      ['__proto__', 'x'],
      ['constructor', { name: 'y' }],
    ]);
    expect(Object.entries(flatten(nested))).toEqual(Object.entries(flat));
    nest(Object.fromEntries([['__proto__.polluted', 1]]));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
