import { describe, expect, test } from 'vitest';
import type { Bug } from '../../../migration/rehearsal/simulation/bugs.js';
import { violations } from '../../../migration/rehearsal/simulation/history.js';
import { simulate } from '../../../migration/rehearsal/simulation/simulate.js';

/** `npm run simulate` runs as many as it is asked for. */
const SCHEDULES = 1000;

test(`a move loses nothing in ${SCHEDULES} schedules with crashes and failures anywhere`, async () => {
  const bad: unknown[] = [];
  let [crashes, acknowledged] = [0, 0];
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const outcome = await simulate(seed);
    crashes += outcome.crashes;
    acknowledged += outcome.acknowledged;
    if (outcome.violations.length > 0) bad.push({ seed, violations: outcome.violations });
  }
  expect(bad).toEqual([]);
  // A simulation in which nothing happens would find nothing.
  expect(crashes).toBeGreaterThan(2 * SCHEDULES);
  expect(acknowledged).toBeGreaterThan(10 * SCHEDULES);
});

test('a seed is a schedule: it can be run again', async () => {
  const [first, second] = [await simulate(11, { trace: true }), await simulate(11, { trace: true })];
  expect(first.trace!.length).toBeGreaterThan(50);
  expect(second).toEqual(first);
  expect((await simulate(12, { trace: true })).trace).not.toEqual(first.trace);
});

/** The first schedule that finds each, as `npm run simulate -- --bugs` prints them. */
const FOUND_AT: Readonly<Partial<Record<Bug, number>>> = {
  'capture-after-snapshot': 5,
  'unconditional-backfill': 464,
  'delete-without-tombstone': 114,
  'cursor-before-acknowledgement': 5,
  'release-before-durable': 67,
  'replay-without-versions': 114,
  'no-reverse-path': 9,
};

describe('a known mistake that is put back is found', () => {
  test.each(Object.keys(FOUND_AT) as Bug[])('%s', async (bug) => {
    const seed = FOUND_AT[bug]!;
    expect((await simulate(seed, { bug })).violations).not.toEqual([]);
    // By the mistake, and not by the schedule.
    expect((await simulate(seed)).violations).toEqual([]);
  });
});

describe('the checker', () => {
  const mutation = (value: number | null, begun: number, ended: number, acknowledged = true) => ({
    ...{ id: 'a', value, begun, ended, acknowledged },
  });
  const holding = (value: number | null) =>
    new Map(value === null ? [] : [['a', { id: 'a', vectors: {}, metadata: { value } }]]);
  const judged = (mutations: ReturnType<typeof mutation>[], source: number | null, target = source) =>
    violations(mutations, holding(source), holding(target)).map(({ what }) => what);

  test('takes every order of mutations that overlapped, and no other', () => {
    const overlapping = [mutation(1, 0, 5), mutation(2, 4, 9)];
    expect(judged(overlapping, 1)).toEqual([]);
    expect(judged(overlapping, 2)).toEqual([]);
    const one = [mutation(1, 0, 3), mutation(2, 4, 9)];
    expect(judged(one, 2)).toEqual([]);
    expect(judged(one, 1)).toEqual(['older', 'older']);
  });

  test('knows what was lost, what came back, and what nobody wrote', () => {
    expect(judged([mutation(null, -1, -1), mutation(1, 0, 3)], null)).toEqual(['lost', 'lost']);
    expect(judged([mutation(1, 0, 3), mutation(null, 4, 5)], 1)).toEqual(['resurrected', 'resurrected']);
    expect(judged([mutation(1, 0, 3)], 7)).toEqual(['unknown-row', 'unknown-row']);
    expect(judged([mutation(1, 0, 3), mutation(2, 1, 4)], 1, 2)).toEqual(['sides-differ']);
  });

  test('lets what was not acknowledged have happened, or not', () => {
    const unknown = [mutation(1, 0, 3), mutation(2, 4, 9, false)];
    expect(judged(unknown, 1)).toEqual([]);
    expect(judged(unknown, 2)).toEqual([]);
    expect(judged([...unknown, mutation(3, 10, 11)], 2)).toEqual(['older', 'older']);
  });
});
