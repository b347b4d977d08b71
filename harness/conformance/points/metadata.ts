import type { FieldSchema, FieldType, MetadataValue } from '../../../datasets/dataset.js';
import type { Metadata, MetadataSupport, PointValue } from '../../../engines/contract/points.js';
import type { TestApi } from '../api.js';
import {
  checksOn,
  field,
  idsOf,
  type PointContender,
  type PointSession,
  scanned,
  someIds,
  somePoint,
  vectorOf,
} from './session.js';

const TEXTS = [
  '',
  ' ',
  'a',
  'Ä',
  'ä',
  'a\u0308',
  '🦀 日本 \u202e',
  'it\'s "x" \\ %_ ; --',
  '\n\t',
  'null',
  '{}',
  '[]',
  '0',
];
/** Values at the edges of each type. */
const VALUES: Readonly<Record<FieldType, readonly Exclude<MetadataValue, null>[]>> = {
  string: [...TEXTS, 'long '.repeat(2000)],
  integer: [0, -1, 42, 2 ** 53 - 1, -(2 ** 53) + 1, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)],
  float: [0, 0.1, -2.5, 3, 1e300, 5e-324, Number.MAX_VALUE, 1 / 3, -1e-7, 2 ** 60],
  boolean: [true, false],
  // 1970, a microsecond before, the ends of four-digit years, and now with all digits.
  timestamp: [0n, -1n, -62135596800000000n, 253402300799999999n, 1764150000123456n],
  'string[]': [['a'], ['', 'a', ''], TEXTS, ['NULL', 'null', 'a,b', '{x}', 'a"b\\c']],
  'integer[]': [[1], [3, -1, 3], [2n ** 63n - 1n, -(2n ** 63n), 0]],
  'float[]': [[0.1], [1e300, -2.5, 3], [5e-324]],
  'boolean[]': [[true], [false, true, false]],
};
/** A value of the wrong type for each. */
const WRONG: Readonly<Record<FieldType, PointValue>> = {
  string: 1,
  integer: 1.5,
  float: '1',
  boolean: 0,
  timestamp: '2024-01-01T00:00:00Z',
  'string[]': [1],
  'integer[]': ['1'],
  'float[]': [true],
  'boolean[]': 'true',
};
const ALL_TYPES = Object.keys(VALUES) as FieldType[];

