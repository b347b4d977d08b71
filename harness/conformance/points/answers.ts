import type { Filter } from '../../../filters/filter.js';
import { refusals } from '../../../filters/support.js';
import type { TestApi } from '../api.js';
import { exactDistance } from '../data.js';
import {
  checksOn,
  field,
  idsOf,
  type PointContender,
  scanned,
  someIds,
  somePoint,
  vectorOf,
} from './session.js';

const COUNT = 60;
const FIELDS = [field('group')];

/** Searches, and what is seen by another connection and after closing. */
export function checkAnswers(api: TestApi, contender: PointContender): void {
  const { expect } = api;
  const on = checksOn(api, contender);
  const { facts, definition } = contender;
  const { metrics, scores, filters } = definition.capabilities;
  const kind = idsOf(contender);
  const ids = someIds(kind, COUNT);
  const records = ids.map((id, i) => somePoint(id, i + 1, { group: i % 20 === 0 ? 'rare' : 'common' }));
  const rare: Filter = { op: 'eq', field: { name: 'group', type: 'string' }, value: 'rare' };

  for (const metric of metrics) {
    const form = scores[metric]!;
    on(`search under ${metric} is exact, nearest first, scores ${form}`, async (session) => {
      const collection = await session.create({ metric, fields: FIELDS });
      await collection.upsert(records);
      for (const seed of [100, 200, 300]) {
        const query = vectorOf(seed);
        const wanted = records
          .map(({ id, vectors }) => ({
            id,
            distance: exactDistance(metric, vectors['vector'] as Float32Array, query),
          }))
          .sort((a, b) => a.distance - b.distance);
        const hits = await collection.search(query, 10);
        expect(hits.map(({ id }) => id)).toEqual(wanted.slice(0, 10).map(({ id }) => id));
        for (const [i, { score }] of hits.entries()) {
          const expected = scoreOf(form, wanted[i]!.distance);
          expect(Math.abs(score - expected)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));
        }
      }
    });
  }

  on('a k above the number of points, and searches at the same time', async (session) => {
    const collection = await session.create({ fields: FIELDS });
    expect(await collection.search(vectorOf(1), 10)).toEqual([]);
    await collection.upsert(records);
    const all = await collection.search(vectorOf(1), COUNT + 40);
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(ids));
    expect(all).toHaveLength(COUNT);
    const seeds = Array.from({ length: 12 }, (_, i) => i + 400);
    const together = await collection.searches(seeds.map(vectorOf), 10);
    for (const [i, seed] of seeds.entries()) {
      expect(await collection.search(vectorOf(seed), 10)).toEqual(together[i]);
    }
  });

  on(
    'a k above the matches of a filter returns the matches; a filter that nothing passes returns nothing',
    async (session) => {
      const collection = await session.create({ fields: FIELDS });
      await collection.upsert(records);
      const found = await collection.search(vectorOf(1), 10, rare);
      expect(new Set(found.map(({ id }) => id))).toEqual(new Set([ids[0], ids[20], ids[40]]));
      expect(await collection.search(vectorOf(1), 10, { ...rare, value: "none' OR 1=1 --" })).toEqual([]);
    },
    refusals(rare, filters).length > 0,
  );

  on(
    'counts the points that pass a filter',
    async (session) => {
      const collection = await session.create({ fields: FIELDS });
      await collection.upsert(records);
      const value = (group: string): Filter => ({ ...rare, value: group }) as Filter;
      const asked: [Filter, number][] = [
        [rare, 3],
        [value('common'), COUNT - 3],
        [value("none' OR 1=1 --"), 0],
        [{ op: 'exists', field: FIELDS[0]!, value: true }, COUNT],
        [{ op: 'not', filter: rare }, COUNT - 3],
      ];
      for (const [filter, count] of asked)
        if (refusals(filter, filters).length === 0) expect(await collection.matching(filter)).toBe(count);
      // A change shows at once.
      await collection.delete([ids[0]!]);
      expect(await collection.matching(rare)).toBe(2);
    },
    refusals(rare, filters).length > 0,
  );

  const whyNot = facts.secondConnection;
  on(
    `a second connection sees acknowledged writes${whyNot === true ? '' : ` (skipped: ${whyNot})`}`,
    async (session) => {
      const name = session.name();
      const collection = await session.create({ fields: FIELDS }, name);
      await collection.upsert(records.slice(0, 50));
      const second = await session.second();
      try {
        const other = await second.open(name);
        expect(await other.count()).toBe(50);
        await collection.upsert(records.slice(50));
        await collection.delete([ids[0]!]);
        await collection.update({ id: ids[1]!, set: { group: 'changed' } });
        expect(await other.count()).toBe(COUNT - 1);
        expect(await other.get(ids.slice(0, 2))).toEqual([
          { ...records[1]!, metadata: { group: 'changed' } },
        ]);
        expect((await other.search(vectorOf(COUNT), 1))[0]!.id).toBe(ids.at(-1));
        expect(await scanned(other)).toHaveLength(COUNT - 1);
      } finally {
        await second.connected.close();
      }
    },
    whyNot !== true,
  );

  const lost = facts.reconnects;
  on(
    `what was written is there after closing and connecting again${lost === true ? '' : ` (skipped: ${lost})`}`,
    async (session) => {
      const name = session.name();
      const collection = await session.create({ fields: FIELDS }, name);
      await collection.upsert(records);
      const before = await collection.describe();
      await session.connected.close();
      const again = await session.second();
      try {
        const attached = await again.open(name);
        expect(await attached.describe()).toEqual(before);
        const byId = new Map((await scanned(attached)).map((each) => [each.id, each]));
        expect(byId).toEqual(new Map(records.map((each) => [each.id, each])));
        await attached.drop();
      } finally {
        await again.connected.close();
      }
    },
    lost !== true,
  );
}

/** A score from the distance of `exactDistance`: 1 - cos, -dot, or the root. */
function scoreOf(form: string, distance: number): number {
  switch (form) {
    case 'squared':
      return distance * distance;
    case '1-dot':
      return 1 + distance;
    case 'dot':
      return -distance;
    case 'cos':
      return 1 - distance;
    default:
      return distance;
  }
}
