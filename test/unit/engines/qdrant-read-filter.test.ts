import { expect, test } from 'vitest';
import type { FieldSchema, MetadataValue } from '../../../datasets/dataset.js';
import { translate } from '../../../engines/qdrant/filter.js';
import { readFilter } from '../../../engines/qdrant/read-filter.js';
import { matches } from '../../../filters/matches.js';
import { parseFilter } from '../../../filters/parse.js';

const FIELDS: FieldSchema[] = [
  { name: 'owner', type: 'string', nullable: true },
  { name: 'n', type: 'integer', nullable: true },
  { name: 'tags', type: 'string[]', nullable: true },
];
const ROWS: Record<string, MetadataValue>[] = [];
for (const owner of ['a', 'b', null])
  for (const n of [1, 5, null])
    for (const tags of [['x'], ['x', 'y'], [], null]) ROWS.push({ owner, n, tags });

function passing(input: unknown): number[] {
  const parsed = parseFilter(input, FIELDS);
  if (parsed.state === 'invalid') throw new Error(JSON.stringify(parsed.faults));
  return ROWS.flatMap((row, i) => (matches(parsed.filter, (name) => row[name]) ? [i] : []));
}

// What the adapter sends means exactly the portable filter (conformance tests): read back, it has to mean it again.
test.each([
  [{ owner: 'a' }],
  [{ owner: { $ne: 'a' } }],
  [{ owner: { $nin: ['a', 'b'] } }],
  [{ owner: { $exists: false } }],
  [{ n: { $gt: 1, $lte: 5 } }],
  [{ $not: { n: { $gte: 5 } } }],
  [{ tags: { $contains: 'y' } }],
  [{ tags: { $containsAny: ['y', 'z'] } }],
  [{ $or: [{ owner: 'a', n: 1 }, { $not: { tags: { $contains: 'x' } } }] }],
])('%j is read back from the server’s language with its meaning', (input) => {
  const parsed = parseFilter(input, FIELDS);
  if (parsed.state === 'invalid') throw new Error('no filter');
  const read = readFilter(translate(parsed.filter), FIELDS);
  expect(read.state, JSON.stringify(read)).toBe('ok');
  expect(passing((read as { filter: unknown }).filter)).toEqual(passing(input));
});

test('except does not match a point without a value', () => {
  const read = readFilter({ must: [{ key: 'owner', match: { except: ['a'] } }] }, FIELDS);
  const found = passing((read as { filter: unknown }).filter);
  expect(found.every((i) => ROWS[i]!['owner'] === 'b')).toBe(true);
  expect(found.length).toBeGreaterThan(0);
});

test.each([
  [{ must: [{ is_null: { key: 'owner' } }] }, 'is_null'],
  [{ must: [{ is_empty: { key: 'tags' } }] }, 'an empty array is a value'],
  [{ must: [{ key: 'tags', range: { gt: 1 } }] }, 'elements of "tags"'],
  [{ must: [{ has_id: [1] }] }, 'has_id'],
  [{ must: [{ key: 'place', geo_radius: {} }] }, 'geo_radius'],
  [{ min_should: { conditions: [], min_count: 1 } }, 'min_should'],
  [{ must: [{ key: 'nobody', match: { value: 1 } }] }, 'no field of one type'],
  [{}, 'no condition'],
  ['x', 'no object'],
])('%j is refused: %s', (native, why) => {
  const read = readFilter(native, FIELDS);
  expect(read).toMatchObject({ state: 'refused' });
  expect((read as { why: string }).why).toContain(why);
});
