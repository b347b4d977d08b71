import { describe, expect, test } from 'vitest';
import { parseGates } from '../../../harness/gate/gates.js';
import { judge } from '../../../harness/gate/judge.js';
import { checkSelectors, settingKey } from '../../../harness/gate/select.js';
import type { PlannedBuild } from '../../../harness/model/plan.js';
import type { Measures, TrialRow } from '../../../harness/model/results.js';
import { measure, row, verdictsOf } from './rows.js';

const loaded = (
  type: string,
  options: Record<string, number>,
  measures: Measures,
  more: Partial<TrialRow> = {},
): TrialRow => ({
  ...row(`${type}-${Object.values(options).join('-')}`, measures, { search: { ef: 64 } }),
  workload: type,
  workloadOptions: options,
  ...more,
});

const rate = (perSecond: number, p99: number, more?: Partial<TrialRow>) =>
  loaded('constant-rate', { rate: perSecond }, { 'latency.p99': measure(p99, p99 * 0.9, p99 * 1.1) }, more);
const clients = (count: number, throughput: number) =>
  loaded(
    'constant-clients',
    { clients: count },
    { throughput: measure(throughput, throughput * 0.95, throughput * 1.05) },
  );
const serial = row('serial', { 'latency.p99': measure(900, 800, 1000), throughput: measure(1, 0.9, 1.1) });

const judged = (gates: Record<string, unknown>, trials: readonly TrialRow[]) =>
  verdictsOf(gates, trials).map(({ state, findings }) => ({
    state,
    trials: findings.map(({ trial }) => trial),
    message: findings[0]?.message,
  }));

describe('gates on a load', () => {
  const p99 = { 'latency{workload:constant-rate,rate:200}': 'p(99) < 25ms' };
  const most = { 'throughput{workload:constant-clients,clients:16}': 'value >= 500' };

  test('speak of the load that they name, by its type and options', () => {
    const trials = [serial, rate(100, 5), rate(200, 20), rate(400, 300), clients(1, 80), clients(16, 800)];
    expect(judged(p99, trials)).toMatchObject([{ state: 'pass', trials: ['constant-rate-200'] }]);
    expect(judged(most, trials)).toMatchObject([{ state: 'pass', trials: ['constant-clients-16'] }]);
    expect(judged(p99, [serial, rate(200, 30)])).toMatchObject([{ state: 'fail' }]);
    expect(judged(most, [serial, clients(16, 400)])).toMatchObject([{ state: 'fail' }]);
    expect(judged(p99, [rate(200, 25)])).toMatchObject([{ state: 'inconclusive' }]);
    expect(judged({ 'latency{workload:constant-rate}': 'p(99) < 25ms' }, trials)).toMatchObject([
      { state: 'fail', trials: ['constant-rate-100', 'constant-rate-200', 'constant-rate-400'] },
    ]);
  });

  test('without data fail: the load is not there, was not measured, or has too few answers', () => {
    expect(judged(p99, [serial, rate(100, 5)])).toMatchObject([{ state: 'fail', trials: [] }]);
    const failed = rate(200, 5, { state: 'failed', error: 'the server is gone', measures: {} });
    expect(judged(p99, [failed])).toMatchObject([
      { state: 'fail', message: 'no data: the trial is failed (the server is gone)' },
    ]);
    const few = rate(200, 5, { measures: { 'latency.p50': measure(5) } });
    expect(judged(p99, [few])).toMatchObject([
      { state: 'fail', message: 'no data: latency.p99 was not obtained' },
    ]);
    // One pass has no interval, and decides nothing.
    const once = rate(200, 5, { measures: { 'latency.p99': measure(5) } });
    expect(judged(p99, [once])).toMatchObject([{ state: 'inconclusive' }]);
  });

  test('on a baseline compare the same load with itself', () => {
    const gate = { 'latency.p99{workload:constant-rate,rate:200}': 'change(baseline) < 15%' };
    const { set } = parseGates(gate, [10]);
    const before = [serial, rate(100, 1), rate(200, 10), rate(400, 100)];
    const state = (now: TrialRow, known: readonly TrialRow[]) =>
      judge({
        set,
        trials: [serial, rate(100, 500), now],
        baseline: {
          name: 'main',
          runs: ['r'],
          paired: true,
          column: () => undefined,
          partner: (each) => {
            const rows = known.filter((other) => settingKey(other) === settingKey(each));
            return rows.length === 0 ? undefined : { rows, columns: [] };
          },
        },
      })[0]!;
    expect(state(rate(200, 11), before)).toMatchObject({ state: 'inconclusive' });
    expect(state(rate(200, 5), before)).toMatchObject({ state: 'pass' });
    expect(state(rate(200, 20), before)).toMatchObject({ state: 'fail', level: 'warn' });
    expect(state(rate(200, 5), [serial, rate(100, 1)])).toMatchObject({
      state: 'fail',
      findings: [{ message: 'no data: the baseline has no such setting' }],
    });
    expect(judged(gate, [rate(200, 5)])).toMatchObject([{ state: 'error' }]);
  });

  test('that name a load which is not planned are faults of the suite', () => {
    const build = {
      engine: 'e',
      series: 'e hnsw',
      id: 'b',
      index: {},
      trials: [{ id: 't', search: {}, workload: { type: 'constant-rate', options: { rate: 100 } } }],
    } as PlannedBuild;
    const faults = (key: string) =>
      checkSelectors(parseGates({ [key]: 'p(99) < 25ms' }, [10]).set.gates, [build]).map(({ what }) => what);
    expect(faults('latency{workload:constant-rate,rate:100}')).toEqual([]);
    expect(faults('latency{workload:constant-rate,rate:200}')).toEqual(['matches no trial of the plan']);
    expect(faults('latency{workload:constant-rat}')).toEqual(['matches no trial of the plan']);
  });

  test('of the preset: no query fails, and what one client gets is what many get', () => {
    const healthy = { errors: { ...measure(0), n: 500 }, 'load.recallLoss': measure(0.001, -0.002, 0.004) };
    const worse = { ...healthy, 'load.recallLoss': measure(0.02, 0.01, 0.03) };
    const states = (measures: Measures) =>
      Object.fromEntries(
        verdictsOf({ preset: 'load' }, [loaded('constant-rate', { rate: 100 }, measures)]).map(
          ({ measure: name, state }) => [name, state],
        ),
      );
    expect(states(healthy)).toEqual({ errors: 'pass', 'load.recallLoss': 'pass' });
    expect(states(worse)).toEqual({ errors: 'pass', 'load.recallLoss': 'fail' });
    expect(states({ ...healthy, errors: measure(3) })).toMatchObject({ errors: 'fail' });
    expect(states({})).toEqual({ errors: 'fail' });
  });
});
