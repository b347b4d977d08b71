import type { PointId } from '../../../engines/contract/ids.js';
import type { TestApi } from '../api.js';
import { never } from '../session.js';
import {
  byId,
  checksOn,
  DIMENSIONS,
  field,
  idsOf,
  type PointContender,
  scanned,
  someIds,
  somePoint,
  specFor,
  vectorOf,
} from './session.js';

const FIELDS = [field('name'), field('size', 'integer')];

/** Create, attach, list, upsert, get, scan, count, delete, update, describe, drop. */
export function checkOperations(api: TestApi, contender: PointContender): void {
  const { expect } = api;
  const on = checksOn(api, contender);
  const { facts, definition } = contender;
  const { idKinds, integerIds } = definition.capabilities;

  on('create refuses a name that is there, and leaves it untouched', async (session) => {
    const name = session.name();
    const first = await session.create({ fields: FIELDS }, name);
    await first.upsert([somePoint(someIds(idsOf(contender), 1)[0]!, 1, { name: 'kept', size: 1 })]);
    const before = await scanned(first);
    const described = await first.describe();
    await expect(session.connected.create(specFor(contender, name))).rejects.toThrow(name);
    expect(await scanned(first)).toEqual(before);
    expect(await first.describe()).toEqual(described);
  });

  on('attach finds a collection as it is, list names it, and neither changes it', async (session) => {
    const name = session.name();
    const made = await session.create({ fields: FIELDS }, name);
    const ids = someIds(idsOf(contender), 5);
    await made.upsert(ids.map((id, i) => somePoint(id, i, { name: `n${i}`, size: i })));
    const attached = await session.open(name);
    expect(byId(await scanned(attached))).toEqual(byId(await scanned(made)));
    expect(await attached.describe()).toEqual(await made.describe());
    expect(await session.list()).toContain(name);
    await attached.upsert([somePoint(ids[0]!, 9, { name: 'new', size: 9 })]);
    expect((await made.get([ids[0]!]))[0]!.metadata).toEqual({ name: 'new', size: 9 });
  });

  on('attach to a name that is not there is refused and names those that are', async (session) => {
    const name = session.name();
    await session.create({}, name);
    await expect(session.open(`${name}x`)).rejects.toThrow(name);
    expect(await session.list()).not.toContain(`${name}x`);
  });

  on(`a name with spaces, quotes and umlauts is ${facts.oddNames}`, async (session) => {
    const name = `${session.name()} "ö" 'x' %; --`;
    if (facts.oddNames === 'refused') {
      await expect(session.create({}, name)).rejects.toThrow();
      expect(await session.list()).not.toContain(name);
      return;
    }
    const made = await session.create({}, name);
    const [id] = someIds(idsOf(contender), 1);
    await made.upsert([somePoint(id!, 1)]);
    expect(await session.list()).toContain(name);
    expect(await (await session.open(name)).count()).toBe(1);
    await made.drop();
    expect(await session.list()).not.toContain(name);
  });

  for (const kind of idKinds) {
    on(`ids of kind ${kind} come back as they were, in the order asked for`, async (session) => {
      const collection = await session.create({ ids: kind });
      const refused: readonly PointId[] = facts.refusedIds ?? [];
      const ids = oddIds(kind, integerIds, facts.emptyId === 'kept').filter((id) => !refused.includes(id));
      await collection.upsert(ids.map((id, i) => somePoint(id, i + 1)));
      expect(await collection.count()).toBe(ids.length);
      const asked = [...ids].reverse();
      expect((await collection.get(asked)).map(({ id }) => id)).toEqual(asked);
      expect((await scanned(collection)).map(({ id }) => id).sort(order)).toEqual([...ids].sort(order));
      const [hit] = await collection.search(vectorOf(3), 1);
      expect(ids).toContain(hit!.id);
      for (const [
        i,
        {
          vectors: { vector },
        },
      ] of (await collection.get(ids)).entries()) {
        expect(vector).toEqual(vectorOf(i + 1));
      }
      await collection.delete([ids[1]!]);
      expect((await collection.get(ids)).map(({ id }) => id)).toEqual(ids.filter((_, i) => i !== 1));
    });

    on(`an id of another kind than ${kind} is refused and nothing is written`, async (session) => {
      const collection = await session.create({ ids: kind });
      const [good] = someIds(kind, 1);
      const wrong: PointId[] = typeof good === 'bigint' ? ['7'] : [7n];
      if (kind === 'uuid') wrong.push('no uuid');
      if (kind === 'string') wrong.push('half \ud800 a pair');
      if (kind === 'u64' && integerIds === 'signed') wrong.push(2n ** 63n, -(2n ** 63n) - 1n);
      if (kind === 'u64' && integerIds === 'unsigned') wrong.push(-1n, 2n ** 64n);
      if (kind === 'string' && facts.emptyId === 'refused') wrong.push('');
      if (kind === 'u64') wrong.push(...(facts.refusedIds ?? []));
      for (const id of wrong) {
        await expect(collection.upsert([somePoint(good!, 1), somePoint(id, 2)])).rejects.toThrow();
      }
      expect(await collection.count()).toBe(0);
    });
  }

  on('upsert replaces the whole record, and of two with one id the last one wins', async (session) => {
    const collection = await session.create({ fields: FIELDS });
    const [a, b] = someIds(idsOf(contender), 2);
    await collection.upsert([
      somePoint(a!, 1, { name: 'old', size: 1 }),
      somePoint(b!, 2, { name: 'b', size: 2 }),
    ]);
    await collection.upsert([somePoint(a!, 3, { name: 'new', size: 3 })]);
    await collection.upsert([
      somePoint(b!, 4, { name: 'first', size: 4 }),
      somePoint(b!, 5, { name: 'last', size: 5 }),
    ]);
    expect(await collection.count()).toBe(2);
    expect(await collection.get([a!, b!])).toEqual([
      somePoint(a!, 3, { name: 'new', size: 3 }),
      somePoint(b!, 5, { name: 'last', size: 5 }),
    ]);
    // What the new record does not name is gone, not merged.
    await collection.upsert([somePoint(a!, 3, { size: 3 })]);
    expect((await collection.get([a!]))[0]!.metadata['name'] ?? null).toBeNull();
    expect(await scanned(collection)).toHaveLength(2);
  });

  on('get leaves out what is not there; upsert and get of nothing are nothing', async (session) => {
    const collection = await session.create();
    const [a, b, c] = someIds(idsOf(contender), 3);
    await collection.upsert([somePoint(a!, 1), somePoint(c!, 3)]);
    await collection.upsert([]);
    expect((await collection.get([c!, b!, a!])).map(({ id }) => id)).toEqual([c, a]);
    expect(await collection.get([b!])).toEqual([]);
    expect(await collection.get([])).toEqual([]);
    expect(await collection.count()).toBe(2);
  });

  on('scan gives every point once, in batches', async (session) => {
    const collection = await session.create({ fields: FIELDS });
    const ids = someIds(idsOf(contender), 500);
    const records = ids.map((id, i) => somePoint(id, i, { name: `n${i}`, size: i }));
    await collection.upsert(records.slice(0, 300));
    await collection.upsert(records.slice(300));
    for (const batchSize of [1000, 500, 64]) {
      const all = await scanned(collection, batchSize);
      expect(all).toHaveLength(500);
      expect(byId(all)).toEqual(byId(records));
    }
    await collection.delete(ids);
    expect(await scanned(collection)).toEqual([]);
  });

  on('delete removes what is there; what is not there is no error', async (session) => {
    const collection = await session.create();
    const [a, b, c] = someIds(idsOf(contender), 3);
    await collection.upsert([somePoint(a!, 1), somePoint(b!, 2)]);
    await collection.delete([b!, c!]);
    await collection.delete([c!]);
    await collection.delete([]);
    expect(await collection.count()).toBe(1);
    expect((await scanned(collection)).map(({ id }) => id)).toEqual([a]);
    expect((await collection.search(vectorOf(2), 5)).map(({ id }) => id)).toEqual([a]);
  });

  on('update sets, unsets and replaces the vector; all else stays', async (session) => {
    const collection = await session.create({ fields: FIELDS });
    const [a, b, gone] = someIds(idsOf(contender), 3);
    const other = somePoint(b!, 2, { name: 'b', size: 2 });
    await collection.upsert([somePoint(a!, 1, { name: 'a', size: 1 }), other]);
    await collection.update({ id: a!, set: { name: 'changed' } });
    expect(await collection.get([a!])).toEqual([somePoint(a!, 1, { name: 'changed', size: 1 })]);
    await collection.update({ id: a!, vectors: { vector: vectorOf(7) } });
    expect(await collection.get([a!])).toEqual([somePoint(a!, 7, { name: 'changed', size: 1 })]);
    await collection.update({ id: a!, set: { size: 5 }, unset: ['name'], vectors: { vector: vectorOf(8) } });
    const [changed] = await collection.get([a!]);
    expect(changed!.vectors['vector']).toEqual(vectorOf(8));
    expect(changed!.metadata['size']).toBe(5);
    expect(changed!.metadata['name'] ?? null).toBeNull();
    expect(await collection.get([b!])).toEqual([other]);
    await expect(collection.update({ id: gone!, set: { size: 1 } })).rejects.toThrow(String(gone));
    await expect(collection.update({ id: a!, set: { size: 'text' } })).rejects.toThrow('size');
    await expect(collection.update({ id: a!, vectors: { vector: new Float32Array(3) } })).rejects.toThrow(
      'dimensions',
    );
    expect(await collection.get([a!])).toEqual([changed]);
    expect(await collection.count()).toBe(2);
  });

  on('NaN, infinity and another dimension are refused, and nothing is written', async (session) => {
    const collection = await session.create();
    const [a, b] = someIds(idsOf(contender), 2);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const vector = vectorOf(1).fill(value, 3, 4);
      await expect(
        collection.upsert([somePoint(a!, 1), { id: b!, vectors: { vector }, metadata: {} }]),
      ).rejects.toThrow();
    }
    for (const length of [DIMENSIONS - 1, 2 * DIMENSIONS, 0]) {
      const vector = new Float32Array(length).fill(0.5);
      await expect(
        collection.upsert([somePoint(a!, 1), { id: b!, vectors: { vector }, metadata: {} }]),
      ).rejects.toThrow('dimensions');
      await expect(collection.search(vector, 3)).rejects.toThrow();
    }
    expect(await collection.count()).toBe(0);
  });

  on('what create made bears a mark, which says who asked for it', async (session) => {
    const { mark } = contender.definition.capabilities.points!;
    const marks = async (name: string) => (await (await session.open(name)).describe()).mark;
    const names = [session.name(), session.name()] as const;
    await session.create({ madeBy: 'it\'s "me" \\ ü' }, names[0]);
    await session.create({}, names[1]);
    const expected = [{ by: 'it\'s "me" \\ ü' }, { by: null }];
    expect([await marks(names[0]), await marks(names[1])]).toEqual(
      mark === undefined ? [undefined, undefined] : expected,
    );
  });

  on('describe tells metric, dimensions, ids, fields and count', async (session) => {
    for (const metric of definition.capabilities.metrics) {
      const name = session.name();
      const collection = await session.create({ metric, fields: FIELDS }, name);
      await collection.upsert(someIds(idsOf(contender), 3).map((id, i) => somePoint(id, i + 1)));
      const described = await (await session.open(name)).describe();
      expect(described).toMatchObject({
        spec: { name, vectors: [{ metric, kind: 'dense', type: 'f32', dimensions: DIMENSIONS }] },
        count: 3,
      });
      expect(described.ids).toBe(idsOf(contender));
      const types = described.fields.map(({ name, type }) => [name, type]).sort();
      expect(types).toEqual(FIELDS.map(({ name, type }) => [name, type]).sort());
      expect(Object.keys(described.index).length).toBeGreaterThan(0);
    }
  });

  on('an aborted signal ends upsert and scan with its reason', async (session) => {
    const collection = await session.create();
    const ids = someIds(idsOf(contender), 20);
    const reason = new Error('enough');
    const aborted = AbortSignal.abort(reason);
    await expect(collection.upsert([somePoint(ids[0]!, 1)], aborted)).rejects.toBe(reason);
    expect(await collection.count()).toBe(0);
    await collection.upsert(
      ids.map((id, i) => somePoint(id, i)),
      never,
    );
    const abort = new AbortController();
    const reading = async () => {
      for await (const _ of collection.scan({ batchSize: 5, signal: abort.signal })) abort.abort(reason);
    };
    await expect(reading()).rejects.toBe(reason);
    expect(await scanned(collection)).toHaveLength(20);
  });

  on('drop removes the collection and no other', async (session) => {
    const [name, other] = [session.name(), session.name()];
    const collection = await session.create({}, name);
    await session.create({}, other);
    await collection.drop();
    expect(await session.list()).not.toContain(name);
    expect(await session.list()).toContain(other);
    await expect(session.open(name)).rejects.toThrow();
    const again = await session.create({}, name);
    expect(await again.count()).toBe(0);
  });
}

function order(a: PointId, b: PointId): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Ids at the edges of their kind. */
function oddIds(kind: string, integers: 'signed' | 'unsigned' | undefined, empty: boolean): PointId[] {
  const unsigned = [0n, 7n, 2n ** 31n, 2n ** 32n - 1n];
  if (kind === 'u32') return unsigned;
  if (kind === 'u64') {
    const wide = [...unsigned, 2n ** 53n + 1n, 2n ** 63n - 1n];
    const low = integers === 'unsigned' ? [] : [-1n, -(2n ** 63n)];
    return [...wide, ...low, ...(integers === 'signed' ? [] : [2n ** 63n, 2n ** 64n - 1n])];
  }
  if (kind === 'uuid') {
    return [
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
    ];
  }
  return [
    '7',
    '07',
    ' 7',
    '7 ',
    ' ',
    'a',
    'A',
    'ä',
    'a\u0308',
    '🦀 日本',
    "\"quoted\" 'it's' \\ `x`",
    "'; DROP TABLE x; --",
    'a\nb\tc',
    '%_{}[]$1:,;/?#&',
    'null',
    'undefined',
    '__proto__',
    '9223372036854775808',
    '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
    'long '.repeat(60),
    ...(empty ? [''] : []),
  ];
}
