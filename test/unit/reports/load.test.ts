import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../harness/model/manifest.js';
import type { Results, TrialRow } from '../../../harness/model/results.js';
import { renderHtml } from '../../../reports/html/html.js';
import { courseCharts } from '../../../reports/html/load-courses.js';
import { floorsOf } from '../../../reports/html/load-floors.js';
import { loadViews } from '../../../reports/html/load-views.js';
import { choiceViews } from '../../../reports/html/table-views.js';
import { loadOf } from '../../../reports/model/load.js';
import { seriesRefs } from '../../../reports/model/points.js';
import { buildReport } from '../../../reports/model.js';
import { row } from '../gate/rows.js';
import { fixture } from './fixture.js';
import { withLoads } from './loads.js';

interface Rated {
  rate: number;
  p99: number;
  errors?: number;
  flags?: string[];
}

const figure = (value: number) => ({ value, low: null, high: null, n: 1000 });

function rated(ef: number, recall: number, rates: readonly Rated[]): TrialRow[] {
  return rates.map(({ rate, p99, errors = 0, flags = [] }) => ({
    ...row(`a-ef${ef}-rate${rate}`, {}),
    search: { ef },
    workload: 'constant-rate',
    workloadOptions: { rate },
    flags,
    measures: { 'recall.ties@10': figure(recall), 'latency.p99': figure(p99), errors: figure(errors) },
  }));
}

function loaded(trials: readonly TrialRow[], load?: Manifest['load']) {
  const results = { trials, ks: [10] } as unknown as Results;
  return loadOf(results, seriesRefs(trials), 'recall.ties@10', { load, plan: [] })?.settings;
}

const sustained = (rates: readonly Rated[]) =>
  loaded(rated(16, 0.9, rates))![0]!.sustained.map((each) =>
    'rate' in each ? `${each.state} ${each.rate}` : each.state,
  );

describe('the sustained rate', () => {
  test('is the highest up to which every rate kept the limit', () => {
    const rates = [
      { rate: 100, p99: 5 },
      { rate: 200, p99: 8 },
      { rate: 400, p99: 45 },
      { rate: 800, p99: 900 },
    ];
    expect(sustained(rates)).toEqual(['up-to 200', 'up-to 400', 'up-to 400']);
    expect(sustained(rates.toReversed())).toEqual(['up-to 200', 'up-to 400', 'up-to 400']);
  });

  test('ends at the first miss, even if a higher rate keeps the limit by chance', () => {
    expect(
      sustained([
        { rate: 100, p99: 5 },
        { rate: 200, p99: 300 },
        { rate: 400, p99: 5 },
      ]),
    ).toEqual(['up-to 100', 'up-to 100', 'up-to 100']);
  });

  test('a rate that was not reached, or failed queries, are a miss whatever the latency', () => {
    expect(
      sustained([
        { rate: 100, p99: 5 },
        { rate: 200, p99: 5, errors: 1 },
      ])[0],
    ).toBe('up-to 100');
    expect(sustained([{ rate: 100, p99: 5, flags: ['rate-not-reached'] }])).toEqual(['none', 'none', 'none']);
  });

  test('is at least the highest measured where all kept it', () => {
    expect(sustained([{ rate: 100, p99: 5 }])).toEqual(['beyond 100', 'beyond 100', 'beyond 100']);
  });
});

test('the knee is the sustained rate at the limit of the suite; 50 ms if it sets none', () => {
  const rates = [
    { rate: 100, p99: 5 },
    { rate: 200, p99: 40 },
    { rate: 400, p99: 60 },
  ];
  const kneeOf = (load?: Manifest['load']) => {
    const { knee, sustained: all } = loaded(rated(16, 0.9, rates), load)![0]!;
    return ['rate' in knee ? knee.rate : knee.state, all.length];
  };
  expect(kneeOf()).toEqual([200, 3]);
  expect(kneeOf({ p99: 100 })).toEqual([400, 1]);
  expect(kneeOf({ p99: 5 })).toEqual([100, 1]);
  expect(kneeOf({ p99: 1 })).toEqual(['none', 1]);
});

test('contenders are compared at the setting with the lowest recall from 0.95 on, else the highest', () => {
  const rates = [{ rate: 100, p99: 5 }];
  const shown = (recalls: readonly number[]) =>
    loaded(recalls.flatMap((recall, i) => rated(16 * 2 ** i, recall, rates)))!
      .filter((each) => each.shown)
      .map(({ setting }) => setting);
  expect(shown([0.9, 0.96, 0.99])).toEqual(['ef=32']);
  expect(shown([0.8, 0.9])).toEqual(['ef=32']);
});

