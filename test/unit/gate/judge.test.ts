import { describe, expect, it, test } from 'vitest';
import { outcomeOf, type Verdict } from '../../../harness/model/verdict.js';
import { baselineOf, measure, row, verdictsOf } from './rows.js';

const recall = (value: number, low: number | null, high: number | null) => ({
  'recall@10': measure(value, low, high),
});
const stateOf = (check: unknown, measures: Parameters<typeof row>[1]) =>
  verdictsOf({ 'recall@10': check }, [row('t1', measures)])[0]!.state;

describe('a threshold on a mean', () => {
  it.each([
    ['mean >= 0.95', 0.96, 0.955, 0.965, 'pass'],
    ['mean >= 0.95', 0.955, 0.95, 0.96, 'pass'],
    ['mean >= 0.95', 0.955, 0.949, 0.961, 'inconclusive'],
    ['mean >= 0.95', 0.945, 0.939, 0.951, 'inconclusive'],
    ['mean >= 0.95', 0.94, 0.935, 0.945, 'fail'],
    ['mean > 0.95', 0.955, 0.95, 0.96, 'inconclusive'],
    ['mean <= 0.95', 0.94, 0.935, 0.945, 'pass'],
    ['mean <= 0.95', 0.96, 0.955, 0.965, 'fail'],
    // The best there is: one miss disproves it, whatever the interval says.
    ['mean >= 1', 0.9999, 0.9997, 1, 'fail'],
    ['mean >= 1', 1, 1, 1, 'pass'],
    ['mean == 1', 0.9999, 0.9997, 1, 'fail'],
  ])('%s with %d [%d, %d]: %s', (check, value, low, high, state) => {
    expect(stateOf(check, recall(value, low, high))).toBe(state);
  });

  it('can be judged by the figure alone if the gate says so', () => {
    expect(stateOf({ check: 'mean >= 0.95', by: 'value' }, recall(0.951, 0.94, 0.96))).toBe('pass');
    // A mean of which nothing is known of the spread shows nothing.
    expect(stateOf('mean >= 0.95', recall(0.951, null, null))).toBe('inconclusive');
    // 1,000 tenths do not add up exactly.
    expect(stateOf({ check: 'mean >= 0.95', by: 'value' }, recall(0.95 - 1e-16, null, null))).toBe('pass');
  });

  it('is as good as the worst trial it matches, and names it', () => {
    const rows = [row('t1', recall(0.97, 0.96, 0.98)), row('t2', recall(0.9, 0.89, 0.91))];
    const [all, one] = verdictsOf({ 'recall@10': 'mean >= 0.95', 'recall@10{ef:1}': 'mean >= 0.95' }, rows);
    expect(all).toMatchObject({
      state: 'fail',
      interval: { low: 0.89, high: 0.91 },
      found: '0.9 [0.89, 0.91]',
    });
    expect(all!.message).toMatch(/2 trials: 1 fail, 1 pass; worst: .*ef=2/);
    expect(one).toMatchObject({ state: 'pass', findings: [{ trial: 't1' }] });
  });

  it('must hold in every query group', () => {
    const groups = [
      row('t1', recall(0.97, 0.96, 0.98)),
      row('t1', recall(0.5, 0.4, 0.6), { group: 'tenant' }),
    ];
    expect(verdictsOf({ 'recall@10': 'mean >= 0.95' }, groups)[0]!.state).toBe('fail');
    expect(verdictsOf({ 'recall@10{group:all}': 'mean >= 0.95' }, groups)[0]!.state).toBe('pass');
  });
});

describe('a recall that is void because an answer beats the truth', () => {
  const broken = row('t1', {}, { flags: ['beats-truth'] });

  it('is an error of its gates, whatever they ask', () => {
    for (const gate of [{ 'recall@10': 'mean >= 0' }, { 'recall@10': 'drop(baseline) < 1pt' }]) {
      const [verdict] = verdictsOf(gate, [broken], baselineOf([1], [[1]]));
      expect(verdict).toMatchObject({ state: 'error', message: expect.stringContaining('beats-truth') });
    }
  });

  it('is no figure of a baseline either', () => {
    const now = row('t1', recall(0.97, 0.96, 0.98));
    const baseline = baselineOf([1], [[1]], { partner: () => ({ rows: [broken], columns: [] }) });
    const [verdict] = verdictsOf({ 'recall@10': 'drop(baseline) < 1pt' }, [now], baseline);
    expect(verdict).toMatchObject({
      state: 'error',
      message: expect.stringContaining('in the baseline, void'),
    });
  });
});

describe('a time that was measured beside other load', () => {
  it('says so beside its verdict', () => {
    const busy = row('t1', { 'latency.p95': measure(10, 9, 11) }, { flags: ['busy-machine'] });
    const [verdict] = verdictsOf({ 'latency.p95': 'value < 20ms' }, [busy]);
    expect(verdict!.message).toContain('† measured while other programs used');
  });
});

