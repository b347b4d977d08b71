import { expect, test } from 'vitest';
import type { PointFacts } from '../../../engines/contract/facts.js';
import type { Point, PointSupport, ScanOptions, Snapshot } from '../../../engines/contract/points.js';
import type { LoadBatch } from '../../../engines/contract/spec.js';
import {
  type DenseType,
  type DenseValues,
  elementsOf,
  type SparseVector,
  type VectorColumn,
  type VectorField,
  type VectorMetric,
} from '../../../engines/contract/vectors.js';
import { whyNotName } from '../../../engines/kit/holds.js';
import { denseArray } from '../../../engines/kit/vectors.js';
import type { Filter } from '../../../filters/filter.js';
import { never } from '../session.js';
import {
  field,
  idsOf,
  type Opened,
  openRecords,
  type RecordContender,
  type RecordSession,
  record,
  scanned,
  someIds,
  specFor,
  vectorOf,
} from './session.js';

const DENSE: readonly DenseType[] = ['f32', 'f16', 'bf16', 'int8', 'bit'];
const BITS = 16;
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

/** Several vectors, parts of a point, snapshots with cursors, conditional inserts, names of fields, typed loads. */
export function pointTests(contender: RecordContender): void {
  const { definition, facts } = contender;
  const { points: support, metrics, fieldNames } = definition.capabilities;
  if (!support) return;
  const { snapshot: taken } = support;
  const vectors = tested(support.vectors, facts);
  const kind = idsOf(contender);
  const metric = metrics.includes('l2') ? 'l2' : metrics[0]!;

  const on = (title: string, use: (session: RecordSession) => Promise<void>, skip = false) =>
    test.skipIf(skip)(title, async () => {
      const session = await openRecords(contender);
      try {
        await use(session);
      } finally {
        await session.close();
      }
    });

  const dense = (name: string, type: DenseType): VectorField => {
    const by: VectorMetric = type === 'bit' ? 'hamming' : metric;
    return { name, kind: 'dense', type, dimensions: type === 'bit' ? BITS : 4, metric: by };
  };

  for (const type of DENSE) {
    const title = `vectors of type ${type}`;
    if (!vectors.dense.includes(type)) {
      on(`${title} are refused by name before anything is made`, async (session) => {
        const name = session.name();
        await expect(session.create({ vectors: [dense('bad', type)] }, name)).rejects.toThrow(/bad/);
        expect(await session.list()).not.toContain(name);
      });
      continue;
    }
    on(`${title} come back bit for bit`, async (session) => {
      const of = dense('vector', type);
      const collection = await session.create({ vectors: [of] });
      const ids = someIds(kind, 3);
      const all = ids.map((id, i) => ({ id, vectors: { vector: someValues(of, i) }, metadata: {} }));
      await collection.upsert(all);
      expect(await collection.get(ids)).toEqual(all);
      const { spec } = await collection.describe();
      expect(spec.vectors).toMatchObject([{ kind: 'dense', type, dimensions: of.dimensions }]);
    });
  }

  on(
    'several vectors, or a sparse one, are refused by name where there are none, before anything is made',
    async (session) => {
      const name = session.name();
      const sparse: VectorField = { name: 'odd', kind: 'sparse', type: 'f32', dimensions: 0, metric: null };
      if (!vectors.sparse) await expect(session.create({ vectors: [sparse] }, name)).rejects.toThrow('odd');
      const two = [dense('vector', 'f32'), dense('second', 'f32')];
      if (!vectors.several)
        await expect(session.create({ vectors: two }, name)).rejects.toThrow(/one vector|several vectors/);
      expect(await session.list()).not.toContain(name);
    },
    vectors.several && vectors.sparse,
  );

  on(
    'sparse vectors come back bit for bit, an empty one as empty',
    async (session) => {
      const of: VectorField = { name: 's', kind: 'sparse', type: 'f32', dimensions: 0, metric: null };
      const collection = await session.create({ vectors: [dense('vector', 'f32'), of] });
      const ids = someIds(kind, 3);
      const sparse: SparseVector[] = [
        { indices: Uint32Array.of(0, 7, 999_999_999), values: Float32Array.of(0.1, -2.5, 1e-30) },
        { indices: new Uint32Array(0), values: new Float32Array(0) },
        { indices: Uint32Array.of(3), values: Float32Array.of(1) },
      ];
      const all = ids.map((id, i) => ({
        id,
        vectors: { vector: someValues(dense('vector', 'f32'), i), s: sparse[i]! },
        metadata: {},
      }));
      await collection.upsert(all);
      expect(await collection.get(ids)).toEqual(all);
    },
    !vectors.sparse || !vectors.several,
  );

  on(
    'several named vectors: each is searched by its name, and one that a point lacks is no zero',
    async (session) => {
      const others = vectors.dense.filter((type) => type !== 'f32');
      const fields = [
        dense('vector', 'f32'),
        dense('second "vector"', 'f32'),
        ...others.map((type) => dense(type, type)),
      ];
      const collection = await session.create({ vectors: fields });
      const ids = someIds(kind, 6);
      const absent = vectors.absent === 'kept';
      // Points 4 and 5 lack the second or the first vector.
      const all = ids.map((id, i): Point => {
        const named = fields.map((each) => [each.name, someValues(each, i)] as const);
        const lacking = absent && i >= 4 ? fields[i - 4]!.name : undefined;
        return { id, vectors: Object.fromEntries(named.filter(([name]) => name !== lacking)), metadata: {} };
      });
      await collection.upsert(all);
      expect(await collection.count()).toBe(ids.length);
      expect(await collection.get(ids)).toEqual(all);
      expect(byId(await scanned(collection))).toEqual(byId(all));
      await collection.collection.ready(never);
      for (const name of fields.slice(0, 2).map((each) => each.name)) {
        const having = all.filter((point) => point.vectors[name] !== undefined);
        const hits = await searchBy(
          contender,
          collection,
          name,
          having[2]!.vectors[name] as Float32Array,
          10,
        );
        expect(hits[0]).toBe(having[2]!.id);
        expect(new Set(hits)).toEqual(new Set(having.map(({ id }) => id)));
      }
      await expect(searchBy(contender, collection, 'none such', vectorOf(1), 1)).rejects.toThrow('none such');
      // What an upsert leaves out is gone; what an update does not name stays.
      const first = { ...all[0]!, vectors: { ...all[0]!.vectors, vector: someValues(fields[0]!, 9) } };
      await collection.update({ id: ids[0]!, vectors: { vector: first.vectors['vector']! } });
      expect(await collection.get([ids[0]!])).toEqual([first]);
      if (!absent) return;
      const bare: Point = { id: ids[0]!, vectors: {}, metadata: {} };
      await collection.upsert([bare]);
      expect(await collection.get([ids[0]!])).toEqual([bare]);
      await collection.delete([ids[0]!, ids[5]!]);
      expect(await collection.count()).toBe(ids.length - 2);
    },
    !vectors.several,
  );

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
        { ...record(ids[0]!, 1, { [part]: 'of the field' }), [part]: 'it\'s "ö" 🦀' },
        { ...record(ids[1]!, 2, { [part]: 'x' }), [part]: part === 'tenant' ? 'b' : '' },
        ...(part === 'tenant' ? [] : [record(ids[2]!, 3, { [part]: 'y' })]),
      ];
      await collection.upsert(all);
      expect(await collection.get(ids)).toEqual(all);
      expect(byId(await scanned(collection))).toEqual(byId(all));
      expect((await collection.describe()).spec[part]).toBe(true);
      if (part === 'tenant') return;
      await collection.update({ id: ids[0]!, [part]: 'new' });
      expect((await collection.get([ids[0]!]))[0]).toEqual({ ...all[0]!, [part]: 'new' });
      const plain = await session.create();
      await expect(plain.upsert([{ ...record(ids[0]!, 1), [part]: 'x' }])).rejects.toThrow(part);
    });
  }

  on(`a snapshot (${taken.consistency}) goes on behind a cursor, and ends at the end`, async (session) => {
    const collection = await session.create({ fields: [field('name')] });
    const ids = someIds(kind, 40);
    const all = ids.map((id, i) => record(id, i, { name: `n${i}` }));
    await collection.upsert(all);
    const first = await collection.points.snapshot();
    expect(first.consistency).toBe(taken.consistency);
    const pages = await pagesOf(first, { batchSize: 7 });
    expect(byId(pages.flatMap(({ points }) => points))).toEqual(byId(all));
    for (const at of [0, 2, pages.length - 1]) {
      const rest = await pagesOf(first, { batchSize: 3, after: pages[at]!.cursor });
      expect(rest.flatMap(({ points }) => points)).toEqual(
        pages.slice(at + 1).flatMap(({ points }) => points),
      );
    }
    await first.close();
    await first.close();
    await expect(pagesOf(first, { batchSize: 7 })).rejects.toThrow();
    const later = await collection.points.snapshot(taken.reopens ? first.watermark! : undefined);
    const rest = await pagesOf(later, { batchSize: 100, after: pages[3]!.cursor });
    expect(rest.flatMap(({ points }) => points)).toEqual(pages.slice(4).flatMap(({ points }) => points));
    await expect(pagesOf(later, { batchSize: 7, after: 'no cursor' })).rejects.toThrow();
    await later.close();
  });

  on(
    'a snapshot shows one moment, whatever is written meanwhile',
    async (session) => {
      const collection = await session.create({ fields: [field('name')] });
      const ids = someIds(kind, 40);
      const all = ids.slice(0, 30).map((id, i) => record(id, i, { name: 'old' }));
      await collection.upsert(all);
      const before = await collection.points.snapshot();
      const seen: Point[] = [];
      for await (const { points } of before.scan({ batchSize: 4 })) {
        if (seen.length === 0) {
          await collection.upsert(ids.slice(30).map((id, i) => record(id, i, { name: 'new' })));
          await collection.upsert(ids.slice(0, 30).map((id, i) => record(id, i + 50, { name: 'changed' })));
          await collection.delete(ids.slice(20, 25));
        }
        seen.push(...points);
      }
      expect(byId(seen)).toEqual(byId(all));
      const after = await collection.points.snapshot();
      expect(after.watermark).not.toBe(before.watermark);
      expect((await pagesOf(after, { batchSize: 9 })).flatMap(({ points }) => points)).toHaveLength(35);
      await before.close();
      await after.close();
    },
    taken.consistency !== 'snapshot',
  );

  on(
    'insertMissing leaves alone what is there',
    async (session) => {
      const collection = await session.create({ fields: [field('name')] });
      const [a, b] = someIds(kind, 2);
      await collection.upsert([record(a!, 1, { name: 'there' })]);
      await collection.points.insertMissing!([
        record(a!, 2, { name: 'late' }),
        record(b!, 3, { name: 'new' }),
      ]);
      expect(await collection.get([a!, b!])).toEqual([
        record(a!, 1, { name: 'there' }),
        record(b!, 3, { name: 'new' }),
      ]);
      expect(await collection.count()).toBe(2);
    },
    !support.insertOnly,
  );

  on('fields of any name that is not declared as refused are kept, and filtered by', async (session) => {
    const names = NAMES.filter((name) => whyNotName(fieldNames, name) === undefined);
    const collection = await session.create({ fields: names.map((name) => field(name, 'integer')) });
    const ids = someIds(kind, 2);
    const all = ids.map((id, i) =>
      record(id, i + 1, Object.fromEntries(names.map((name, at) => [name, 100 * i + at]))),
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

  for (const ids of definition.capabilities.idKinds) {
    on(`a columnar load with ids of kind ${ids}, and points written beside it`, async (session) => {
      const fields = [field('name'), field('size', 'integer')];
      const collection = await session.create({ ids, fields });
      const all = someIds(ids, 20).map((id, i) =>
        record(id, i, { name: i === 3 ? null : `n${i}`, size: i === 4 ? null : i }),
      );
      const { vectors: of } = specFor(contender, '', {});
      await collection.collection.load(batchOf(all.slice(0, 15), of), never);
      await collection.upsert(all.slice(15));
      expect((await collection.collection.ready(never)).count).toBe(20);
      expect(await collection.get(all.map(({ id }) => id))).toEqual(all);
      expect((await collection.search(vectorOf(7), 1))[0]!.id).toBe(all[7]!.id);
      expect((await collection.search(vectorOf(17), 1))[0]!.id).toBe(all[17]!.id);
      await collection.delete([all[0]!.id]);
      expect((await collection.collection.ready(never)).count).toBe(19);
    });
  }

  for (const type of Object.keys(definition.capabilities.indexTypes)) {
    on(
      `an index of type ${type} is built after points were upserted, and takes in later ones`,
      async (session) => {
        const index = definition.parseOptions({
          index: { type, ...(type === 'ivf' && { nlist: 2 }) },
          search: {},
        });
        if (index.state !== 'ok') throw new Error(JSON.stringify(index));
        const collection = await session.create({ index: index.index });
        const ids = someIds(kind, 400);
        await collection.upsert(ids.slice(0, 300).map((id, i) => record(id, i)));
        const none = (await collection.collection.ready(never)).indexed === null;
        expect((await collection.collection.ready(never)).indexed).toBe(none ? null : 300);
        await collection.upsert(ids.slice(300).map((id, i) => record(id, 300 + i)));
        expect(await collection.collection.ready(never)).toMatchObject({
          count: 400,
          indexed: none ? null : 400,
        });
        // Several, since codes of a product quantization may not have it first.
        const search = await collection.collection.prepare(index.search, 10);
        const { keys } = await search.query(vectorOf(350));
        expect(Array.from(keys)).toContain(ids[350]);
        await search.close();
      },
    );
  }
}

/** What the server that is tested has of what the engine declares. */
function tested(declared: PointSupport['vectors'], { serverLacks: lacks }: PointFacts) {
  if (lacks === undefined) return declared;
  return {
    ...declared,
    several: declared.several && lacks.several !== true,
    sparse: declared.sparse && lacks.sparse !== true,
    dense: declared.dense.filter((type) => lacks.dense?.includes(type) !== true),
  };
}

async function searchBy(
  { definition, facts }: RecordContender,
  { collection }: Opened,
  name: string,
  query: Float32Array,
  k: number,
): Promise<Point['id'][]> {
  const options = definition.parseOptions({ index: facts.index, search: {} });
  if (options.state !== 'ok') throw new Error(JSON.stringify(options));
  const search = await collection.prepare(options.search, k, name);
  try {
    const { keys } = await search.query(query);
    return Array.from(keys, (key) => (typeof key === 'number' ? BigInt(key) : key));
  } finally {
    await search.close();
  }
}

async function pagesOf(snapshot: Snapshot, options: ScanOptions) {
  const pages = [];
  for await (const page of snapshot.scan(options)) pages.push(page);
  return pages;
}

function byId(points: readonly Point[]): Map<Point['id'], Point> {
  const all = new Map(points.map((each) => [each.id, each]));
  if (all.size !== points.length) throw new Error('a point came twice');
  return all;
}

/** Numbers that the type has, among them the smallest and those at its ends. */
function someValues(of: VectorField, seed: number): DenseValues {
  const values = denseArray(of.type, elementsOf(of));
  const bits: Partial<Record<DenseType, readonly number[]>> = {
    // -0, a subnormal number, the largest, 1.
    f16: [0x8000, 0x0001, 0x7bff, 0x3c00],
    bf16: [0x8000, 0x0001, 0x7f7f, 0x3f80],
    int8: [-128, 127, 0, 1],
    bit: [0b1000_0001, 0b0100_0000],
  };
  const odd = bits[of.type] ?? [-0.5, 1e-30, 16_777_215, 0.1];
  // The last element tells the points apart.
  for (let i = 0; i < values.length; i++) values[i] = i === values.length - 1 ? seed + 1 : odd[i]!;
  return values;
}

function batchOf(points: readonly Point[], fields: readonly VectorField[]): LoadBatch {
  const ids = points.map(({ id }) => id);
  const columnOf = ({ name, dimensions }: VectorField): VectorColumn => {
    const values = new Float32Array(points.length * dimensions);
    for (const [i, point] of points.entries())
      values.set(point.vectors[name] as Float32Array, i * dimensions);
    return { kind: 'dense', values };
  };
  const names = Object.keys(points[0]!.metadata);
  return {
    start: 0,
    count: points.length,
    ids,
    vectors: Object.fromEntries(fields.map((each) => [each.name, columnOf(each)])),
    metadata: Object.fromEntries(
      names.map((name) => [name, points.map(({ metadata }) => metadata[name] as string | number | null)]),
    ),
  };
}
