import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactor } from '../../../common/redact.js';
import type { EngineDefinition } from '../../../engines/contract/engine.js';
import type { OptionsInput, ParsedOptions } from '../../../engines/contract/options.js';
import { SERIAL } from '../../../harness/model/workload.js';
import { planSuite } from '../../../harness/suite/plan.js';
import type { EngineEntry } from '../../../harness/suite/schema.js';
import { combinations } from '../../../harness/suite/sweeps.js';

/** An engine that takes any option: only what planning asks of a definition is there. */
function anyEngine(name: string, parse?: (input: OptionsInput) => ParsedOptions): EngineDefinition {
  const parseOptions =
    parse ?? (({ index, search }) => ({ state: 'ok', index, search, variant: 'flat' }) as ParsedOptions);
  return { name, parseOptions } as unknown as EngineDefinition;
}

const engines = new Map(['one', 'two'].map((name) => [name, anyEngine(name)]));
const plain = redactor([]);
const entry = (more: Partial<EngineEntry>): EngineEntry => ({ use: 'one', index: {}, search: {}, ...more });
const plan = (entries: (EngineEntry | undefined)[], known = engines) => planSuite(entries, known, plain);

describe('a plan', () => {
  test('has a build for each index setting and a trial for each search setting, in the order of the file', () => {
    const { builds, faults } = plan([
      entry({ index: { m: [8, 16], c: 3 }, search: { ef: [1, 2], r: [true, false] } }),
    ]);
    expect(faults).toEqual([]);
    expect(builds.map(({ index }) => index)).toEqual([
      { m: 8, c: 3 },
      { m: 16, c: 3 },
    ]);
    expect(builds[0]?.trials.map(({ search }) => search)).toEqual([
      { ef: 1, r: true },
      { ef: 1, r: false },
      { ef: 2, r: true },
      { ef: 2, r: false },
    ]);
    expect(builds[0]?.trials[2]?.id).toBe('one-flat-m8-c3-ef2-rtrue');
  });

  test('gives a trial without search parameters the id of its build, with no number', () => {
    const { builds } = plan([entry({}), entry({ use: 'two' })]);
    expect(builds.map(({ id, trials }) => [id, ...trials.map((trial) => trial.id)])).toEqual([
      ['one-flat', 'one-flat'],
      ['two-flat', 'two-flat'],
    ]);
  });

  test('has a build of its own for each trial that changes its collection', () => {
    const writes = { type: 'search-under-writes', options: { rate: 5, inserts: 1 } };
    const entries = [entry({ index: { m: 8 }, search: { ef: [1, 2] } })];
    const { builds, faults } = planSuite(entries, engines, plain, [SERIAL, writes]);
    expect(faults).toEqual([]);
    const shown = builds.map(({ trials }) =>
      trials.map(({ workload, search }) => [workload.type, search['ef']]),
    );
    expect(shown).toEqual([
      [
        ['serial', 1],
        ['serial', 2],
      ],
      [['search-under-writes', 1]],
      [['search-under-writes', 2]],
    ]);
    expect(new Set(builds.map(({ id }) => id)).size).toBe(3);
    expect(builds.every(({ index }) => index['m'] === 8)).toBe(true);
    const twice = planSuite([...entries, entry({ index: { m: 8 }, search: { ef: 2 } })], engines, plain, [
      writes,
    ]);
    expect(twice.faults.map(({ what }) => what)).toEqual(['plans one-flat-m8 with {"ef":2} twice']);
  });

  test('joins entries that build the same index', () => {
    const { builds, faults } = plan([
      entry({ index: { m: 8 }, search: { ef: 1 } }),
      entry({ index: { m: 8 }, search: { ef: 2 } }),
    ]);
    expect(faults).toEqual([]);
    expect(builds).toHaveLength(1);
    expect(builds[0]?.trials).toHaveLength(2);
  });

  test('refuses the same trial twice, a value listed twice, and a label of two engines', () => {
    const same = plan([entry({ search: { ef: 1 } }), entry({ search: { ef: 1 } })]);
    expect(same.faults).toEqual([{ path: ['engines', 1], what: expect.stringContaining('twice') }]);
    const twice = plan([entry({ search: { ef: [1, 2, 1] } })]);
    expect(twice.faults[0]).toEqual({
      path: ['engines', 0, 'search', 'ef', 2],
      what: 'is listed twice',
      got: 1,
    });
    const label = plan([entry({ label: 'mine' }), entry({ use: 'two', label: 'mine' })]);
    expect(label.faults).toEqual([
      { path: ['engines', 1, 'label'], what: 'is the label of one already', got: 'mine' },
    ]);
  });

  test('is not expanded where it would be too large', () => {
    const wide = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`p${i}`, Array.from({ length: 10 }, (_, j) => j)]),
    );
    const { builds, faults } = plan([entry({ index: wide })]);
    expect(builds).toEqual([]);
    expect(faults).toEqual([
      { path: ['engines', 0], what: expect.stringContaining('sweeps 1000000000000 combinations') },
    ]);
  });

  test('leaves out what cannot be read, and keeps the numbers of the others', () => {
    const { faults } = plan([undefined, entry({ use: 'too' })]);
    expect(faults).toEqual([
      { path: ['engines', 1, 'use'], what: 'is an unknown engine. Did you mean "two"?', got: 'too' },
    ]);
  });
});

