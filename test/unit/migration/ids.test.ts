import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Collisions, hashOf } from '../../../migration/mapping/collisions.js';
import { IdFile, type IdRow, readIds } from '../../../migration/mapping/id-file.js';
import { idsOf, lookUp, uuid5 } from '../../../migration/mapping/ids.js';
import type { Mapping } from '../../../migration/mapping/mapping.js';
import {
  fromTenantText,
  fromTypedText,
  type TypedId,
  tenantText,
  typedText,
} from '../../../migration/mapping/typed-id.js';
import { expectedIds } from '../../../migration/verify/ids.js';

const folder = mkdtempSync(join(tmpdir(), 'vecproof-ids-'));
const TENANTS = [undefined, '', 'acme', 'acme/eu', 'acme%2Feu', '%', '/', 'ü/i:7'];
const IDS = [7n, -(2n ** 63n), 2n ** 64n - 1n, '7', '', 'ü', 'i:7', '0d5ed5f6-0000-4000-8000-00000000000a'];

function mapping(ids: Partial<Mapping['ids']>, kind: Mapping['target']['ids']): Mapping {
  const rest = { how: 'identity', keep: null, file: null, sha256: null, native: null } as const;
  return { target: { ids: kind }, ids: { ...rest, ...ids } } as Mapping;
}

test('a typed id comes back from its text, and no two have the same', () => {
  const all = IDS.flatMap((id): TypedId[] =>
    typeof id === 'bigint'
      ? [{ type: 'integer' as const, id }]
      : [
          { type: 'string' as const, id },
          { type: 'uuid' as const, id },
        ],
  );
  for (const each of all) expect(fromTypedText(typedText(each))).toEqual(each);
  expect(new Set(all.map(typedText)).size).toBe(all.length);
});

test('load and verify, which share no code, agree on every rule', async () => {
  for (const [how, kind] of [
    ['typed', 'string'],
    ['tenant', 'string'],
    ['uuid5', 'uuid'],
    ['text', 'string'],
    ['identity', 'string'],
  ] as const) {
    for (const shape of [{ ids: null }, { ids: 'string' }] as const) {
      const [load, verify] = [
        await idsOf(mapping({ how }, kind), shape, folder),
        await expectedIds(mapping({ how }, kind), shape, folder),
      ];
      for (const id of IDS)
        for (const tenant of TENANTS) expect(verify.of(id, tenant), `${how} ${id}`).toBe(load(id, tenant));
    }
  }
});

test('an id of a tenant comes back from its text, and no two have the same', () => {
  const texts = new Set<string>();
  for (const tenant of TENANTS)
    for (const id of IDS) {
      const typed: TypedId = typeof id === 'bigint' ? { type: 'integer', id } : { type: 'string', id };
      const text = tenantText(tenant, typed);
      texts.add(text);
      expect(fromTenantText(text)).toEqual({ ...typed, tenant });
    }
  expect(texts.size).toBe(TENANTS.length * IDS.length);
});

test('a UUID of version 5 is that of RFC 9562', () => {
  // The text "i:7" under the namespace by Python: uuid.uuid5(uuid.UUID('9f2c7a4e-51d8-4b3e-8a06-c1d27be4f359'), 'i:7')
  expect(uuid5('i:7')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuid5('i:7')).toBe('e38e33bc-3ca2-5df7-971d-cb67c1b063a6');
});

test('a rule that does not fit the ids of the target is refused', async () => {
  await expect(idsOf(mapping({ how: 'uuid5' }, 'u64'), { ids: 'string' }, folder)).rejects.toThrow(
    'are uuid or string',
  );
});

describe('a map of ids', () => {
  const rows: IdRow[] = [
    { source: { type: 'integer', id: 7n }, target: '1' },
    { source: { type: 'string', id: '7' }, target: '2', native: 'n-2' },
  ];
  function written(name: string, content: readonly IdRow[]): { path: string; sha256: string } {
    const path = join(folder, name);
    const file = new IdFile(path);
    file.write(content);
    return { path, sha256: file.finish() };
  }

  test('is read as it was written, and looked up from both sides', async () => {
    const { path, sha256 } = written('ids.parquet', rows);
    expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(sha256);
    expect(await readIds(path)).toEqual(rows);
    expect(lookUp(rows, '7')).toHaveLength(2);
    expect(lookUp(rows, 's:7')).toEqual([rows[1]]);
    expect(lookUp(rows, '1')).toEqual([rows[0]]);
    expect(lookUp(rows, 'n-2')).toEqual([rows[1]]);
  });

  test('is followed; an id that it has not is an error, and so is a file that was changed', async () => {
    const { sha256 } = written('own.parquet', rows);
    const follow = await idsOf(
      mapping({ how: 'file', file: 'own.parquet', sha256 }, 'u64'),
      { ids: 'integer' },
      folder,
    );
    expect(follow(7n)).toBe(1n);
    expect(() => follow(8n)).toThrow('the map of ids does not have this id');
    await expect(
      idsOf(
        mapping({ how: 'file', file: 'own.parquet', sha256: '0'.repeat(64) }, 'u64'),
        { ids: 'integer' },
        folder,
      ),
    ).rejects.toThrow('its SHA-256 is another');
  });

  test('in which two become one, or one becomes two, is refused', async () => {
    const { path } = written('two.parquet', [rows[0]!, { source: { type: 'string', id: 'a' }, target: '1' }]);
    await expect(readIds(path)).rejects.toThrow('the integer id 7 and the string id a both become 1');
    const twice = written('twice.parquet', [rows[0]!, { ...rows[0]!, target: '3' }]);
    await expect(readIds(twice.path)).rejects.toThrow('the integer id 7 twice');
  });
});

test('ids that come twice are suspects among many that do not', () => {
  const collisions = new Collisions();
  for (let i = 0; i < 5000; i++) collisions.add(`id-${i}`);
  for (const id of ['id-17', 7n, 'x', 7n]) collisions.add(id);
  collisions.add('7');
  expect(collisions.suspects()).toEqual(new Set([hashOf('id-17'), hashOf(7n)]));
});
