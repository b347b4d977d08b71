import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Collection } from '../../engines/contract/collection.js';
import { rowSpec } from '../../engines/kit/rows.js';
import { connectDocker } from '../../engines/launcher/docker.js';
import { type Slice, slice } from './data.js';
import { DURABLE, RAW_COUNT } from './raw.js';
import { request, serverOf, serverOptions } from './servers.js';
import { answerOf, batches, build, contenders, never, open, parsed } from './session.js';

const COUNT = 600;

/** What only a server can do wrong: several connections, a network in between, an end without warning. */
for (const { name, definition, missing, suffix, standIn } of contenders.filter(
  ({ definition }) => definition.server,
)) {
  const server = () => serverOf(definition);
  const isOurs = standIn === undefined && request(definition).mode === 'docker';

  describe.skipIf(missing !== undefined)(`${name}${suffix}`, () => {
    test('searches at once, on one and on several prepared searches, give the answers of one after the other', async () => {
      const data = await slice('cosine', COUNT, 40);
      const session = await build(definition, data);
      const { search } = parsed(definition, {});
      const wanted = await session.search({}, 10);
      const several = await Promise.all(
        Array.from({ length: 4 }, () => session.collection.prepare(search, 10)),
      );
      const asked = (pick: (q: number) => number) =>
        Promise.all(data.queries.map(async (query, q) => answerOf(await several[pick(q)]!.query(query))));
      expect(await asked(() => 0)).toEqual(wanted);
      expect(await asked((q) => q % 4)).toEqual(wanted);
      for (const each of several) await each.close();
      await session.close();
    });

    test('what a build made is found by the end of its name and removed over a new connection, nothing else', async () => {
      const { server: support } = definition;
      const { remove } = await support!.load();
      const { endpoint } = await serverOptions(definition);
      const end = randomBytes(6).toString('hex');
      const options = { endpoint, folder: '/nowhere', threads: 1, seed: 7 };
      const kept = await definition.connect(options, never);
      const lost = await definition.connect(options, never);
      const { index } = parsed(definition, {});
      const shape = { dimensions: 8, metric: 'cosine', capacity: 10, index } as const;
      const other = await kept.create(rowSpec({ ...shape, name: `vecproof_${end}0` }));
      await lost.create(rowSpec({ ...shape, name: `vecproof_${end}` }));
      const before = await kept.list!();
      const removed = await remove!(endpoint!, end, never);
      expect(removed).toEqual(before.filter((each) => each.endsWith(end)));
      expect(removed).toHaveLength(1);
      expect((await kept.list!()).toSorted()).toEqual(
        before.filter((each) => !each.endsWith(end)).toSorted(),
      );
      expect(await remove!(endpoint!, end, never)).toEqual([]);
      await other.drop();
      await kept.close();
      await lost.close();
    });

    test.skipIf(!isOurs)(
      'a server that does not answer: connecting and loading end with the signal',
      async () => {
        const data = await slice('cosine', COUNT, 1);
        const opened = await open(definition, data);
        const launched = await server();
        const container = (await connectDocker()).getContainer(launched.handle!.id);
        const late = () => AbortSignal.timeout(1000);
        await container.pause();
        try {
          const options = { endpoint: launched.endpoint, folder: '/nowhere', threads: 1, seed: 7 };
          await expect(definition.connect(options, late())).rejects.toThrow(/timeout/);
          await expect(loadAll(opened.collection, data, late())).rejects.toThrow(/timeout/);
        } finally {
          await container.unpause();
        }
        await opened.close();
      },
    );

    test.skipIf(!isOurs)(
      'kill -9 after acknowledged writes: all are there after the restart, and new connections work',
      async () => {
        const data = await slice('cosine', COUNT, 1);
        const { collection } = await open(definition, data);
        await loadAll(collection, data);
        const endpoint = await (await server()).restart!('kill');
        expect(COUNT - (await RAW_COUNT[name]!(endpoint)), 'acknowledged points that are missing').toBe(
          DURABLE[name] ?? 0,
        );
        const again = await build(definition, data);
        expect((await again.search({}, 10))[0]!.rows).toHaveLength(10);
        await again.close();
      },
      300_000,
    );
  });
}

async function loadAll(collection: Collection, data: Slice, signal = never): Promise<void> {
  for (const batch of batches(data, 200)) await collection.load(batch, signal);
}
