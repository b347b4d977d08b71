import { whyNotFields } from '../../../engines/kit/holds.js';
import type { TestApi } from '../api.js';
import { fieldNamesFor } from '../filters/names.js';
import { checksOn, field, idsOf, type PointContender, scanned, someIds, somePoint } from './session.js';

/** Fields of one collection: no engine has a limit below. */
const TOGETHER = 24;

/** Names of fields and numbers at the edge: held as they are, or refused by name before anything is written. */
export function checkFieldEdges(api: TestApi, contender: PointContender): void {
  const { expect } = api;
  const on = checksOn(api, contender);
  const { definition } = contender;
  const kind = idsOf(contender);
  // A dot makes a nested field, which is another check.
  const names = fieldNamesFor(definition).filter((name) => !name.includes('.'));
  const held = names.filter((name) => whyNotFields(definition, [field(name)]).length === 0);

  for (let start = 0; start < held.length; start += TOGETHER) {
    const some = held.slice(start, start + TOGETHER);
    on(
      `fields named ${JSON.stringify(some[0])} to ${JSON.stringify(some.at(-1)!.slice(0, 40))}`,
      async (session) => {
        const collection = await session.create({ fields: some.map((name) => field(name)) });
        const [a] = someIds(kind, 1);
        const metadata = Object.fromEntries(some.map((name) => [name, `value of ${name.slice(0, 20)}`]));
        const point = somePoint(a!, 1, metadata);
        await collection.upsert([point]);
        expect(await collection.get([a!])).toEqual([point]);
        expect(await scanned(collection)).toEqual([point]);
        const own = Object.keys((await collection.get([a!]))[0]!.metadata);
        expect(own.sort()).toEqual([...some].sort());
      },
    );
  }

  const refused = names.filter((name) => !held.includes(name));
  on(
    `names that it refuses, before anything is made: ${refused.length}`,
    async (session) => {
      for (const each of refused) {
        const name = session.name();
        await expect(session.create({ fields: [field(each)] }, name)).rejects.toThrow(`"${each}"`);
        expect(await session.list()).not.toContain(name);
      }
    },
    refused.length > 0,
  );

  if (definition.capabilities.metadata!.types.float === undefined) return;
  on('-0 comes back as a zero', async (session) => {
    const collection = await session.create({ fields: [field('x', 'float')] });
    const [a] = someIds(kind, 1);
    await collection.upsert([somePoint(a!, 1, { x: -0 })]);
    expect((await collection.get([a!]))[0]!.metadata['x'] === 0).toBe(true);
    expect((await scanned(collection))[0]!.metadata['x'] === 0).toBe(true);
  });

  on('NaN and infinities come back as they were, or are refused by name', async (session) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const collection = await session.create({ fields: [field('x', 'float')] });
      const [a] = someIds(kind, 1);
      const point = somePoint(a!, 1, { x: value });
      const failed = await collection.upsert([point]).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failed === undefined) {
        expect(await collection.get([a!])).toEqual([point]);
        continue;
      }
      expect(failed instanceof Error && failed.message).toContain('"x"');
      expect(await collection.count()).toBe(0);
    }
  });
}
