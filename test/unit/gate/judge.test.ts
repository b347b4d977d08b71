import { describe, expect, it, test } from 'vitest';
import { Random } from '../../../harness/measures/random.js';
import { outcomeOf, type Verdict } from '../../../harness/model/verdict.js';
import { baselineOf, columnOf, measure, row, verdictsOf } from './rows.js';

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

/** Recall by query: tenths, a few of them missing at random. */
function queries(n: number, seed: number, missing = 0.05): number[] {
  const random = new Random(seed);
  return Array.from({ length: n }, () => {
    let hits = 0;
    for (let i = 0; i < 10; i++) hits += random.uint32() / 2 ** 32 < missing ? 0 : 1;
    return hits / 10;
  });
}
const change = (check: unknown, now: readonly number[], before: readonly (readonly number[])[], more = {}) =>
  verdictsOf({ 'recall@10': check }, [row('t1', recall(1, 1, 1))], baselineOf(now, before, more))[0]!;

/** Every n-th query a tenth up, others a tenth down: the mean stays. */
const flip = (values: readonly number[], every: number, shift: number): number[] =>
  values.map((value, i) => {
    const at = (i + 40 * shift) % every;
    return at === 0 ? value + 0.1 : at === 1 ? value - 0.1 : value;
  });

describe('a change against a baseline', () => {
  const base = queries(2000, 1);
  const lose = (share: number) =>
    base.map((value, i) => (i % Math.round(1 / share) === 0 ? Math.max(0, value - 0.1) : value));

  it('of nothing passes with a difference of exactly 0', () => {
    const unseen = 1 - 0.05 ** (1 / 2000);
    for (const check of ['change(baseline) > -0.5pt', 'drop(baseline) < 0.2pt']) {
      const verdict = change(check, base, [base]);
      expect(verdict).toMatchObject({ state: 'pass', n: 2000, findings: [{ found: 0 }] });
      expect(verdict.interval!.low).toBeCloseTo(-unseen, 12);
    }
    expect(change('change(baseline) > -1%', base, [base]).state).toBe('pass');
    expect(change('drop(baseline) < 0.2pt', base, [base]).message).toBe(
      'no query changed: 2000 queries rule out a loss of more than 0.14967 pt (95%)',
    );
    // That nothing at all was lost, no number of queries shows.
    expect(change('change(baseline) >= 0', base, [base]).state).toBe('inconclusive');
  });

  it.each([
    [2, 'inconclusive'],
    [200, 'inconclusive'],
    [597, 'inconclusive'],
    [598, 'pass'],
  ])('that %d queries do not show, though none of them changed, is no proof: %s', (n, state) => {
    const few = base.slice(0, n);
    const verdict = change('change(baseline) > -0.5pt', few, [few]);
    expect(verdict.state).toBe(state);
    if (state === 'pass') return;
    expect(verdict.message).toBe(
      `${n} queries cannot show it, not even if none of them changed: at least 598 are needed`,
    );
    expect(verdict.findings[0]!.needed).toBe(598);
  });

  it('that no query shows is no drop, but a handful of queries decides nothing', () => {
    expect(change('drop(baseline) < 0.2pt', base.slice(0, 199), [base.slice(0, 199)])).toMatchObject({
      state: 'inconclusive',
      findings: [{ needed: 200 }],
    });
    expect(change('drop(baseline) < 0.2pt', base.slice(0, 200), [base.slice(0, 200)]).state).toBe('pass');
  });

  it('that is shown to be within the margin passes, beyond it fails, on it is inconclusive', () => {
    const margin = 'change(baseline) > -0.5pt';
    expect(change(margin, lose(0.01), [base]).state).toBe('pass');
    expect(change(margin, lose(0.2), [base]).state).toBe('fail');
    // Rebuilds that differ in a few queries, and by nothing as wholes.
    const rebuilt = [0, 1, 2].map((shift) => flip(base, 211, shift));
    const close = change(margin, lose(1 / 24), rebuilt);
    expect(close.state).toBe('inconclusive');
    expect(close.findings[0]!.needed).toBeGreaterThan(2000);
    expect(close.message).toMatch(/about \d+ queries would decide it \(now 2000\)/);
  });

  it('between single builds allows for a rebuild that nobody measured, and says so', () => {
    const now = flip(lose(1 / 33), 7, 0);
    const close = change('drop(baseline) < 0.2pt', now, [base]);
    expect(close).toMatchObject({ state: 'inconclusive' });
    expect(close.message).toMatch(/assumed, not measured: "builds: 3"/);
    expect(close.findings[0]).toMatchObject({ rebuild: { from: 'assumed' }, builds: { now: 1, before: 1 } });
    // The same loss between builds that are known to differ by little is shown.
    const rebuilt = [0, 1, 2].map((shift) => flip(base, 211, shift));
    expect(change('drop(baseline) < 0.2pt', now, rebuilt)).toMatchObject({
      state: 'fail',
      findings: [{ rebuild: { from: 'builds' }, builds: { now: 1, before: 3 } }],
    });
    // Builds that are the same in every query tell nothing of rebuilds.
    expect(change('drop(baseline) < 0.2pt', now, [base, base, base])).toMatchObject({
      findings: [{ rebuild: { from: 'assumed' } }],
    });
  });

  it('in percent is a share of the baseline', () => {
    const verdict = change('change(baseline) > -1%', lose(0.2), [base]);
    const finding = verdict.findings[0]!;
    expect(verdict.state).toBe('fail');
    expect(finding.found).toBeCloseTo(finding.now! / finding.before! - 1, 9);
    expect(change('change(baseline) > -3%', lose(0.2), [base]).state).toBe('pass');
  });

  it('is a drop only if it is both shown and not small', () => {
    const gate = 'drop(baseline) < 0.2pt';
    expect(change(gate, lose(0.05), [base]).state).toBe('fail');
    // Shown, but of .1 points only.
    expect(change(gate, lose(0.01), [base]).state).toBe('pass');
    // Large, but chance in few queries.
    const [few, none] = [queries(300, 2), queries(300, 3)];
    const worse = few.reduce((a, b) => a + b) < none.reduce((a, b) => a + b) ? [few, none] : [none, few];
    expect(change(gate, worse[0]!, [worse[1]!]).state).not.toBe('fail');
  });

  it('in fewer than 200 queries is reported, not gated', () => {
    const short = base.slice(0, 150);
    const verdict = change(
      'drop(baseline) < 0.2pt',
      short.map((value) => value * 0.5),
      [short],
    );
    expect(verdict.state).toBe('inconclusive');
    expect(verdict.message).toMatch(/fewer than 200/);
  });

  it('is widened by what rebuilds differ by', () => {
    const shifted = [0.03, -0.03, 0].map((by) => base.map((value) => value + by));
    expect(change('drop(baseline) < 0.2pt', lose(0.05), shifted).state).not.toBe('fail');
    expect(change('change(baseline) > -0.5pt', base, shifted).message).toMatch(/only more builds/);
  });

  it('without a baseline cannot be judged; without the setting in it, it fails', () => {
    const rows = [row('t1', recall(1, 1, 1))];
    expect(verdictsOf({ 'recall@10': 'change(baseline) > -1%' }, rows)[0]).toMatchObject({ state: 'error' });
    const lacking = change('change(baseline) > -1%', base, [base], { partner: () => undefined });
    expect(lacking).toMatchObject({
      state: 'fail',
      findings: [{ message: 'no data: the baseline has no such setting' }],
    });
  });

  describe('of a setting that was dropped', () => {
    const gone = [row('t9', recall(1, 1, 1))];
    const judgedWith = (gates: Record<string, unknown>) =>
      verdictsOf(gates, [row('t1', recall(1, 1, 1))], baselineOf(base, [base], { gone }));

    it.each([
      ['drop(baseline) < 0.2pt', undefined, 'fail'],
      ['change(baseline) > -0.5pt', undefined, 'fail'],
      ['drop(baseline) < 0.2pt', 'error', 'fail'],
      ['drop(baseline) < 0.2pt', 'warn', 'inconclusive'],
      ['drop(baseline) < 0.2pt', 'off', 'pass'],
    ])('%s, missing: %s: %s', (check, missing, state) => {
      const [verdict] = judgedWith({ 'recall@10': check, ...(missing && { missing }) });
      expect(verdict!.state).toBe(state);
      if (state !== 'pass')
        expect(verdict!.message).toMatch(/worst: .*ef=9 k=10: the baseline has this setting/);
    });

    it('only gates that are about it', () => {
      expect(judgedWith({ 'recall@10{ef:1}': 'drop(baseline) < 0.2pt' })[0]!.state).toBe('pass');
      expect(judgedWith({ 'recall@10': 'mean >= 1' })[0]!.state).toBe('pass');
    });
  });

  it('without pairs shows less than with them', () => {
    const now = lose(0.1);
    const paired = change('drop(baseline) < 0.2pt', now, [base]).interval!;
    const unpaired = change('drop(baseline) < 0.2pt', now, [base], { paired: false }).interval!;
    expect(unpaired.high - unpaired.low).toBeGreaterThan(2 * (paired.high - paired.low));
  });

  it('fails by Holm: what one gate alone would show is not enough among many', () => {
    const now = lose(1 / 50);
    const noise = base.map((value, i) => value + (i % 2 === 0 ? 0.05 : -0.05) + (now[i]! - value) * 0.6);
    const rows = Array.from({ length: 12 }, (_, i) => row(`t${i}`, recall(1, 1, 1)));
    const of = (count: number) =>
      verdictsOf({ 'recall@10': 'drop(baseline) < 0.1pt' }, rows.slice(0, count), {
        ...baselineOf(base, [base]),
        column: (each) => ({ ...baselineOf(each.id === 't0' ? noise : base, []).column(each, '')! }),
      })[0]!;
    const [alone, among] = [of(1), of(12)];
    const p = alone.findings[0]!.p!;
    expect(p).toBeGreaterThan(0.05 / 12);
    expect(p).toBeLessThan(0.5);
    expect(among.findings[0]!.p).toBe(p);
    expect(among.findings[0]!.adjusted).toBeCloseTo(Math.min(1, 12 * p), 12);
    expect(among.state).not.toBe('fail');
  });
});

