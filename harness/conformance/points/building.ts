import type { Point } from '../../../engines/contract/points.js';
import type { LoadBatch } from '../../../engines/contract/spec.js';
import type { VectorColumn, VectorField } from '../../../engines/contract/vectors.js';
import type { TestApi } from '../api.js';
import { never } from '../session.js';
import {
  checksOn,
  field,
  idsOf,
  type PointContender,
  someIds,
  somePoint,
  specFor,
  vectorOf,
} from './session.js';

/** Columnar loads beside points that are written one by one, and indexes that are built after them. */
export function checkBuilding(api: TestApi, contender: PointContender): void {
  const { expect } = api;
  const on = checksOn(api, contender);
  const { definition } = contender;
  const kind = idsOf(contender);

  for (const ids of definition.capabilities.idKinds) {
    on(`a columnar load with ids of kind ${ids}, and points written beside it`, async (session) => {
      const fields = [field('name'), field('size', 'integer')];
      const collection = await session.create({ ids, fields });
      const all = someIds(ids, 20).map((id, i) =>
        somePoint(id, i, { name: i === 3 ? null : `n${i}`, size: i === 4 ? null : i }),
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
        await collection.upsert(ids.slice(0, 300).map((id, i) => somePoint(id, i)));
        const none = (await collection.collection.ready(never)).indexed === null;
        expect((await collection.collection.ready(never)).indexed).toBe(none ? null : 300);
        await collection.upsert(ids.slice(300).map((id, i) => somePoint(id, 300 + i)));
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
