import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { isNativeId, keptId, nativeId, ownId, uuidOf } from '../../../../engines/qdrant/ids.js';
import { ID_KEY } from '../../../../engines/qdrant/keys.js';

test('a text becomes a UUID of version 5 in a name space of its own', () => {
  const uuid = uuidOf('7');
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const hash = createHash('sha1').update(Buffer.from('5d2f1c0e3f6b4b0e9d6a7a4c1e8b0f27', 'hex')).update('7');
  expect(uuid.replaceAll('-', '').slice(0, 12)).toBe(hash.digest('hex').slice(0, 12));
});

test('texts and integers that look alike are two ids, and each comes back as it was', () => {
  for (const [kind, id] of [
    ['string', '7'],
    ['string', '550e8400-e29b-41d4-a716-446655440000'],
    ['u64', 7n],
    ['u64', 2n ** 64n - 1n],
    ['uuid', '550e8400-e29b-41d4-a716-446655440000'],
  ] as const) {
    expect(isNativeId(nativeId(kind, id))).toBe(true);
    expect(ownId(nativeId(kind, id), keptId(kind, id))).toBe(id);
  }
  expect(nativeId('string', '7')).not.toBe(nativeId('u64', 7n));
  expect(Object.keys(keptId('string', '7'))).toEqual([ID_KEY]);
  expect(keptId('u64', 7n)).toEqual({});
});

test('what the server cannot hold is not there', () => {
  expect([-1n, 2n ** 64n, 'abc', ''].map(isNativeId)).toEqual([false, false, false, false]);
  expect(ownId(7, {})).toBe(7n);
});