describe('a threshold on a time', () => {
  const rate = (low: number | null, high: number | null) => [
    row('t1', { throughput: measure(1100, low, high) }),
  ];

  it('is judged by the interval of its passes, and asks for no more queries', () => {
    const states = [rate(1050, 1150), rate(900, 1300), rate(800, 990)].map(
      (rows) => verdictsOf({ throughput: 'value > 1000' }, rows)[0]!,
    );
    expect(states.map(({ state }) => state)).toEqual(['pass', 'inconclusive', 'fail']);
    expect(states[1]!.findings[0]!.needed ?? null).toBeNull();
  });

  it('is inconclusive with one pass, unless the figure alone is to be judged', () => {
    const [verdict] = verdictsOf({ throughput: 'value > 1000' }, rate(null, null));
    expect(verdict).toMatchObject({
      state: 'inconclusive',
      message: expect.stringContaining('"repeat: 3" or more'),
    });
    const alone = verdictsOf({ throughput: { check: 'value > 1000', by: 'value' } }, rate(null, null));
    expect(alone[0]!.state).toBe('pass');
  });
});

describe('gates of presets on filters', () => {
  const filters = (rows: Parameters<typeof verdictsOf>[1]) =>
    verdictsOf({ preset: 'migration' }, rows)
      .filter(({ measure }) => measure === 'filter.violations' || measure === 'leaks')
      .map(({ measure, state }) => `${measure} ${state}`);
  const plain = row('t1', { errors: measure(0) });
  const held = row('t2', { errors: measure(0), 'filter.violations': measure(0), leaks: measure(0) });
  const leaky = row('t3', { errors: measure(0), 'filter.violations': measure(2), leaks: measure(1) });

  it('are not judged where no query has a filter, and judged by the trials that have some', () => {
    expect(filters([plain])).toEqual([]);
    expect(filters([plain, held])).toEqual(['filter.violations pass', 'leaks pass']);
    expect(filters([plain, held, leaky])).toEqual(['filter.violations fail', 'leaks fail']);
  });

  it('written in a suite fail where there is no data', () => {
    expect(verdictsOf({ leaks: 'total == 0' }, [plain])[0]).toMatchObject({
      state: 'fail',
      found: 'no data',
    });
  });
});

describe('no data fails', () => {
  it.each([
    ['no trial matches', 'recall@10{ef:3}', [row('t1', recall(1, 1, 1))], /matches no trial/],
    ['no trial at all', 'recall@10', [], /matches no trial/],
    ['the measure is absent', 'recall@10', [row('t1', {})], /recall@10 was not obtained/],
    [
      'the trial failed',
      'recall@10',
      [row('t1', {}, { state: 'failed' as const, error: 'crashed\nstack' })],
      /no data: the trial is failed \(crashed\)/,
    ],
    [
      'one of two was skipped',
      'recall@10',
      [row('t1', recall(1, 1, 1)), row('t2', {}, { state: 'skipped' as const, reason: 'not installed' })],
      /skipped \(not installed\)/,
    ],
  ])('%s', (_, subject, rows, message) => {
    for (const check of ['mean >= 0', 'mean <= 1', 'mean != 0.5']) {
      const [verdict] = verdictsOf({ [subject]: check }, rows);
      expect(verdict!.state).toBe('fail');
      expect(verdict!.message).toMatch(message);
    }
  });

  it('also for counts: an absent count is not 0', () => {
    const [verdict] = verdictsOf({ errors: 'total == 0' }, [
      row('t1', { errors: measure(0) }),
      row('t2', {}),
    ]);
    expect(verdict).toMatchObject({ state: 'fail', found: 'no data' });
  });
});

test('counts add up over trials', () => {
  const rows = [row('t1', { errors: measure(2) }), row('t2', { errors: measure(0) })];
  const [exact, some] = verdictsOf({ errors: ['total == 0', 'total <= 2'] }, rows);
  expect(exact).toMatchObject({ state: 'fail', found: '2', n: 2000 });
  expect(exact!.findings.map(({ state }) => state)).toEqual(['fail', 'pass']);
  expect(some!.state).toBe('pass');
});

describe('the outcome of all gates', () => {
  const verdict = (state: Verdict['state'], level: Verdict['level'] = 'error') =>
    ({ state, level }) as Verdict;

  it.each([
    [[], 'warn', 'passed'],
    [[verdict('fail', 'warn'), verdict('error', 'warn')], 'warn', 'passed'],
    [[verdict('pass'), verdict('fail')], 'warn', 'failed'],
    [[verdict('inconclusive')], 'warn', 'passed'],
    [[verdict('inconclusive')], 'error', 'failed'],
    [[verdict('inconclusive', 'warn')], 'error', 'passed'],
    [[verdict('fail'), verdict('error')], 'off', 'error'],
  ] as const)('%#', (verdicts, inconclusive, outcome) => {
    expect(outcomeOf(verdicts, inconclusive)).toBe(outcome);
  });
});
