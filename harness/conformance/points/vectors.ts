import type { Point, PointSupport } from '../../../engines/contract/points.js';
import {
  type DenseType,
  type DenseValues,
  elementsOf,
  type SparseVector,
  type VectorField,
  type VectorMetric,
} from '../../../engines/contract/vectors.js';
import { denseArray } from '../../../engines/kit/vectors.js';
import type { TestApi } from '../api.js';
import { never } from '../session.js';
import {
  byId,
  checksOn,
  idsOf,
  type Opened,
  type PointContender,
  scanned,
  someIds,
  vectorOf,
} from './session.js';

const DENSE: readonly DenseType[] = ['f32', 'f16', 'bf16', 'int8', 'bit'];
const BITS = 16;

/** Vectors of each number type, sparse ones, several in one point: as declared, or refused by name. */
export function checkVectors(api: TestApi, contender: PointContender): void {
  const { expect } = api;
  const on = checksOn(api, contender);
  const { metrics } = contender.definition.capabilities;
  const vectors = keptVectors(contender);
  const kind = idsOf(contender);
  const metric = metrics.includes('l2') ? 'l2' : metrics[0]!;

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
}

/** What the server that is tested has of the vectors that the engine declares. */
export function keptVectors({
  definition,
  facts: { serverLacks: lacks },
}: PointContender): PointSupport['vectors'] {
  const declared = definition.capabilities.points!.vectors;
  if (lacks === undefined) return declared;
  return {
    ...declared,
    several: declared.several && lacks.several !== true,
    sparse: declared.sparse && lacks.sparse !== true,
    dense: declared.dense.filter((type) => lacks.dense?.includes(type) !== true),
  };
}

async function searchBy(
  { definition, facts }: PointContender,
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
