import { describe, expect, it } from 'vitest';
import type { BaselineData } from '../../../harness/gate/comparison.js';
import { columnOf, measure, row, verdictsOf } from './rows.js';

/** Ones, of which the first `lost` are 0. */
const values = (n: number, lost = 0) => Array.from({ length: n }, (_, i) => (i < lost ? 0 : 1));
const alternating = (n: number) => Array.from({ length: n }, (_, i) => (i % 10 === 0 ? 0.9 : 1));
const rowOf = (group: string) => row('t1', { 'recall@10': measure(1, 1, 1) }, { group });

/** A baseline in which every group had the values of `before`; three builds, so that nothing is assumed. */
function baseline(
  now: Readonly<Record<string, number[]>>,
  before: Readonly<Record<string, number[]>>,
): BaselineData {
  return {
    name: 'main',
    runs: ['a', 'b', 'c'],
    paired: true,
    column: ({ group }) => now[group] && columnOf(now[group]),
    partner: (each) => {
      const column = before[each.group];
      if (column === undefined) return undefined;
      const rows = [1, 2, 3].map(() => rowOf(each.group));
      return { rows, columns: rows.map(() => columnOf(column)) };
    },
  };
}

const judged = (
  gate: string,
  check: string,
  now: Readonly<Record<string, number[]>>,
  before: Readonly<Record<string, number[]>>,
) => verdictsOf({ [gate]: check }, Object.keys(now).map(rowOf), baseline(now, before))[0]!;

describe.each(['drop(baseline) < 0.2pt', 'change(baseline) > -0.5pt'])('%s', (check) => {
  const before = { all: values(600), x: values(300), y: values(300) };

  it('of a group is about that group’s queries', () => {
    const now = { all: values(600, 30), x: values(300, 30), y: values(300) };
    const bad = judged('recall@10{group:x}', check, now, before);
    expect(bad).toMatchObject({ state: 'fail', n: 300, findings: [{ group: 'x' }] });
    expect(bad.findings[0]!.found).toBeCloseTo(-0.1, 12);
    // 300 queries of which none changed do not show that no more than half a point was lost: 1% of others may have.
    const [state, needed] = check.startsWith('change') ? ['inconclusive', 598] : ['pass', null];
    expect(judged('recall@10{group:y}', check, now, before)).toMatchObject({
      state,
      n: 300,
      findings: [{ needed }],
    });
  });

  it('without a group must hold in all of them', () => {
    expect(judged('recall@10', check, before, before)).toMatchObject({ state: 'pass' });
    // One group's loss is another's gain: all queries together see nothing.
    const mixed = { all: alternating(600), x: [...alternating(300)], y: alternating(300) };
    const now = { all: alternating(600), x: alternating(300).map((v) => v - 0.1), y: mixed.y };
    const verdict = judged('recall@10', check, now, mixed);
    expect(verdict.state).toBe('fail');
    expect(verdict.findings.map(({ group, state }) => [group, state])).toEqual([
      ['all', 'pass'],
      ['x', 'fail'],
      ['y', check.startsWith('change') ? 'inconclusive' : 'pass'],
    ]);
    expect(verdict.message).toMatch(/worst: .*group x/);
  });

  it('reports small groups without letting them decide, or weaken what others show', () => {
    const few = { all: values(600, 40), x: values(540), small: values(60, 40) };
    const old = { all: values(600), x: values(540), small: values(60) };
    const verdict = judged('recall@10', check, few, old);
    expect(verdict.findings.map(({ group, state }) => [group, state])).toEqual([
      ['all', 'fail'],
      ['x', check.startsWith('change') ? 'inconclusive' : 'pass'],
      ['small', 'inconclusive'],
    ]);
    expect(verdict.findings[2]!.message).toMatch(/60 queries are reported, not gated/);
    const [all] = verdict.findings;
    expect(all!.adjusted).toBe(2 * all!.p!);
    const calm = { all: values(600), x: values(540), small: values(60, 1) };
    expect(judged('recall@10', check, calm, old).state).toBe('pass');
    // By name it is what the gate is about.
    expect(judged('recall@10{group:small}', check, calm, old).state).toBe('inconclusive');
    // A group that lost all needs no statistics.
    const gone = { all: values(600), x: values(540), small: values(60, 60) };
    expect(judged('recall@10', check, gone, old)).toMatchObject({ state: 'fail' });
  });

  it('fails where the baseline has no such group', () => {
    const { y, ...without } = before;
    expect(judged('recall@10', check, before, without)).toMatchObject({
      state: 'fail',
      message: expect.stringContaining('the baseline has no such setting'),
    });
  });

  it('leaves out a group that the engine refused in both, and fails where it refuses it now', () => {
    const skipped = row('t1', {}, { group: 'y', state: 'skipped', reason: 'no $like' });
    const trials = [rowOf('all'), rowOf('x'), skipped];
    const base = baseline(before, before);
    const gates = { 'recall@10': check };
    const refused: BaselineData = {
      ...base,
      partner: (each, measure) =>
        each.group === 'y' ? { rows: [skipped], columns: [] } : base.partner(each, measure),
    };
    expect(verdictsOf(gates, trials, refused)[0]).toMatchObject({ state: 'pass' });
    expect(verdictsOf(gates, trials, base)[0]).toMatchObject({
      state: 'fail',
      message: expect.stringContaining('no $like'),
    });
    expect(verdictsOf({ 'recall@10{group:y}': check }, trials, refused)[0]!.state).toBe('fail');
  });

  it('does not judge a group twice that is all there is', () => {
    const one = { all: values(600), only: values(600) };
    expect(judged('recall@10', check, one, one).findings).toHaveLength(1);
  });
});

