import type { Point, ScanOptions, Snapshot } from '../../../engines/contract/points.js';
import type { TestApi } from '../api.js';
import { byId, checksOn, field, idsOf, type PointContender, someIds, somePoint } from './session.js';

/** Snapshots: pages in order, cursors, what is written meanwhile. */
export function checkSnapshots(api: TestApi, contender: PointContender): void {
  const { expect } = api;
  const on = checksOn(api, contender);
  const { snapshot: taken } = contender.definition.capabilities.points!;
  const kind = idsOf(contender);

  on(`a snapshot (${taken.consistency}) goes on behind a cursor, and ends at the end`, async (session) => {
    const collection = await session.create({ fields: [field('name')] });
    const ids = someIds(kind, 40);
    const all = ids.map((id, i) => somePoint(id, i, { name: `n${i}` }));
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
      const all = ids.slice(0, 30).map((id, i) => somePoint(id, i, { name: 'old' }));
      await collection.upsert(all);
      const before = await collection.points.snapshot();
      const seen: Point[] = [];
      for await (const { points } of before.scan({ batchSize: 4 })) {
        if (seen.length === 0) {
          await collection.upsert(ids.slice(30).map((id, i) => somePoint(id, i, { name: 'new' })));
          await collection.upsert(
            ids.slice(0, 30).map((id, i) => somePoint(id, i + 50, { name: 'changed' })),
          );
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
}

async function pagesOf(snapshot: Snapshot, options: ScanOptions) {
  const pages = [];
  for await (const page of snapshot.scan(options)) pages.push(page);
  return pages;
}