/** Metadata comes back as it was, or as `MetadataSupport` says. */
export function checkMetadata(api: TestApi, contender: PointContender): void {
  const { expect } = api;
  const on = checksOn(api, contender);
  const { facts, definition } = contender;
  const support = definition.capabilities.metadata!;
  const types = ALL_TYPES.filter((type) => support.types[type] !== undefined);
  const kind = idsOf(contender);

  /** Writes one record for each metadata, and gives what get and scan answer. */
  async function roundTrip(session: PointSession, fields: readonly FieldSchema[], all: readonly Metadata[]) {
    const collection = await session.create({ fields });
    const ids = someIds(kind, all.length);
    await collection.upsert(all.map((metadata, i) => somePoint(ids[i]!, i, metadata)));
    const got = (await collection.get(ids)).map(({ metadata }) => metadata);
    const read = new Map((await scanned(collection)).map(({ id, metadata }) => [id, metadata]));
    expect(ids.map((id) => read.get(id))).toEqual(got);
    return { got, collection, ids };
  }

  on(
    'fields of which no point of a write has a value are null or missing, also where they had one',
    async (session) => {
      const fields = types.map((type) => field(type, type));
      const all = Object.fromEntries(types.map((type) => [type, VALUES[type][0]!]));
      const { collection, ids } = await roundTrip(session, fields, [all]);
      await collection.upsert([somePoint(ids[0]!, 1)]);
      const [found] = await collection.get(ids);
      expect(Object.values(found!.metadata).filter((value) => value !== null)).toEqual([]);
    },
  );

  for (const type of ALL_TYPES) {
    if (support.types[type] === undefined) {
      on(`a field of type ${type} is refused by name before anything is made`, async (session) => {
        const name = session.name();
        await expect(session.create({ fields: [field('bad', type)] }, name)).rejects.toThrow(
          new RegExp(`bad.*${type.replace('[]', '\\[\\]')}`),
        );
        expect(await session.list()).not.toContain(name);
      });
      continue;
    }
    on(`${type} (${support.types[type]}): values come back as they were`, async (session) => {
      const all = VALUES[type].map((value) => ({ x: value }));
      const { got, collection } = await roundTrip(session, [field('x', type)], all);
      expect(got).toEqual(all);
      // A zero that has a sign is the same number; nothing else may differ by as little as a type.
      const described = await collection.describe();
      expect(described.fields).toMatchObject([{ name: 'x', type }]);
    });

    on(`${type}: another type is refused by name, and nothing is written`, async (session) => {
      const collection = await session.create({ fields: [field('x', type)] });
      const [a, b] = someIds(kind, 2);
      const good = somePoint(a!, 1, { x: VALUES[type][0]! });
      await expect(collection.upsert([good, somePoint(b!, 2, { x: WRONG[type] })])).rejects.toThrow('"x"');
      expect(await collection.count()).toBe(0);
    });
  }

  on(`null and missing (${support.absence})`, async (session) => {
    const fields = types.map((type) => field(`f ${type}`.replace(/\W/g, '_'), type));
    const nulls = Object.fromEntries(fields.map(({ name }) => [name, null]));
    const values = Object.fromEntries(fields.map(({ name, type }) => [name, VALUES[type].at(-1)!]));
    const { got } = await roundTrip(session, fields, [nulls, {}, values]);
    expect(got).toEqual([absent(nulls, fields, support), absent({}, fields, support), values]);
  });

  on('a field that is not nullable refuses null and missing', async (session) => {
    const collection = await session.create({ fields: [field('x', 'string', false)] });
    const [a] = someIds(kind, 1);
    await expect(collection.upsert([somePoint(a!, 1, { x: null })])).rejects.toThrow('"x"');
    await expect(collection.upsert([somePoint(a!, 1, {})])).rejects.toThrow('"x"');
    expect(await collection.count()).toBe(0);
  });

  const arrays = types.filter((type) => type.endsWith('[]'));
  on(`empty arrays (${arrays.length > 0 ? support.emptyArrays : 'no arrays at all'})`, async (session) => {
    for (const type of arrays) {
      const fields = [field('x', type)];
      if (support.emptyArrays === 'refused') {
        const collection = await session.create({ fields });
        const [a] = someIds(kind, 1);
        await expect(collection.upsert([somePoint(a!, 1, { x: [] })])).rejects.toThrow('"x"');
        expect(await collection.count()).toBe(0);
        continue;
      }
      const { got } = await roundTrip(session, fields, [{ x: [] }]);
      expect(got).toEqual([support.emptyArrays === 'kept' ? { x: [] } : absent({}, fields, support)]);
    }
  });

  on(`nested fields (${support.nested})`, async (session) => {
    const fields = [field('maker.name'), field('maker.home.country'), field('plain')];
    if (support.nested === 'refused') {
      await expect(session.create({ fields })).rejects.toThrow('maker.name');
      return;
    }
    const all = [
      { maker: { name: 'a.b', home: { country: 'ö' } }, plain: 'p' },
      { maker: { name: '', home: { country: '' } }, plain: '' },
    ];
    const { got, collection, ids } = await roundTrip(session, fields, all);
    expect(got).toEqual(all);
    await collection.update({ id: ids[0]!, set: { maker: { name: 'new' } } });
    const [changed] = await collection.get([ids[0]!]);
    expect((changed!.metadata['maker'] as Metadata)['name']).toBe('new');
  });

  on(`a field that the schema does not name is ${support.undeclared}`, async (session) => {
    const collection = await session.create({ fields: [field('known')] });
    const [a] = someIds(kind, 1);
    const odd = somePoint(a!, 1, { known: 'x', unknown: 'y' });
    if (support.undeclared === 'kept') {
      await collection.upsert([odd]);
      expect(await collection.get([a!])).toEqual([odd]);
      return;
    }
    await expect(collection.upsert([odd])).rejects.toThrow('"unknown"');
    expect(await collection.count()).toBe(0);
  });

  on(`names of fields with spaces, quotes and umlauts are ${facts.oddFields}`, async (session) => {
    const names = ['with space', 'Ümläut', `quo"te's`, '$x', 'id', 'vector', 'metadata', 'UPPER', 'upper'];
    const fields = names.map((name) => field(name));
    if (facts.oddFields === 'refused') {
      await expect(session.create({ fields })).rejects.toThrow();
      return;
    }
    const all = [Object.fromEntries(names.map((name) => [name, `value of ${name}`]))];
    const { got } = await roundTrip(session, fields, all);
    expect(got).toEqual(all);
  });

  on(`text with U+0000 is ${facts.nulCharacter}`, async (session) => {
    const collection = await session.create({ fields: [field('x')] });
    const [a] = someIds(kind, 1);
    const odd = somePoint(a!, 1, { x: 'a\u0000b' });
    if (facts.nulCharacter === 'kept') {
      await collection.upsert([odd]);
      expect(await collection.get([a!])).toEqual([odd]);
      return;
    }
    await expect(collection.upsert([odd])).rejects.toThrow();
    expect(await collection.count()).toBe(0);
  });

  for (const metric of definition.capabilities.metrics) {
    const changed = definition.capabilities.points?.vectors.changed?.[metric];
    const [normalised, rounded] = [changed === 'normalised', changed === 'rounded'];
    const how = normalised ? 'normalised' : rounded ? 'within two units in the last place' : 'bit for bit';
    on(`vectors come back ${how} under ${metric}`, async (session) => {
      const collection = await session.create({ metric });
      const vectors = [
        vectorOf(1),
        vectorOf(2).fill(1e-30, 2, 4),
        vectorOf(3).fill(16777215, 0, 1),
        vectorOf(4),
      ];
      const ids = someIds(kind, vectors.length);
      await collection.upsert(
        vectors.map((vector, i) => ({ id: ids[i]!, vectors: { vector }, metadata: {} })),
      );
      for (const [i, { vectors: found }] of (await collection.get(ids)).entries()) {
        const vector = found['vector'] as Float32Array;
        if (rounded) {
          for (const [at, value] of vector.entries()) {
            expect(Math.abs(value - vectors[i]![at]!)).toBeLessThanOrEqual(
              2 ** -22 * Math.abs(vectors[i]![at]!),
            );
          }
          continue;
        }
        if (!normalised) {
          expect(Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)).toEqual(
            Buffer.from(vectors[i]!.buffer),
          );
          continue;
        }
        const length = Math.hypot(...vectors[i]!);
        for (const [at, value] of vector.entries()) expect(value).toBeCloseTo(vectors[i]![at]! / length, 6);
      }
    });
  }
}

/** What a point without values is expected to come back as. */
function absent(given: Metadata, fields: readonly FieldSchema[], { absence }: MetadataSupport): Metadata {
  if (absence === 'kept') return given;
  return absence === 'missing' ? {} : Object.fromEntries(fields.map(({ name }) => [name, null]));
}