test('a run that was serial alone has no loads', () => {
  expect(loaded([row('a', {})])).toBeUndefined();
});

describe('the page of a run with loads', () => {
  const model = buildReport(fixture({ more: withLoads }));
  const html = renderHtml(model);

  test('names the knee of each contender, and what failed', () => {
    const { settings, limits } = model.load!;
    expect(limits.main).toBe(50);
    expect(settings.length).toBeGreaterThanOrEqual(4);
    const kept = settings.flatMap(({ knee }) => (knee.state === 'up-to' ? [knee.rate] : []));
    expect(new Set(kept).size).toBeGreaterThan(1);
    expect(html).toContain('Queries that failed under load');
    for (const id of ['latency', 'clients', 'time', 'percentiles'])
      expect(html).toContain(`id="chart-load-${id}"`);
  });

  test('has the floor in its charts: as a line near the values, in words far from them', () => {
    const { charts } = loadViews(model)!;
    for (const { pictures, note } of charts.filter(({ id }) => id !== 'chart-load-time')) {
      expect(note).toContain('Dashed: an echo under the same load.');
      for (const { svg } of pictures) expect(svg).toContain('floor, in process');
    }
    const { trials } = model.load!.settings[0]!;
    const entries = trials.map((trial) => ({ at: 1, trial, measure: 'client.floor.p99' }));
    expect(floorsOf(entries, [1, 20])).toMatchObject({
      lines: [{ label: 'floor, in process', points: [{ x: 1, y: 0.9 }] }],
      note: 'Dashed: an echo under the same load.',
    });
    expect(floorsOf(entries, [100, 200])).toEqual({
      lines: [],
      note: 'Outside of the picture: floor, in process 0.9 ms.',
    });
    expect(floorsOf([], [100])).toEqual({ lines: [], note: '' });
  });

  test('the table of choice has the sustained rate and the CPU of the chosen setting, and says where there is none', () => {
    const rows = choiceViews(model)
      .find(({ key }) => key === '95')!
      .parts.flatMap((part) => part.rows);
    const cells = rows.flatMap((each) => ('cells' in each ? [each.cells!.slice(-2)] : []));
    expect(cells.length).toBeGreaterThan(2);
    const [loadedCells] = cells.filter(([rate]) => rate!.text !== undefined);
    expect(loadedCells?.[0]?.text ?? '').toMatch(/^(≥ )?\d/);
    for (const [rate] of cells)
      expect(rate!.text ?? rate!.absent).toMatch(/\d|this setting was measured under no load/);
  });

  test('the curves of a picture are in its description and its table', () => {
    const [time, percentiles] = courseCharts(model.load!);
    expect(time!.table.rows.length).toBe(percentiles!.table.rows.length);
    expect(percentiles!.table.rows[0]!.value.split(' / ')).toHaveLength(4);
    for (const { pictures } of [time!, percentiles!])
      for (const { svg } of pictures) expect(svg).toMatch(/<title id="[^"]+">.*<desc/s);
  });
});

describe('a run whose only workload is a rate', () => {
  const { results, ...rest } = fixture();
  const trials = results.trials.map((row) => ({
    ...row,
    workload: 'constant-rate',
    workloadOptions: { rate: 20 },
    measures: {
      ...row.measures,
      // What was offered, so to speak: the same for all, whatever they could do.
      ...(row.measures['throughput'] && { throughput: figure(20) }),
      'load.offered': figure(20),
    },
  }));
  const report = buildReport({ ...rest, results: { ...results, trials } });
  const choice = report.choices.find(({ key }) => key === '95')!;
  const p95s = choice.groups.map(({ rows }) =>
    rows.map((each) => (each.choice.state === 'chosen' ? each.choice.figures['latency.p95']!.value : 0)),
  );

  test('ranks by latency: throughput is what was offered', () => {
    expect(p95s.flat().length).toBeGreaterThan(2);
    for (const group of p95s) expect(group).toEqual([...group].sort((a, b) => a - b));
    const text = choice.answer.map((part) => part.text).join('');
    expect(text).toMatch(/ answers 95% of the queries within [\d.]+.* ms where 20(\.0)? come in a second/);
    expect(text).not.toContain('queries/s');
    expect(choice.best['throughput']).toBeUndefined();
  });

  test('draws no front of a throughput that all share', () => {
    const html = renderHtml(report);
    expect(html).not.toContain('Recall against throughput');
    expect(html).not.toContain('Hypervolume');
    expect(html).toContain('Recall against p95 latency');
  });
});
