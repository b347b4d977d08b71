import type { Point, ScanOptions, ScanPage, Snapshot } from '../../../engines/contract/points.js';
import type { TestApi } from '../api.js';
import { requireSameColumns } from './columns.js';
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
    expect(first.columns !== undefined).toBe(taken.columns === true);
    const { spec } = await collection.describe();
    const pages = await pagesOf(first, { batchSize: 7 });
    expect(byId(pages.flatMap(({ points }) => points))).toEqual(byId(all));
    for (const at of [0, 2, pages.length - 1]) {
      const rest = await pagesOf(first, { batchSize: 3, after: pages[at]!.cursor });
      const left = pages.slice(at + 1).flatMap(({ points }) => points);
      expect(rest.flatMap(({ points }) => points)).toEqual(left);
      await requireSameColumns(first, spec.vectors, { batchSize: 3, after: pages[at]!.cursor }, left);
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

/** Ranges: together the whole scan, each with cursors of its own, several at the same time. */
export function checkRanges(api: TestApi, contender: PointContender): void {
  const { expect } = api;
  const on = checksOn(api, contender);
  const { snapshot: taken } = contender.definition.capabilities.points!;
  const kind = idsOf(contender);
  const flat = (pages: readonly ScanPage[]) => pages.flatMap(({ points }) => points);

  on(
    taken.ranges === undefined
      ? 'a snapshot is read as a whole'
      : `a snapshot is cut into ranges (${taken.ranges}) that are the whole scan, each point once`,
    async (session) => {
      const collection = await session.create({ fields: [field('name')] });
      const ids = someIds(kind, 61);
      await collection.upsert(ids.map((id, i) => somePoint(id, i, { name: `n${i}` })));
      const snapshot = await collection.points.snapshot();
      if (taken.ranges === undefined) {
        expect(snapshot.ranges).toBe(undefined);
        await expect(pagesOf(snapshot, { batchSize: 7, range: '["a","b"]' })).rejects.toThrow();
        await snapshot.close();
        return;
      }
      const whole = flat(await pagesOf(snapshot, { batchSize: 7 }));
      expect(whole).toHaveLength(61);
      for (const n of [1, 2, 5]) {
        const ranges = await snapshot.ranges!(n);
        expect(await snapshot.ranges!(n)).toEqual(ranges);
        expect(ranges.length).toBeGreaterThan(0);
        expect(ranges.length).toBeLessThanOrEqual(n);
        // At the same time: each has its own place.
        const parts = await Promise.all(ranges.map((range) => pagesOf(snapshot, { batchSize: 4, range })));
        expect(parts.flatMap(flat)).toEqual(whole);
        const { spec } = await collection.describe();
        for (const [i, range] of ranges.entries())
          await requireSameColumns(snapshot, spec.vectors, { batchSize: 4, range }, flat(parts[i]!));
        if (n > 1) expect(parts.filter((pages) => flat(pages).length > 0).length).toBeGreaterThan(1);
        for (const [i, range] of ranges.entries()) {
          const pages = parts[i]!;
          const at = Math.floor(pages.length / 2);
          if (pages[at] === undefined) continue;
          const rest = await pagesOf(snapshot, { batchSize: 3, after: pages[at].cursor, range });
          expect(flat(rest)).toEqual(flat(pages.slice(at + 1)));
        }
      }
      const ranges = await snapshot.ranges!(5);
      await snapshot.close();
      const later = await collection.points.snapshot(taken.reopens ? snapshot.watermark! : undefined);
      const again = await Promise.all(ranges.map((range) => pagesOf(later, { batchSize: 9, range })));
      expect(again.flatMap(flat)).toEqual(whole);
      await expect(pagesOf(later, { batchSize: 7, range: 'no range' })).rejects.toThrow();
      await later.close();
      await expect(snapshot.ranges!(2)).rejects.toThrow();
    },
  );

  on(
    'ranges of nothing are one, and what is written meanwhile is in none of a snapshot',
    async (session) => {
      const collection = await session.create();
      const empty = await collection.points.snapshot();
      const [only, ...others] = await empty.ranges!(4);
      expect(others).toEqual([]);
      expect(await pagesOf(empty, { batchSize: 5, range: only })).toEqual([]);
      await empty.close();
      if (taken.consistency !== 'snapshot') return;
      const ids = someIds(kind, 40);
      const before = ids.slice(0, 20).map((id, i) => somePoint(id, i));
      await collection.upsert(before);
      const snapshot = await collection.points.snapshot();
      const ranges = await snapshot.ranges!(3);
      await collection.upsert(ids.slice(10).map((id, i) => somePoint(id, i + 100)));
      await collection.delete(ids.slice(0, 5));
      const parts = await Promise.all(ranges.map((range) => pagesOf(snapshot, { batchSize: 3, range })));
      expect(byId(parts.flatMap(flat))).toEqual(byId(before));
      await snapshot.close();
    },
    taken.ranges === undefined,
  );
}

async function pagesOf(snapshot: Snapshot, options: ScanOptions) {
  const pages = [];
  for await (const page of snapshot.scan(options)) pages.push(page);
  return pages;
}
