import { describe, expect, test } from 'vitest';
import type { FieldSchema } from '../../../datasets/dataset.js';
import { loadEngine } from '../../../engines/registry.js';
import type { Filter } from '../../../filters/filter.js';
import { parseFilter } from '../../../filters/parse.js';
import { filterShape, writeFilter } from '../../../filters/write.js';
import { translateFilter } from '../../../migration/mapping/filters.js';
import type { MappedField } from '../../../migration/mapping/mapping.js';

const FIELDS: FieldSchema[] = [
  { name: 'owner', type: 'string', nullable: true },
  { name: 'n', type: 'integer', nullable: true },
  { name: 'at', type: 'timestamp', nullable: true },
  { name: 'tags', type: 'string[]', nullable: true },
  { name: 'gone', type: 'string', nullable: true },
];
const plain = { required: false, filterable: true };
const MAPPED: MappedField[] = [
  { from: 'owner', to: 'f_owner', as: 'is', type: 'string', ...plain },
  { from: 'n', to: 'n', as: 'text', type: 'string', ...plain },
  { from: 'at', to: 'at', as: 'integer', type: 'integer', ...plain },
  { from: 'tags', to: 'tags', as: 'text', type: 'string', ...plain },
  { from: 'gone', to: null, as: 'is', type: null, ...plain },
];
const { capabilities } = await loadEngine('lancedb');

function filter(input: unknown): Filter {
  const parsed = parseFilter(input, FIELDS);
  if (parsed.state === 'invalid') throw new Error(JSON.stringify(parsed.faults));
  return parsed.filter;
}
const translated = (input: unknown, target = capabilities) => translateFilter(filter(input), MAPPED, target);

describe('a filter written back', () => {
  test.each([
    [{ owner: 'a', n: { $gt: 5 } }],
    [{ $or: [{ at: { $lt: '2026-01-02T03:04:05.000006Z' } }, { $not: { tags: { $containsAny: ['x'] } } }] }],
    [{ n: { $in: ['9007199254740993', 4] } }],
    [{ owner: { $exists: false } }],
  ])('is the same filter: %j', (input) => {
    expect(filter(writeFilter(filter(input)))).toEqual(filter(input));
  });

  test('has a shape without its values', () => {
    expect(filterShape(filter({ owner: 'a', $or: [{ n: 1 }, { n: { $gt: 5 } }] }))).toBe(
      'owner eq and (n eq or n gt)',
    );
  });
});

describe('a filter for the target', () => {
  test('has the new names, and times as integers', () => {
    const found = translated({ owner: 'a', at: { $gte: '1970-01-01T00:00:01Z' } });
    expect(found).toMatchObject({ state: 'translated' });
    expect(writeFilter((found as { filter: Filter }).filter)).toEqual({
      $and: [{ f_owner: { $eq: 'a' } }, { at: { $gte: '1000000' } }],
    });
  });

  test('on a number that became text can still ask for the same value, and says what that is no longer', () => {
    expect(translated({ n: 5 })).toMatchObject({ state: 'means-other', filter: { op: 'eq', value: '5' } });
    expect(translated({ n: { $gt: 5 } })).toEqual({
      state: 'untranslatable',
      why: '"n" is text in the target, which $gt cannot look into',
    });
    expect(translated({ tags: { $contains: 'x' } })).toMatchObject({ state: 'untranslatable' });
  });

  test('cannot be about a field that is gone, nor be one that the engine refuses; every reason is told', async () => {
    const found = translated({ $or: [{ gone: 'x' }, { $not: { n: { $lt: 2 } } }] });
    expect(found).toMatchObject({
      why: 'the target has no field "gone"; "n" is text in the target, which $lt cannot look into',
    });
    const { capabilities: chroma } = await loadEngine('chroma');
    expect(translated({ owner: { $like: 'a%' } }, chroma)).toMatchObject({ state: 'untranslatable' });
  });
});
