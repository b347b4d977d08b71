import fc from 'fast-check';
import type { PreparedSearch } from '../../../engines/contract/search.js';
import type { Filter } from '../../../filters/filter.js';
import { refusals } from '../../../filters/support.js';
import type { TestApi } from '../api.js';
import { exactDistance, pointOf } from '../data.js';
import { answerOf, build, type Contender, type Session } from '../session.js';
import { exactSetting, filteredSettings } from '../settings.js';
import { filtersFor } from './cases.js';
import { expectedRows, type FilterData, filterData } from './data.js';
import { checkEdges } from './edges.js';
import { checkFieldNames } from './names.js';
import { showDifference, showFilter } from './show.js';
import { TABLE, tableData } from './table.js';

const POINTS = 240;
/** Searches at a time on engines that answer several: most of a round trip to a server is waiting. */
const AT_ONCE = 8;

/** How many filters are generated, and which. */
export interface Generated {
  runs: number;
  seed: number;
  /** Whether several may be searched at a time. */
  concurrent: boolean;
}

export function hasFilters({ definition }: Pick<Contender, 'definition'>): boolean {
  return Object.keys(definition.capabilities.filters.operators).length > 0;
}

/** What an engine declares of filters is said in full: types that it keeps, and a reason for all that it refuses. */
export function checkRefusals({ test, expect }: TestApi, contender: Contender): void {
  const { filters: support, metadata } = contender.definition.capabilities;
  if (!hasFilters(contender)) {
    test('it has no filters: every one is refused, with the reason', () => {
      for (const { filter } of TABLE) expect(refusals(filter, support).length).toBeGreaterThan(0);
    });
    return;
  }
  test('it keeps the metadata that its filters are about', () => {
    expect(metadata).not.toBeNull();
    for (const [op, types] of Object.entries(support.operators)) {
      for (const type of ['and', 'or', 'not'].includes(op) ? [] : types) {
        expect(metadata!.types[type], `${op} of ${type}`).toBeDefined();
      }
    }
  });
  for (const { op, type, asked, filter } of TABLE) {
    const found = refusals(filter, support);
    if (found.length === 0) continue;
    test(`$${op} ${asked} of ${type} is refused with a reason`, () => {
      // The sentence goes on: `$like is not supported: why`.
      for (const each of found) expect(each).toMatch(/ is not supported: .{10}/);
    });
  }
}

/** Every operator with every type that the engine has, on six points, against answers worked out by hand. */
export function checkTable(api: TestApi, contender: Contender): void {
  const { test, expect } = api;
  const { filters: support, metadata } = contender.definition.capabilities;
  const data = tableData(metadata!);
  const setting = exactSetting(contender);
  const start = () => build(contender, data, { index: setting.index });
  const use = opened(api, start, setting.search, [data.count]);

  for (const { op, type, asked, filter, rows } of TABLE) {
    if (refusals(filter, support).length > 0) continue;
    test(`$${op} ${asked} of ${type}: ${rows.length === 0 ? 'none' : rows.join(', ')}`, async () => {
      const found = await use().rows(data, filter, data.count);
      expect([...found].sort((a, b) => a - b)).toEqual([...rows]);
    });
  }
}

/** Generated filters of all that the engine declares, against the reference evaluator. */
export function checkGenerated(api: TestApi, contender: Contender, generated: Generated): void {
  const { describe, test, expect } = api;
  const { filters: support, metadata } = contender.definition.capabilities;
  const { runs, seed } = generated;
  for (const [what, each] of filteredSettings(contender)) {
    describe(`any filter${what}`, () => {
      const data = filterData(metadata!, POINTS, 23);
      const filters = filtersFor(data, support);
      const start = () => build(contender, data, { index: each.index, batchSize: 100 });
      const use = opened(api, start, each.search, [POINTS, 10]);
      const atOnce = generated.concurrent ? AT_ONCE : 1;

      test(`k = ${POINTS}: returns exactly the points that pass`, async () => {
        await holds(filters, { runs, seed, atOnce }, async (filter) => {
          expect(refusals(filter, support)).toEqual([]);
          const found = await use().rows(data, filter, POINTS);
          const difference = showDifference(data, filter, found, expectedRows(data, filter));
          if (difference !== undefined) throw new Error(difference);
        });
      });

      test('k = 10: returns the nearest of the points that pass', async () => {
        await holds(filters, { runs: Math.ceil(runs / 4), seed, atOnce }, async (filter) => {
          const expected = nearestDistances(data, expectedRows(data, filter));
          const found = (await use().rows(data, filter, 10)).map((row) => distanceTo(data, row));
          expect(found.length, showFilter(filter)).toBe(expected.length);
          for (const [i, distance] of found.entries()) {
            expect(distance, showFilter(filter)).toBeCloseTo(expected[i]!, 5);
          }
        });
      });
    });
  }
}

