import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Point, Points, Snapshot } from '../../engines/contract/points.js';
import { requireClient } from '../../engines/kit/packages.js';
import { engine as lancedb } from '../../engines/lancedb/engine.js';
import type { RowChange } from '../../migration/changes/change.js';
import { capture, type Feed } from '../../migration/changes/feeds/feed.js';
import { MemorySweepState, SweepFeed } from '../../migration/changes/feeds/sweep.js';
import { VersionsFeed } from '../../migration/changes/feeds/versions.js';
import { MemoryChangeLog } from '../../migration/changes/memory-log.js';
import { PostgresChangeLog } from '../../migration/changes/postgres/log.js';
import { MemoryFlags } from '../../migration/cutover/flags.js';
import { killAndReplay, someChanges } from './helpers/killed-replay.js';

const folder = mkdtempSync(join(tmpdir(), 'vecproof-feeds-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const never = new AbortController().signal;

async function openTable() {
  const connected = await lancedb.connect({ folder, threads: 1, seed: 0 }, never);
  const options = lancedb.parseOptions({ index: { type: 'flat' }, search: {} });
  if (options.state !== 'ok') throw new Error('LanceDB has no flat index');
  const collection = await connected.create({
    name: `docs${++tables}`,
    vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 2, metric: 'l2' }],
    ids: 'string',
    fields: [{ name: 'value', type: 'integer', nullable: true }],
    index: options.index,
  });
  return { points: collection.points!, close: () => connected.close() };
}
let tables = 0;

const point = (id: string, value: number): Point => ({
  id,
  vectors: { vector: Float32Array.of(value, 1) },
  metadata: { value },
});
const words = (changes: readonly RowChange[]) =>
  changes
    .map((change) => `${change.id} ${change.kind === 'upsert' ? change.point.metadata['value'] : 'gone'}`)
    .sort();

function following(feed: Feed) {
  const log = new MemoryChangeLog();
  const flags = new MemoryFlags();
  let read = 0;
  return {
    log,
    flags,
    run: async () => {
      await capture({ feed, log, flags, name: 'docs' });
      const changes = (await log.read(BigInt(read), 1000)) as RowChange[];
      read += changes.length;
      return words(changes);
    },
  };
}

const feeds: [string, (points: Points) => Feed][] = [
  ['versions of LanceDB', (points) => new VersionsFeed({ points, collection: 'docs', place: 'docs' })],
  [
    'sweeps of LanceDB',
    (points) => new SweepFeed({ points, collection: 'docs', place: 'docs', state: new MemorySweepState() }),
  ],
];

describe.each(feeds)('%s', (_, open) => {
  test('tell what was inserted, changed and deleted, each once', async () => {
    const { points, close } = await openTable();
    const { run } = following(open(points));
    await points.upsert([point('a', 1), point('b', 2), point('c', 3)]);
    expect(await run()).toEqual(['a 1', 'b 2', 'c 3']);
    expect(await run()).toEqual([]);
    await points.upsert([point('b', 20), point('d', 4)]);
    await points.delete(['c']);
    // Written anew as it was: no change.
    await points.upsert([point('a', 1)]);
    expect(await run()).toEqual(['b 20', 'c gone', 'd 4']);
    await points.upsert([point('c', 30)]);
    expect(await run()).toEqual(['c 30']);
    await close();
  });

  test('tell it again after a crash, until the log has it', async () => {
    const { points, close } = await openTable();
    const feed = open(points);
    const { log, flags, run } = following(feed);
    await points.upsert([point('a', 1)]);
    const failing = { append: () => Promise.reject(new Error('down')) };
    await expect(capture({ feed, log: failing, flags, name: 'docs' })).rejects.toThrow('down');
    await points.upsert([point('a', 2)]);
    expect(await run()).toEqual(['a 2']);
    // In the log, but the cursor was not stored.
    await points.upsert([point('a', 3)]);
    const lost = { get: (name: string) => flags.get(name), set: () => Promise.reject(new Error('gone')) };
    await expect(capture({ feed, log, flags: lost, name: 'docs' })).rejects.toThrow('gone');
    await points.delete(['a']);
    expect((await run()).at(-1)).toBe('a gone');
    await close();
  });
});

test('a row that a moving scan leaves out is asked for before it counts as deleted', async () => {
  const { points, close } = await openTable();
  await points.upsert([point('a', 1), point('b', 2)]);
  let leavesOut = false;
  const moving = Object.assign(Object.create(points) as Points, {
    get: (ids: string[]) => points.get(ids),
    describe: () => points.describe(),
    snapshot: async (): Promise<Snapshot> => {
      const snapshot = await points.snapshot();
      async function* scan(options: Parameters<Snapshot['scan']>[0]) {
        for await (const page of snapshot.scan(options))
          yield { ...page, points: page.points.filter(({ id }) => !(leavesOut && id === 'a')) };
      }
      return {
        ...snapshot,
        consistency: 'best-effort',
        watermark: null,
        scan,
        close: () => snapshot.close(),
      };
    },
  });
  const state = new MemorySweepState();
  const { run } = following(new SweepFeed({ points: moving, collection: 'docs', place: 'docs', state }));
  expect(await run()).toEqual(['a 1', 'b 2']);
  leavesOut = true;
  await points.delete(['b']);
  expect(await run()).toEqual(['b gone']);
  leavesOut = false;
  expect(await run()).toEqual([]);
  await close();
});

test('a log in a PGlite folder is replayed to its end after a kill -9 between target and cursor', async () => {
  const { PGlite } = requireClient('@electric-sql/pglite') as typeof import('@electric-sql/pglite');
  const place = join(folder, 'log');
  // One process at a time has such a folder.
  const withLog = async <T>(use: (log: PostgresChangeLog) => Promise<T>): Promise<T> => {
    const database = await PGlite.create(place);
    try {
      return await use(await PostgresChangeLog.open(database, { schema: 'killed' }));
    } finally {
      await database.close();
    }
  };
  await withLog((log) => log.append(someChanges()));
  await killAndReplay({ log: { kind: 'pglite', folder: place, schema: 'killed' }, folder }, withLog);
});
