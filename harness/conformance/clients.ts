import fc from 'fast-check';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { NativeFilter, PreparedSearch } from '../../engines/contract/search.js';
import { refusals } from '../../filters/support.js';
import type { TestApi } from './api.js';
import { filtersFor } from './filters/cases.js';
import { hasFilters } from './filters/checks.js';
import { filterData, vectors } from './filters/data.js';
import { type Answer, answerOf, build, type Contender } from './session.js';
import { exactSetting } from './settings.js';

const POINTS = 240;
const FILTERS = 12;
const SEED = 11;

/** Values of the search parameter `client`; none where the engine has no such choice. */
export function clientsOf({ optionSchemas }: Pick<EngineDefinition, 'optionSchemas'>): readonly string[] {
  type Properties = Readonly<Record<string, { enum?: readonly string[] }>>;
  return (optionSchemas().search['properties'] as Properties | undefined)?.['client']?.enum ?? [];
}

/** Whatever sends the queries, and whether they are encoded beforehand: the answers are the same, and so are the errors. */
export function checkClients({ test, expect }: TestApi, contender: Contender): void {
  const { definition } = contender;
  const { filters: support, metadata } = definition.capabilities;
  const clients = clientsOf(definition);
  const title = clients.length === 0 ? 'its client' : clients.join(', ');

  test(`${title}: the same answers, with filters and without, also of encoded queries; the same refusals`, async () => {
    const filtered = hasFilters(contender);
    const data = filtered ? filterData(metadata!, POINTS, SEED) : vectors(POINTS, SEED);
    const setting = exactSetting(contender);
    const session = await build(contender, data, { index: setting.index });
    const filters =
      'metadata' in data && filtered
        ? fc
            .sample(filtersFor(data as ReturnType<typeof filterData>, support), {
              seed: SEED,
              numRuns: FILTERS,
            })
            .filter((filter) => refusals(filter, support).length === 0)
        : [];
    let wanted: Answer[] | undefined;
    for (const client of clients.length === 0 ? [undefined] : clients) {
      const search = session.parseSearch({ ...setting.search, ...(client !== undefined && { client }) });
      const prepared = await session.collection.prepare(search, 10);
      if (client !== undefined) expect(prepared.client).toBe(client);
      const natives = [];
      for (const filter of filters) natives.push(await prepared.translate!(filter));
      const asked: [Float32Array, NativeFilter | undefined][] = [
        ...data.queries.map((query) => [query, undefined] as [Float32Array, undefined]),
        ...natives.map((native) => [data.queries[0]!, native] as [Float32Array, NativeFilter]),
      ];
      const found: Answer[] = [];
      for (const [query, filter] of asked) found.push(answerOf(await prepared.query(query, filter)));
      wanted ??= found;
      expect(found, `${client}`).toEqual(wanted);
      if (prepared.encode !== undefined) {
        const encoded = asked.map(([query, filter]) => prepared.encode!(query, filter));
        for (let time = 0; time < 2; time++) {
          const again: Answer[] = [];
          for (const [i, query] of encoded.entries())
            again.push(answerOf(await prepared.queryEncoded!(query, asked[i]![1])));
          expect(again, `${client}, encoded`).toEqual(wanted);
        }
      }
      await refuses(expect, prepared, data.queries[0]!);
    }
    await session.close();
  });
}

async function refuses(
  expect: TestApi['expect'],
  search: PreparedSearch,
  query: Float32Array,
): Promise<void> {
  const long = Float32Array.of(...query, 1);
  await expect((async () => search.query(long))()).rejects.toThrow(/dimensions/);
  const encoded = search.encode?.(query);
  if (encoded !== undefined) {
    await expect((async () => search.encode!(long))()).rejects.toThrow(/dimensions/);
    const reason = new Error('enough');
    const late = async (signal: AbortSignal) => search.queryEncoded!(encoded, undefined, signal);
    await expect(late(AbortSignal.abort(reason))).rejects.toBe(reason);
    const abort = new AbortController();
    const asked = expect(late(abort.signal)).rejects.toBe(reason);
    abort.abort(reason);
    await asked;
  }
  await search.close();
  if (encoded !== undefined)
    await expect((async () => search.queryEncoded!(encoded))()).rejects.toThrow('the search was closed');
}