describe('faults of options', () => {
  const picky = new Map([
    [
      'one',
      anyEngine('one', ({ index }) => {
        const small = Number(index['m']) < 10;
        const issues = [
          ...(small ? [] : [{ path: ['index', 'm'], what: 'm is too large', got: index['m'] }]),
          ...('x' in index ? [{ path: ['index', 'x'], what: 'x is not a known key', got: index['x'] }] : []),
        ];
        return issues.length > 0
          ? { state: 'invalid', issues }
          : { state: 'ok', index: { m: 1 }, search: {}, variant: 'flat' };
      }),
    ],
  ]);

  test('are placed at the value of the sweep, once, without the key that the place names', () => {
    const { faults } = plan([entry({ index: { m: [1, 50, 2] }, search: { ef: [1, 2, 3] } })], picky);
    expect(faults.filter(({ what }) => what === 'is too large')).toEqual([
      { path: ['engines', 0, 'index', 'm', 1], what: 'is too large', got: 50 },
    ]);
  });

  test('that all values of a sweep share are one fault of the key', () => {
    const { faults } = plan([entry({ index: { m: 1, x: [1, 2, 3] } })], picky);
    expect(faults).toEqual([
      { path: ['engines', 0, 'index', 'x'], what: 'is not a known key', got: [1, 2, 3] },
    ]);
  });
});

describe('for any sweep', () => {
  const value = fc.oneof(fc.integer(), fc.boolean(), fc.string());
  const swept = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 8 }),
    fc.oneof(value, fc.uniqueArray(value, { minLength: 1, maxLength: 4 })),
    { maxKeys: 4 },
  );
  const size = (map: Readonly<Record<string, unknown>>) =>
    Object.values(map).reduce<number>(
      (product, each) => product * (Array.isArray(each) ? each.length : 1),
      1,
    );

  test('the number of combinations is the product of the lengths, and none is double', () => {
    fc.assert(
      fc.property(swept, (map) => {
        const all = combinations(map);
        expect(all).toHaveLength(size(map));
        expect(new Set(all.map((each) => JSON.stringify(each))).size).toBe(all.length);
      }),
    );
  });

  test('every id is unique, not too long, and safe as a file name', () => {
    const label = fc.option(fc.string({ minLength: 1, maxLength: 60 }), { nil: undefined });
    const entries = fc.array(fc.record({ index: swept, search: swept, label }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(entries, (given) => {
        const { builds } = plan(
          given.map(({ label: text, ...rest }) => entry({ ...rest, ...(text && { label: text }) })),
        );
        const trials = builds.flatMap((build) => build.trials);
        for (const ids of [builds, trials].map((all) => all.map(({ id }) => id))) {
          expect(new Set(ids.map((id) => id.toLowerCase())).size).toBe(ids.length);
          for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9.-]{0,140}$/);
        }
      }),
    );
  });
});
