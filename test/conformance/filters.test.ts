import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../common/errors.js';
import type { PreparedSearch } from '../../engines/contract/search.js';
import type { Filter } from '../../filters/filter.js';
import { refusals } from '../../filters/support.js';
import { exactSetting, filteredSettings } from '../../harness/conformance/settings.js';
import { exactDistance, pointOf } from './data.js';
import { filtersFor } from './filter-cases.js';
import { expectedRows, type FilterData, filterData, vectors } from './filter-data.js';
import { TABLE, tableData } from './filter-table.js';
import { answerOf, build, contenders, mayOverlap, type Session } from './session.js';
import { showDifference, showFilter } from './show-filter.js';

/** Filters tried on each engine; more of them, or others: set these. */
const RUNS = Number(process.env['VECPROOF_FILTER_RUNS'] ?? 600);
const SEED = Number(process.env['VECPROOF_FILTER_SEED'] ?? 5);
const POINTS = 240;
/** Searches at a time on engines that answer several: most of a round trip to a server is waiting. */
const AT_ONCE = 8;

for (const contender of contenders) {
  const { name, definition, missing, standIn, suffix } = contender;
  // pgvector's client has one connection, which answers one query after the other.
  const concurrent = mayOverlap(definition, standIn) && name !== 'pgvector';
  const { filters: support, metadata } = definition.capabilities;
  if (Object.keys(support.operators).length === 0) {
    test(`${name} has no filters: every one is refused, with the reason`, () => {
      for (const { filter } of TABLE) expect(refusals(filter, support)).not.toEqual([]);
    });
    continue;
  }
  const setting = exactSetting(contender);

  describe(`${name} refuses what it does not declare, with the reason`, () => {
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
      test(`$${op} ${asked} of ${type}`, () => {
        // The sentence goes on: `$like is not supported: why`.
        for (const each of found) expect(each).toMatch(/ is not supported: .{10}/);
      });
    }
  });

  describe.skipIf(missing !== undefined)(`${name} by hand${suffix}`, { concurrent }, () => {
    const data = tableData(metadata!);
    const start = () => build(definition, data, { index: setting.index });
    const use = opened(start, setting.search, [data.count]);

    for (const { op, type, asked, filter, rows } of TABLE) {
      if (refusals(filter, support).length > 0) continue;
      test(`$${op} ${asked} of ${type}: ${rows.length === 0 ? 'none' : rows.join(', ')}`, async () => {
        const found = await use().rows(data, filter, data.count);
        expect([...found].sort((a, b) => a - b)).toEqual(rows);
      });
    }
  });

  for (const [what, each] of filteredSettings(contender)) {
    describe.skipIf(missing !== undefined)(`${name} with any filter${what}${suffix}`, () => {
      const data = filterData(metadata!, POINTS, 23);
      const filters = filtersFor(data, support);
      const start = () => build(definition, data, { index: each.index, batchSize: 100 });
      const use = opened(start, each.search, [POINTS, 10]);
      const atOnce = concurrent ? AT_ONCE : 1;

      test(`k = ${POINTS}: returns exactly the points that pass`, async () => {
        await holds(filters, RUNS, atOnce, async (filter) => {
          expect(refusals(filter, support)).toEqual([]);
          const found = await use().rows(data, filter, POINTS);
          const difference = showDifference(data, filter, found, expectedRows(data, filter));
          if (difference !== undefined) throw new Error(difference);
        });
      });

      test('k = 10: returns the nearest of the points that pass', async () => {
        await holds(filters, Math.ceil(RUNS / 4), atOnce, async (filter) => {
          const expected = nearestDistances(data, expectedRows(data, filter));
          const found = (await use().rows(data, filter, 10)).map((row) => distanceTo(data, row));
          expect(found.length, showFilter(filter)).toBe(expected.length);
          for (const [i, each] of found.entries()) {
            expect(each, showFilter(filter)).toBeCloseTo(expected[i]!, 5);
          }
        });
      });
    });
  }

  describe.skipIf(missing !== undefined)(`${name}: names of fields${suffix}`, { concurrent }, () => {
    test.each(['it\'s "so"', 'a b', '1st', 'select', 'é', '$x', 'a`b'])('%s', async (field) => {
      const values = ['yes', 'no', null, 'yes'];
      const schema = { name: field, type: 'string', nullable: true } as const;
      const data = { ...vectors(4, 3), fields: [schema], metadata: { [field]: values } };
      const session = await build(definition, data, { index: setting.index }).catch(
        (error: unknown) => error,
      );
      // A name that the engine cannot have is refused by its adapter, which says so.
      if (session instanceof Error) {
        expect(session).toBeInstanceOf(InputError);
        return expect(session.message).toContain(field);
      }
      const { collection, close, parseSearch } = session as Session;
      const prepared = await collection.prepare(parseSearch(setting.search), 4);
      const filter: Filter = { op: 'eq', field: schema, value: 'yes' };
      const found = answerOf(await prepared.query(data.queries[0]!, await prepared.translate!(filter)));
      expect(found.rows.sort()).toEqual([0, 3]);
      await prepared.close();
      await close();
    });
  });
}

interface Use {
  /** Rows returned to the first query, nearest first. */
  rows(data: FilterData, filter: Filter, k: number): Promise<number[]>;
}

/** One collection, and a prepared search for each k, for all tests of a block. */
function opened(
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
  numRuns: number,
  atOnce: number,
  check: (filter: Filter) => Promise<void>,
): Promise<void> {
  const one = fc.asyncProperty(filters, check);
  const settings = { numRuns, seed: SEED };
  if (atOnce === 1) return fc.assert(one, { ...settings, reporter: reportOf });
  // The same filters as the search one by one: it draws them in the same way.
  const drawn: Filter[] = [];
  fc.assert(
    fc.property(filters, (filter) => void drawn.push(filter)),
    settings,
  );
  expect(drawn).toHaveLength(numRuns);
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
  throw new Error(`${shown}\n${reason}\nVECPROOF_FILTER_SEED=${seed} path ${counterexamplePath}`);
}