/** All of them. */
export function checkFilters(api: TestApi, contender: Contender, generated: Generated): void {
  const { describe } = api;
  describe('what is refused', () => checkRefusals(api, contender));
  if (!hasFilters(contender)) return;
  describe('by hand', () => checkTable(api, contender));
  checkGenerated(api, contender, generated);
  describe('names of fields', () => checkFieldNames(api, contender));
  describe('values at the edge', () => checkEdges(api, contender));
}

interface Use {
  /** Rows returned to the first query, nearest first. */
  rows(data: FilterData, filter: Filter, k: number): Promise<number[]>;
}

/** One collection, and a prepared search for each k, for all tests of a block. */
function opened(
  { beforeAll, afterAll }: TestApi,
  start: () => Promise<Session>,
  search: Record<string, unknown>,
  ks: readonly number[],
): () => Use {
  let session: Session;
  const prepared = new Map<number, PreparedSearch>();
  beforeAll(async () => {
    session = await start();
    for (const k of ks) prepared.set(k, await session.collection.prepare(session.parseSearch(search), k));
  });
  afterAll(async () => {
    for (const each of prepared.values()) await each.close();
    await session?.close();
  });
  const use: Use = {
    rows: async (data, filter, k) => {
      const native = await prepared.get(k)!.translate!(filter);
      return answerOf(await prepared.get(k)!.query(data.queries[0]!, native)).rows;
    },
  };
  return () => use;
}

/**
 * Checks so many generated filters, several at a time where the engine takes that. After a failure, and where there is
 * no time to win, they are checked one by one, so that the smallest filter that fails is found.
 */
async function holds(
  filters: fc.Arbitrary<Filter>,
  { runs: numRuns, seed, atOnce }: { runs: number; seed: number; atOnce: number },
  check: (filter: Filter) => Promise<void>,
): Promise<void> {
  const one = fc.asyncProperty(filters, check);
  const settings = { numRuns, seed };
  if (atOnce === 1) return fc.assert(one, { ...settings, reporter: reportOf });
  // The same filters as the search one by one: it draws them in the same way.
  const drawn: Filter[] = [];
  fc.assert(
    fc.property(filters, (filter) => void drawn.push(filter)),
    settings,
  );
  const failures: unknown[] = [];
  const work = drawn.values();
  const worker = async () => {
    for (const filter of work) await check(filter).catch((error: unknown) => failures.push(error));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failures.length === 0) return;
  await fc.assert(one, { ...settings, reporter: reportOf });
  throw failures[0];
}

function distanceTo(data: FilterData, row: number): number {
  return exactDistance(data.metric, pointOf(data, row), data.queries[0]!);
}

function nearestDistances(data: FilterData, rows: readonly number[]): number[] {
  return rows
    .map((row) => distanceTo(data, row))
    .sort((a, b) => a - b)
    .slice(0, 10);
}

/** The smallest filter that fails, and no stack of the library's own. */
function reportOf({
  failed,
  counterexample,
  errorInstance,
  seed,
  counterexamplePath,
}: fc.RunDetails<[Filter]>): void {
  if (!failed) return;
  const shown = counterexample === null ? '' : showFilter(counterexample[0]);
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  throw new Error(`${shown}\n${reason}\nseed ${seed} path ${counterexamplePath}`);
}
