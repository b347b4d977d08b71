import type { PointId } from '../../../engines/contract/ids.js';
import type { Point } from '../../../engines/contract/points.js';
import { whyNotName } from '../../../engines/kit/holds.js';
import type { Filter } from '../../../filters/filter.js';
import type { TestApi } from '../api.js';
import { never } from '../session.js';
import {
  byId,
  checksOn,
  field,
  idsOf,
  type PointContender,
  scanned,
  someIds,
  somePoint,
  vectorOf,
} from './session.js';

/** Names that databases keep for themselves, or that programs trip over. */
const NAMES = [
  '',
  'id',
  'vector',
  'text',
  'uri',
  'tenant',
  'distance',
  'oid',
  'ctid',
  'xmin',
  'tableoid',
  'rowid',
  '_rowid_',
  '_rowid',
  '$os',
  '$meta',
  'f0',
  'n',
  'metadata',
  'constructor',
  '__proto__',
  'select',
  'a"b',
  'ä'.repeat(60),
  `${'x'.repeat(62)}é`,
];

/** Points that are written twice at the same time. */
const ROUNDS = 6;

/** Text, URI and tenant of a point, fields of any name, conditional inserts. */
export function checkParts(api: TestApi, contender: PointContender): void {
  const { expect } = api;
  const on = checksOn(api, contender);
  const { points, fieldNames } = contender.definition.capabilities;
  const support = points!;
  const kind = idsOf(contender);

  for (const part of ['text', 'uri', 'tenant'] as const) {
    on(`${part} (${support[part]})`, async (session) => {
      if (support[part] === 'refused') {
        await expect(session.create({ [part]: true })).rejects.toThrow(part);
        return;
      }
      // A field of that name is something else.
      const collection = await session.create({ [part]: true, fields: [field(part)] });
      const ids = someIds(kind, 3);
      const all: Point[] = [
        { ...somePoint(ids[0]!, 1, { [part]: 'of the field' }), [part]: 'it\'s "ö" 🦀' },
        { ...somePoint(ids[1]!, 2, { [part]: 'x' }), [part]: part === 'tenant' ? 'b' : '' },
        ...(part === 'tenant' ? [] : [somePoint(ids[2]!, 3, { [part]: 'y' })]),
      ];
      await collection.upsert(all);
      expect(await collection.get(ids)).toEqual(all);
      expect(byId(await scanned(collection))).toEqual(byId(all));
      expect((await collection.describe()).spec[part]).toBe(true);
      if (part === 'tenant') return;
      await collection.update({ id: ids[0]!, [part]: 'new' });
      expect((await collection.get([ids[0]!]))[0]).toEqual({ ...all[0]!, [part]: 'new' });
      const plain = await session.create();
      await expect(plain.upsert([{ ...somePoint(ids[0]!, 1), [part]: 'x' }])).rejects.toThrow(part);
    });
  }

  on(
    'insertMissing leaves alone what is there',
    async (session) => {
      const collection = await session.create({ fields: [field('name')] });
      const [a, b] = someIds(kind, 2);
      await collection.upsert([somePoint(a!, 1, { name: 'there' })]);
      await collection.points.insertMissing!([
        somePoint(a!, 2, { name: 'late' }),
        somePoint(b!, 3, { name: 'new' }),
      ]);
      expect(await collection.get([a!, b!])).toEqual([
        somePoint(a!, 1, { name: 'there' }),
        somePoint(b!, 3, { name: 'new' }),
      ]);
      expect(await collection.count()).toBe(2);
    },
    support.insertOnly === false,
  );

  on(
    'insertMissing overwrites nothing that is written at the same time',
    async (session) => {
      const collection = await session.create({ fields: [field('name')] });
      const ids = someIds(kind, ROUNDS);
      const write = (way: 'upsert' | 'insertMissing', id: PointId, value: number) =>
        collection.points[way]!([somePoint(id, value, { name: way })]);
      // Which one comes first is the engine's affair: what was upserted stays in any case.
      await Promise.all(
        ids.flatMap((id, i) => {
          const both = [() => write('upsert', id, 1), () => write('insertMissing', id, 2)];
          return (i % 2 === 0 ? both : both.toReversed()).map((each) => each());
        }),
      );
      expect(await collection.get(ids)).toEqual(ids.map((id) => somePoint(id, 1, { name: 'upsert' })));
      expect(await collection.count()).toBe(ROUNDS);
    },
    support.insertOnly === false,
  );

  on('fields of any name that is not declared as refused are kept, and filtered by', async (session) => {
    const names = NAMES.filter((name) => whyNotName(fieldNames, name) === undefined);
    const collection = await session.create({ fields: names.map((name) => field(name, 'integer')) });
    const ids = someIds(kind, 2);
    const all = ids.map((id, i) =>
      somePoint(id, i + 1, Object.fromEntries(names.map((name, at) => [name, 100 * i + at]))),
    );
    await collection.upsert(all);
    expect(await collection.get(ids)).toEqual(all);
    expect((await collection.describe()).fields.map(({ name }) => name).sort()).toEqual([...names].sort());
    await collection.collection.ready(never);
    for (const [at, name] of names.entries()) {
      const filter: Filter = { op: 'eq', field: { name, type: 'integer' }, value: 100 + at };
      expect((await collection.search(vectorOf(1), 5, filter)).map(({ id }) => id)).toEqual([ids[1]]);
    }
    for (const name of NAMES.filter((each) => whyNotName(fieldNames, each) !== undefined)) {
      await expect(session.create({ fields: [field(name, 'integer')] })).rejects.toThrow(name);
    }
  });
}
