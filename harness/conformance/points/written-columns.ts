import type { FieldType } from '../../../datasets/dataset.js';
import type { PointColumns } from '../../../engines/contract/columns.js';
import type { Metadata, Point, Points } from '../../../engines/contract/points.js';
import type { VectorField } from '../../../engines/contract/vectors.js';
import { idsIn, pointsIn } from '../../../engines/kit/columns.js';
import { joinColumns } from '../../../engines/kit/join-columns.js';
import { piecesOf } from '../../../engines/kit/slice-columns.js';
import type { TestApi } from '../api.js';
import { byId, checksOn, field, idsOf, type PointContender, someIds, somePoint } from './session.js';

const VALUES: Readonly<Record<FieldType, readonly [Metadata[string], Metadata[string]]>> = {
  string: ['', 'it\'s "ö" 🦀'],
  integer: [2n ** 63n - 1n, -7],
  float: [-0, 0.1],
  boolean: [true, false],
  timestamp: [1_700_000_000_123_456n, -1n],
  'string[]': [['a', ''], []],
  'integer[]': [[2n ** 53n + 1n, 0], [1]],
  'float[]': [[0.5, -0], []],
  'boolean[]': [[true, false], [true]],
};

/** Points are written as columns: the same are there as if they had been written one by one. */
export function checkWrittenColumns(api: TestApi, contender: PointContender): void {
  const { expect } = api;
  const { points, metadata } = contender.definition.capabilities;
  const kind = idsOf(contender);
  checksOn(api, contender)(
    'points as columns are inserted where they are not there yet, and read back',
    async (session) => {
      const types = (Object.keys(VALUES) as FieldType[]).filter(
        (type) => metadata!.types[type] !== undefined,
      );
      const parts = Object.fromEntries(
        (['text', 'uri', 'tenant'] as const).map((part) => [part, points![part] !== 'refused']),
      );
      const change = { fields: types.map((type) => field(type, type)), ...parts };
      const ids = someIds(kind, 40);
      const all = ids.map((id, i): Point => {
        const metadataOf = types.map((type) => [type, i % 3 === 2 ? null : VALUES[type][i % 3]!]);
        const texts = Object.entries(parts).flatMap(([part, has]) =>
          has && i % 2 === 0 ? [[part, `${part} ä ${i}`]] : [],
        );
        return { ...somePoint(id, i, Object.fromEntries(metadataOf)), ...Object.fromEntries(texts) };
      });
      const given = await session.create(change);
      await given.upsert(all);
      const { spec } = await given.describe();
      const wanted = await given.get(ids);
      const columns = await columnsIn(given.points, spec.vectors);
      for (const most of [columns.count, 7]) {
        const taken = await session.create(change);
        const { asColumns } = taken.points;
        if (asColumns === undefined) throw new Error('the engine declares columns but takes none');
        expect(await asColumns.getWritten(columns.ids)).toBeUndefined();
        for (const piece of piecesOf(columns, spec.vectors, most)) {
          await asColumns.insertMissing(piece);
          const read = (await asColumns.getWritten(piece.ids))?.flatMap((each) =>
            pointsIn(each, spec.vectors),
          );
          if (read !== undefined) expect(byId(read)).toEqual(byId(await taken.get(idsIn(piece.ids))));
        }
        expect(await taken.get(ids)).toEqual(wanted);
      }
      const late = await session.create(change);
      await late.upsert([somePoint(ids[0]!, 99, {})]);
      const before = await late.get([ids[0]!]);
      await late.points.asColumns!.insertMissing(columns);
      expect(await late.get([ids[0]!])).toEqual(before);
      expect(await late.get(ids.slice(1))).toEqual(wanted.slice(1));
      await late.delete([ids[5]!]);
      expect(await late.points.asColumns!.getWritten(columns.ids)).toBeUndefined();
    },
    points!.columns !== true,
  );
}

async function columnsIn(points: Points, vectors: readonly VectorField[]): Promise<PointColumns> {
  const snapshot = await points.snapshot();
  try {
    const pages: PointColumns[] = [];
    for await (const { columns } of snapshot.columns!({ batchSize: 13 })) pages.push(columns);
    return joinColumns(pages, vectors);
  } finally {
    await snapshot.close();
  }
}
