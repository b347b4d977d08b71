import { describe, expect, it } from 'vitest';
import { Random } from '../../../harness/measures/random.js';

import { baselineOf, columnOf, measure, row, verdictsOf } from './rows.js';

const recall = (value: number, low: number | null, high: number | null) => ({
  'recall@10': measure(value, low, high),
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
