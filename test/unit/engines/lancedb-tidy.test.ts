import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { somePoints, withCollection, writeCollection } from '../../migration/helpers/collection.js';

const home = mkdtempSync(join(tmpdir(), 'vecproof-tidy-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const versions = () => readdirSync(join(home, 'docs.lance', '_versions')).length;

test('versions of many small writes are removed, and none that somebody may be reading', async () => {
  const points = somePoints(30);
  await writeCollection('lancedb', home, points.slice(0, 10));
  await withCollection('lancedb', home, 'open', async (collection) => {
    const own = collection.points!;
    for (const point of points.slice(10, 20)) await own.upsert([point]);
    const snapshot = await own.snapshot();
    for (const point of points.slice(20)) await own.upsert([point]);
    const before = versions();
    expect(before).toBeGreaterThanOrEqual(20);
    // All of it happened in the last minute.
    await collection.tidy!(60_000);
    expect(versions()).toBeGreaterThanOrEqual(before);
    const read: unknown[] = [];
    for await (const page of snapshot.scan({ batchSize: 100 })) read.push(...page.points);
    expect(read).toHaveLength(20);
    await snapshot.close();

    await collection.tidy!(0);
    expect(versions()).toBeLessThanOrEqual(2);
    const found = await own.get(points.map(({ id }) => id));
    expect(found.map(({ id }) => id)).toEqual(points.map(({ id }) => id));
    await own.upsert([points[0]!]);
    expect(await collection.count()).toBe(30);
  });
});
