import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { executionOf } from '../../engines/contract/capabilities.js';
import type { TestApi } from './api.js';
import { slice } from './data.js';
import { answerOf, build, type Contender, never, parsed, turnsDuring } from './session.js';

const COUNT = 600;
/** A server on the same machine may answer many queries in a row before the process looks. */
const ROUNDS = 20;

/** How queries run: whether they hold the process, whether a signal ends them, and several settings side by side. */
export function checkExecution({ test, expect }: TestApi, contender: Contender, mode?: string): void {
  const { definition, facts } = contender;
  const { execution, preparedSearches, shares } = executionOf(definition.capabilities, mode);
  const { wide, coarse = wide.index } = facts;

  test(`${execution}: the event loop ${execution === 'concurrent' ? 'turns' : 'does not turn'} during a query`, async () => {
    const data = await slice('cosine', COUNT, 10);
    const session = await build(contender, data, { index: wide.index });
    const { search } = parsed(definition, wide);
    const prepared = await session.collection.prepare(search, 10);
    // An answer that is there already when the process looks for it comes without a turn: not every query has one.
    const queries = Array.from({ length: ROUNDS }, () => data.queries).flat();
    const turns = await turnsDuring(queries, (query) => prepared.query(query));
    expect(turns.some(Boolean)).toBe(execution === 'concurrent');
    await prepared.close();
    await session.close();
  });

  test.skipIf(execution !== 'concurrent')(
    'concurrent: queries that are on their way together get the answers of one after the other',
    async () => {
      const data = await slice('cosine', COUNT, 16);
      const session = await build(contender, data, { index: wide.index });
      const wanted = await session.search(wide.search, 10);
      const prepared = await session.collection.prepare(parsed(definition, wide).search, 10);
      const asked = data.queries.map(async (query) => answerOf(await prepared.query(query)));
      expect(await Promise.all(asked)).toEqual(wanted);
      await prepared.close();
      await session.close();
    },
  );

  test.skipIf(execution !== 'concurrent')(
    'a signal gives a query up with its reason, and the next one is answered',
    async () => {
      const data = await slice('cosine', COUNT, 1);
      const session = await build(contender, data, { index: wide.index });
      const prepared = await session.collection.prepare(parsed(definition, wide).search, 10);
      const reason = new Error('enough');
      const late = async (signal: AbortSignal) => prepared.query(data.queries[0]!, undefined, signal);
      await expect(late(AbortSignal.abort(reason))).rejects.toBe(reason);
      const abort = new AbortController();
      const asked = expect(late(abort.signal)).rejects.toBe(reason);
      abort.abort(reason);
      await asked;
      expect(
        (await prepared.query(data.queries[0]!, undefined, new AbortController().signal)).keys,
      ).toHaveLength(10);
      await prepared.close();
      await session.close();
    },
  );

  test.skipIf(shares !== true)(
    'shares: another connection gives the answers of the one that built the index',
    async () => {
      const data = await slice('cosine', COUNT, 16);
      const session = await build(contender, data, { index: wide.index });
      const wanted = await session.search(wide.search, 10);
      const shared = structuredClone(await session.collection.share!());
      const at = { ...(await contender.reach?.()), ...(shared.endpoint && { endpoint: shared.endpoint }) };
      const folder = await mkdtemp(join(session.folder, 'other-'));
      const other = await definition.connect({ folder, threads: 1, seed: 7, ...at }, never);
      const search = await (await other.attach!(shared)).prepare(session.parseSearch(wide.search), 10);
      const found = [];
      for (const query of data.queries) found.push(answerOf(await search.query(query)));
      await search.close();
      await other.close();
      expect(found).toEqual(wanted);
      await session.close();
    },
  );

  test(`${preparedSearches}: two searches with different settings, open at the same time`, async () => {
    const data = await slice('cosine', COUNT, 30);
    const index = coarse;
    const [narrow, broad] = facts.narrow ?? [wide.search, wide.search];
    const session = await build(contender, data, { index });
    const settings = [narrow, broad].map((search) => session.parseSearch(search));
    const alone = [await session.search(narrow, 5), await session.search(broad, 5)];
    const open = [];
    for (const search of settings) open.push(await session.collection.prepare(search, 5));
    const together: typeof alone = [[], []];
    for (const query of data.queries)
      for (const [i, search] of open.entries()) together[i]!.push(answerOf(await search.query(query)));
    if (preparedSearches === 'several') expect(together).toEqual(alone);
    else expect(together[0], 'the second setting holds for the first search, too').not.toEqual(alone[0]);
    for (const search of open) await search.close();
    await session.close();
  });
}
