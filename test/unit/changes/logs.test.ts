import type { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Point, Points } from '../../../engines/contract/points.js';
import { requireClient } from '../../../engines/kit/packages.js';
import type { RowChange } from '../../../migration/changes/change.js';
import { CollectionTarget } from '../../../migration/changes/collection-target.js';
import { decodePoint, encodePoint } from '../../../migration/changes/encode.js';
import type { ChangeLog } from '../../../migration/changes/log.js';
import { MemoryChangeLog } from '../../../migration/changes/memory-log.js';
import { MemoryTarget } from '../../../migration/changes/memory-target.js';
import { PostgresChangeLog } from '../../../migration/changes/postgres/log.js';
import { PostgresVersions } from '../../../migration/changes/postgres/versions.js';
import type { ChangeTarget, Write } from '../../../migration/changes/target.js';
import { MemoryVersions, type VersionStore } from '../../../migration/changes/versions.js';
import { holdsLogContract, point, upsert } from './log-contract.js';

let database: PGlite;
beforeAll(async () => {
  const { PGlite: Database } = requireClient('@electric-sql/pglite') as typeof import('@electric-sql/pglite');
  database = await Database.create();
});
afterAll(() => database.close());

describe('a point as text', () => {
  test('comes back as it was', () => {
    const odd: Point = {
      id: 2n ** 63n - 1n,
      vectors: {
        a: Float32Array.of(1.5, -0, Number.NaN, Number.POSITIVE_INFINITY),
        b: Uint16Array.of(1, 65535),
        c: Int8Array.of(-128, 127),
        d: Uint8Array.of(255),
        e: { indices: Uint32Array.of(4_000_000_000), values: Float32Array.of(0.1) },
        f: { rows: 1, values: Float32Array.of(1, 2) },
        g: { indices: new Uint32Array(), values: new Float32Array() },
      },
      metadata: {
        big: 2n ** 60n,
        minus: -0,
        nothing: null,
        list: [1, 'a', Number.NaN],
        inner: { $int: '5', $object: { $num: 'x' }, ['__proto__']: 'key' },
        zero: '\0 \ud800',
      },
      text: '',
      tenant: 'a',
      version: 7n,
      provenance: { model: 'm', created: 12n },
    };
    expect(decodePoint(encodePoint(odd))).toEqual(odd);
    expect(Object.is((decodePoint(encodePoint(odd)).metadata as { minus: number }).minus, -0)).toBe(true);
  });
});

const logs: [string, (name: string) => Promise<ChangeLog>][] = [
  ['in memory', async () => new MemoryChangeLog()],
  ['in PostgreSQL (PGlite)', (schema) => PostgresChangeLog.open(database, { schema })],
];

describe.each(logs)('a log %s', (_, open) => {
  holdsLogContract(open);
});

describe('a log in PostgreSQL', () => {
  // As text, 1000 stands before 999: whoever acknowledges the last one of such a page loses those before it.
  test('is read in the order of numbers, not of their digits', async () => {
    const log = await PostgresChangeLog.open(database, { schema: 'log_digits' });
    await database.exec(`DO $$ BEGIN
      WHILE pg_current_xact_id()::text !~ '^9+5$' LOOP COMMIT; END LOOP;
    END $$`);
    for (let i = 0; i < 20; i++) await log.append([upsert(`row ${i}`, i)]);
    const first = await log.read(null, 10);
    const rest = await log.read(first.at(-1)!.position, 20);
    const read = [...first, ...rest] as RowChange[];
    expect(read.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_unused, i) => `row ${i}`));
  });

  test('leaves a schema alone that others made', async () => {
    await database.exec('CREATE SCHEMA theirs');
    await expect(PostgresChangeLog.open(database, { schema: 'theirs' })).rejects.toThrow(
      'the schema "theirs" is there and was not made by vecproof',
    );
  });

  test('forgets what all consumers have acknowledged, and goes when it is dropped', async () => {
    const log = await PostgresChangeLog.open(database, { schema: 'log_trim' });
    await log.append([upsert('a'), upsert('b'), upsert('c')]);
    const read = await log.read(null, 10);
    await log.acknowledge('x', read[1]!.position);
    expect(await log.trim(['x', 'y'])).toBe(0);
    await log.acknowledge('y', read[0]!.position);
    expect(await log.trim(['x', 'y'])).toBe(1);
    expect(await log.read(null, 10)).toEqual(read.slice(1));
    await log.drop();
    const { rows } = await database.query(`SELECT 1 FROM pg_namespace WHERE nspname = 'log_trim'`);
    expect(rows).toEqual([]);
  });
});

