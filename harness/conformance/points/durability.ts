import { rm } from 'node:fs/promises';
import type { TestApi } from '../api.js';
import {
  field,
  idsOf,
  openPoints,
  type PointContender,
  scanned,
  someIds,
  somePoint,
  vectorOf,
} from './session.js';

const FIELDS = [field('group')];

/** Durability where it is hardest, on a server that was started here. It takes the server from all other checks. */
export function checkDurability({ test, expect }: TestApi, contender: PointContender): void {
  test('kill -9 of the server after acknowledged writes loses none of them', async (context) => {
    const { restartServer } = (await contender.reach?.()) ?? {};
    if (restartServer === undefined) {
      context.skip('the server was not started here');
      return;
    }
    const session = await openPoints(contender);
    const name = session.name();
    const collection = await session.create({ fields: FIELDS }, name);
    const many = someIds(idsOf(contender), 2000).map((id, i) => somePoint(id, i + 1, { group: `g${i}` }));
    for (let i = 0; i < many.length; i += 250) await collection.upsert(many.slice(i, i + 250));
    await collection.delete([many[0]!.id]);
    await collection.update({ id: many[1]!.id, set: { group: 'changed' } });
    await restartServer('kill');
    // Not the session's own close: over a connection that comes back, it would drop the collection.
    await session.connected.close().catch(() => undefined);
    await rm(session.folder, { recursive: true, force: true });

    const again = await openPoints(contender);
    try {
      const attached = await again.open(name);
      const found = new Map((await scanned(attached, 500)).map((each) => [each.id, each]));
      const wanted = new Map(many.slice(1).map((each) => [each.id, each]));
      wanted.set(many[1]!.id, { ...many[1]!, metadata: { group: 'changed' } });
      const missing = [...wanted.keys()].filter((id) => !found.has(id));
      expect(missing, `${missing.length} of ${wanted.size} acknowledged writes are missing`).toEqual([]);
      expect(found).toEqual(wanted);
      expect(await attached.count()).toBe(wanted.size);
      const [hit] = await attached.search(vectorOf(2000), 1);
      expect(hit!.id).toBe(many.at(-1)!.id);
      await attached.drop();
    } finally {
      await again.close();
    }
  });
}