describe('a change of speed', () => {
  const of = (now: [number, number, number]) =>
    verdictsOf(
      { 'latency.p95': 'change(baseline) < 15%' },
      [row('t1', { 'latency.p95': measure(...now) })],
      baselineOf([], [[]]),
    )[0]!;

  it('is a ratio with both intervals in it, and only ever a warning', () => {
    expect(of([10, 9.9, 10.1])).toMatchObject({ state: 'pass', level: 'warn' });
    expect(of([20, 19, 21])).toMatchObject({
      state: 'fail',
      level: 'warn',
      found: expect.stringContaining('+100%'),
    });
    expect(of([11.5, 10, 13])).toMatchObject({ state: 'inconclusive' });
    expect(of([20, 19, 21]).message).toMatch(/not interleaved/);
  });
});

describe('a mean that leaves queries out', () => {
  const partly = { 'distance.error': { ...measure(0.001, 0, 0.002), missing: 12 } };
  const whole = { 'distance.error': measure(0.001, 0, 0.002) };

  it('is void, whatever it is judged by', () => {
    for (const check of ['mean < 0.01', { check: 'mean < 0.01', by: 'value' }]) {
      expect(verdictsOf({ 'distance.error': check }, [row('t1', partly)])[0]).toMatchObject({
        state: 'fail',
        message: expect.stringContaining('void: 12 queries have no distance.error'),
      });
    }
    expect(verdictsOf({ 'distance.error': 'mean < 0.01' }, [row('t1', whole)])[0]!.state).toBe('pass');
  });

  it.each([
    ['tonight', partly, whole, /^void: 12 queries/],
    ['in the baseline', whole, partly, /^in the baseline, void: 12 queries/],
  ])('against a baseline, %s', (_, now, before, message) => {
    const values = new Array<number>(700).fill(0.001);
    const gate = { 'distance.error': 'drop(baseline) < 0.01' };
    const rows = [row('t1', before)];
    const base = baselineOf(values, [values], {
      partner: () => ({ rows, columns: [columnOf(values)] }),
    });
    const [verdict] = verdictsOf(gate, [row('t1', now)], base);
    expect(verdict).toMatchObject({ state: 'fail', message: expect.stringMatching(message) });
  });

  it('of which one side alone knows some queries', () => {
    const values = new Array<number>(700).fill(0.9);
    const [verdict] = verdictsOf(
      { 'recall@10': 'drop(baseline) < 1pt' },
      [row('t1', recall(1, 1, 1))],
      baselineOf([...values.slice(1), Number.NaN], [values]),
    );
    expect(verdict).toMatchObject({
      state: 'fail',
      message: expect.stringMatching(/^void: 1 queries .* on one side/),
    });
  });
});

describe('queries with the same vector', () => {
  it('are one: 40 questions asked fifty times each show as much as 40', () => {
    const forty = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? 0.5 : 1));
    const often = Array.from({ length: 2000 }, (_, i) => forty[i % 40]!);
    const sources = { now: often.map((__, i) => i % 40), before: undefined };
    const repeated = change('change(baseline) > -0.5pt', often, [often], { sources });
    expect(repeated).toMatchObject({ state: 'inconclusive', n: 40 });
    const once = change('change(baseline) > -0.5pt', forty, [forty]);
    expect(repeated.interval!.low).toBeCloseTo(once.interval!.low, 9);
    expect(change('change(baseline) > -0.5pt', often, [often]).state).toBe('pass');
  });
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