/** Points of an engine, in memory. */
function memoryPoints(): Points & { rows: Map<Point['id'], Point> } {
  const rows = new Map<Point['id'], Point>();
  return {
    rows,
    upsert: async (points: readonly Point[]) => points.forEach((each) => void rows.set(each.id, each)),
    delete: async (ids: readonly Point['id'][]) => ids.forEach((id) => void rows.delete(id)),
    get: async (ids: readonly Point['id'][]) => ids.flatMap((id) => rows.get(id) ?? []),
  } as unknown as Points & { rows: typeof rows };
}

const overEngine = (versions: VersionStore) =>
  new CollectionTarget({ place: 'memory', points: memoryPoints(), versions });
let targetCount = 0;
const targets: [string, () => Promise<ChangeTarget>][] = [
  ['in memory', async () => new MemoryTarget()],
  ['of an engine, versions in memory', async () => overEngine(new MemoryVersions())],
  [
    'of an engine, versions in PostgreSQL (PGlite)',
    async () => overEngine(await PostgresVersions.open(database, `t${++targetCount}`)),
  ],
];

describe.each(targets)('a target %s', (_, open) => {
  const key = { collection: 'docs', id: 'a' };
  const write = (version: bigint, value: number) =>
    ({ kind: 'upsert', ...key, version, point: point('a', value) }) as const;

  test('never writes an older version over a newer, nor over a deletion', async () => {
    const target = await open();
    expect(await target.read([key])).toEqual([undefined]);
    expect(await target.apply([write(5n, 5)])).toEqual(['applied']);
    expect(await target.apply([write(4n, 4)])).toEqual(['superseded']);
    expect(await target.apply([write(5n, 5)])).toEqual(['superseded']);
    expect((await target.read([key]))[0]).toMatchObject({
      version: 5n,
      deleted: false,
      point: { metadata: { value: 5 } },
    });
    expect(await target.apply([{ kind: 'delete', ...key, version: 6n }])).toEqual(['applied']);
    expect(await target.apply([write(5n, 5), { ...write(6n, 6), id: 'b', point: point('b', 6) }])).toEqual([
      'superseded',
      'applied',
    ]);
    expect((await target.read([key]))[0]).toMatchObject({ version: 6n, deleted: true, point: undefined });
  });

  test('backfills only where nothing is known and nothing is there', async () => {
    const target = await open();
    expect(await target.apply([write(0n, 1)])).toEqual(['applied']);
    expect(await target.apply([write(0n, 2)])).toEqual(['superseded']);
    expect((await target.read([key]))[0]).toMatchObject({ version: 0n, point: { metadata: { value: 1 } } });
    await target.apply([{ kind: 'delete', ...key, version: 3n }]);
    expect(await target.apply([write(0n, 1)])).toEqual(['superseded']);
    expect((await target.read([key]))[0]).toMatchObject({ deleted: true, point: undefined });
  });
});

test('a row that is another tenant’s point is told, not adopted', async () => {
  const target = overEngine(new MemoryVersions());
  const row = { collection: 'docs', id: 'a', tenant: 'x' };
  await target.apply([{ kind: 'upsert', ...row, version: 1n, point: { ...point('a'), tenant: 'x' } }]);
  await expect(target.read([{ ...row, tenant: 'y' }])).rejects.toThrow('is a point of another tenant');
});

// A rehearsal found it: the second attempt was taken for a repetition, and the row stayed.
test.each(['delete', 'upsert'] as const)(
  'a %s that is acknowledged and not done is never noted as done',
  async (lost) => {
    const points = memoryPoints();
    const target = new CollectionTarget({ place: 'memory', points, versions: new MemoryVersions() });
    const key = { collection: 'docs', id: 'a' };
    const change: Write =
      lost === 'delete'
        ? { ...key, kind: 'delete', version: 2n }
        : { ...key, kind: 'upsert', point: point('a'), version: 2n };
    if (lost === 'delete') await target.apply([{ ...key, kind: 'upsert', point: point('a'), version: 1n }]);
    const done = points[lost].bind(points) as (given: never) => Promise<void>;
    points[lost] = async () => {};
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(target.apply([change])).rejects.toThrow('was acknowledged, and the row');
    points[lost] = done as never;
    expect(await target.apply([change])).toEqual(['applied']);
    expect(points.rows.has('a')).toBe(lost === 'upsert');
  },
);