describe('drops of groups among many', () => {
  const CHECK = 'drop(baseline) < 0.2pt';
  const names = Array.from({ length: 8 }, (_, i) => `g${i}`);
  /** In each group a tenth of 400 queries lost a hit, another tenth found one; `more` queries lost one beside. */
  const night = (more: Readonly<Record<string, number>>) => {
    const now = {
      all: moved(3200, 0),
      ...Object.fromEntries(names.map((name) => [name, moved(400, more[name] ?? 0)])),
    };
    const before = { all: flat(3200), ...Object.fromEntries(names.map((name) => [name, flat(400)])) };
    return { now, before };
  };
  const flat = (n: number) => Array.from({ length: n }, () => 0.9);
  const moved = (n: number, more: number) =>
    Array.from({ length: n }, (_, i) => (i < n / 10 + more ? 0.8 : i >= n - n / 10 ? 1 : 0.9));

  it('one that chance makes somewhere is no doubt, and is told', () => {
    // .25 pt of 400 queries that move by .1 in a fifth of cases: p = .13 by itself, and one of nine.
    const { now, before } = night({ g3: 10 });
    const verdict = judged('recall@10', CHECK, now, before);
    expect(verdict.state).toBe('pass');
    const own = verdict.findings.find(({ group }) => group === 'g3')!;
    expect(own.found).toBeCloseTo(-0.0025, 12);
    expect(own).toMatchObject({
      state: 'pass',
      message: expect.stringMatching(/chance makes among 9 settings and groups/),
    });
  });

  it('a gate that names the group is as strict as ever', () => {
    const { now, before } = night({ g3: 10 });
    expect(judged('recall@10{group:g3}', CHECK, now, before).state).toBe('inconclusive');
  });

  it('one that is not so likely is undecided, and one that is shown fails', () => {
    const few = night({ g3: 32 });
    expect(judged('recall@10', CHECK, few.now, few.before).state).toBe('inconclusive');
    const many = night({ g3: 80 });
    expect(judged('recall@10', CHECK, many.now, many.before).state).toBe('fail');
  });
});
