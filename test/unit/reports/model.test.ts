import { describe, expect, it } from 'vitest';
import type { Measure, TrialRow } from '../../../harness/model/results.js';
import { SERIAL } from '../../../harness/model/workload.js';
import { frontierViews } from '../../../reports/html/chart-views.js';
import { renderHtml } from '../../../reports/html/html.js';
import { richText } from '../../../reports/model/answer.js';
import { choiceMeasures } from '../../../reports/model/choice.js';
import type { Choice, ReportModel } from '../../../reports/model/types.js';
import { buildReport, type ReportInput } from '../../../reports/model.js';
import { renderTerminal } from '../../../reports/terminal.js';
import { fixture } from './fixture.js';

const plain = (text: string): string => text.replaceAll('\u202f', '');
const choiceOf = (model: ReportModel, key: string): Choice => model.choices.find((c) => c.key === key)!;
const answer = (model: ReportModel, key = model.defaultChoice): string =>
  plain(richText(choiceOf(model, key).answer));
const chosen = (model: ReportModel, key: string, label: string): string | undefined => {
  const row = choiceOf(model, key).rows.find(({ series }) => series.label === label)!;
  return row.choice.state === 'chosen' ? row.choice.point.id : undefined;
};

const measure = (value: number, spread = 0): Measure => ({
  value,
  low: value - spread,
  high: value + spread,
  n: 9,
});

/** A trial with the figures that matter for choosing. */
function trial(
  series: string,
  ef: number,
  recall: Measure,
  qps: number,
  more: Partial<TrialRow> = {},
): TrialRow {
  const [engine = series] = series.split(' ');
  return {
    id: `${series.replace(' ', '-')}-${ef}`,
    dataset: 'd',
    build: series.replace(' ', '-'),
    engine,
    engineVersion: null,
    series,
    index: { type: 'hnsw', m: 16 },
    search: { ef },
    k: 10,
    workload: 'serial',
    group: 'all',
    state: 'completed',
    reason: null,
    error: null,
    flags: [],
    measures: {
      'recall.ties@10': recall,
      throughput: measure(qps, qps / 100),
      'latency.p95': measure(1000 / qps),
    },
    ...more,
  };
}

function report(trials: readonly TrialRow[], change: (input: ReportInput) => void = () => {}): ReportModel {
  const input = fixture({ series: ['lancedb flat'] });
  input.results.trials = [...trials];
  input.manifest.plan = trials.map(({ build, engine, series, index, id, search }) => ({
    id: build,
    engine,
    series,
    index,
    trials: [{ id, search, workload: SERIAL }],
  }));
  change(input);
  return buildReport(input);
}

describe('the choice at a recall', () => {
  it('is the fastest measured setting whose lower bound reaches it, not the one whose mean does', () => {
    const model = report([
      trial('a hnsw', 16, measure(0.951, 0.004), 9000),
      trial('a hnsw', 32, measure(0.96, 0.004), 5000),
      trial('a hnsw', 64, measure(0.97, 0.004), 6000),
      trial('a hnsw', 128, measure(0.99, 0.001), 2000),
    ]);
    expect(chosen(model, '95', 'a hnsw')).toBe('a-hnsw-64');
    expect(chosen(model, '90', 'a hnsw')).toBe('a-hnsw-16');
    expect(chosen(model, '99', 'a hnsw')).toBeUndefined();
    expect(chosen(model, 'best', 'a hnsw')).toBe('a-hnsw-128');
  });

  it('ranks memory among embedded engines or among servers, never one with the other, and shows disk where it is measured', () => {
    const cost = (bytes: number) => ({ value: bytes, low: bytes - 1, high: bytes + 1, n: 3 });
    const of = (series: string, bytes: number, more: Partial<TrialRow> = {}) => {
      const row = trial(series, 16, measure(0.96), 100, more);
      return {
        ...row,
        measures: { ...row.measures, 'memory.peak': cost(bytes), 'build.seconds': cost(bytes) },
      };
    };
    const docker = { server: { mode: 'docker' } };
    const mixed = report([of('a hnsw', 10), of('b hnsw', 20, docker), of('c hnsw', 30)]);
    expect(choiceOf(mixed, '95').best['memory.peak']).toBeUndefined();
    expect(choiceOf(mixed, '95').best['build.seconds']).toBeDefined();
    for (const more of [{}, docker]) {
      const alike = report([of('a hnsw', 10, more), of('b hnsw', 20, more)]);
      expect(choiceOf(alike, '95').best['memory.peak']).toBeDefined();
    }
    const [row] = mixed.results.trials;
    const onDisk = report([{ ...row!, measures: { ...row!.measures, 'server.disk': cost(5) } }]);
    expect(choiceMeasures(onDisk.points).includes('server.disk')).toBe(true);
    expect(choiceMeasures(mixed.points).includes('server.disk')).toBe(false);
  });

  it('does not take a recall without an interval for certain', () => {
    const model = report([trial('a hnsw', 16, { value: 1, low: null, high: null, n: 1 }, 9000)]);
    expect(chosen(model, '90', 'a hnsw')).toBeUndefined();
    expect(choiceOf(model, '90').rows[0]!.choice).toMatchObject({
      reason: 'highest recall@10 1.000, without an interval',
    });
  });

  it('says how far a contender comes that does not reach the target', () => {
    const model = report([
      trial('a hnsw', 16, measure(0.9512, 0.004), 9000),
      trial('b ivf', 16, measure(0.8, 0.01), 9000),
    ]);
    const reasons = choiceOf(model, '95').rows.map(({ choice }) =>
      choice.state === 'unreached' ? choice.reason : '',
    );
    expect(reasons).toEqual([
      'no setting reaches 0.95 with 95% confidence; highest recall@10 0.951, lower bound 0.947',
      'no setting reaches 0.95; highest recall@10 0.800',
    ]);
  });

  it('marks the best of a column, and what is too close to it', () => {
    const model = report([
      trial('a hnsw', 16, measure(0.97), 1000),
      trial('b hnsw', 16, measure(0.97), 995),
      trial('c hnsw', 16, measure(0.97), 500),
    ]);
    expect(choiceOf(model, '95').best['throughput']).toEqual({ keys: ['a/a hnsw'], close: ['b/b hnsw'] });
    expect(choiceOf(model, '95').best['latency.p95']!.keys).toEqual(['a/a hnsw']);
    expect(choiceOf(model, '95').best['index.size']).toBeUndefined();
  });

  it('ranks nothing that was observed once', () => {
    const once = (seconds: number): Measure => ({ value: seconds, low: null, high: null, n: 1 });
    const built = (series: string, seconds: number, spread: boolean) => {
      const row = trial(series, 16, measure(0.97), seconds);
      row.measures['build.seconds'] = once(seconds);
      if (!spread) row.measures['throughput'] = once(seconds);
      return row;
    };
    const several = choiceOf(report([built('a hnsw', 33, true), built('b hnsw', 66, true)]), '95').best;
    expect(several['build.seconds']).toBeUndefined();
    expect(several['throughput']).toEqual({ keys: ['b/b hnsw'], close: [] });
    const mixed = choiceOf(report([built('a hnsw', 33, false), built('b hnsw', 66, true)]), '95').best;
    expect(mixed['throughput']).toEqual({ keys: ['b/b hnsw'], close: ['a/a hnsw'] });
    const single = report([built('a hnsw', 33, false), built('b hnsw', 66, false)]);
    expect(choiceOf(single, '95').best['throughput']).toBeUndefined();
    expect(answer(single)).toContain(', which a single pass cannot tell from a hnsw');
  });

  it('names no winner where there is no contest', () => {
    const model = report([trial('a hnsw', 16, measure(0.97), 1000)]);
    expect(choiceOf(model, '95').best).toEqual({});
  });

  it('orders the most accurate settings by recall', () => {
    const model = report([trial('a hnsw', 16, measure(0.6), 9000), trial('b hnsw', 16, measure(0.99), 10)]);
    expect(choiceOf(model, 'best').rows.map(({ series }) => series.label)).toEqual(['b hnsw', 'a hnsw']);
  });
});

describe('doubtful figures', () => {
  const flagged = (...flags: string[]) => ({ flags });
  const sound = (series: string, qps: number) => trial(series, 64, measure(0.97, 0.001), qps);
  const labels = (choice: Choice, doubtful: boolean): string[] =>
    choice.groups
      .filter((group) => group.doubtful === doubtful)
      .flatMap(({ rows }) => rows.map(({ series }) => series.label));

  it('are not chosen where a sound setting reaches the target, and not passed over silently', () => {
    const model = report([
      trial('a hnsw', 32, measure(0.97, 0.001), 9000, flagged('busy-machine')),
      sound('a hnsw', 5000),
      sound('b hnsw', 4000),
    ]);
    const [row] = choiceOf(model, '95').rows;
    expect(row!.choice).toMatchObject({ point: { id: 'a-hnsw-64' }, passedOver: { id: 'a-hnsw-32' } });
    expect(renderHtml(model)).toContain('† passed over: ef&#x3D;32');
  });

  it.each(['busy-machine', 'failed-queries', 'mixed-builds'])(
    'are ranked apart, marked and explained: %s',
    (flag) => {
      const model = report([
        trial('a hnsw', 16, measure(0.97, 0.001), 9000, flagged(flag)),
        sound('b hnsw', 5000),
        sound('c hnsw', 3000),
      ]);
      const choice = choiceOf(model, '95');
      expect(labels(choice, false)).toEqual(['b hnsw', 'c hnsw']);
      expect(labels(choice, true)).toEqual(['a hnsw']);
      expect(choice.best['throughput']!.keys).toEqual(['b/b hnsw']);
      const [{ sign, text }] = model.legend as [{ sign: string; text: string }];
      expect(answer(model)).toContain(
        `b hnsw answers 5000 queries/s at p95 0.200 ms; then c hnsw with 3000; not ranked with them, as doubtful: a hnsw with 9000${sign}.`,
      );
      const html = renderHtml(model);
      expect(html).toContain(`<b>${sign}</b> ${text}`);
      expect(html.match(new RegExp(`class="doubt"[^>]*>${sign}</abbr>`, 'g'))!.length).toBeGreaterThan(4);
      // In every chart that has the figure, in both sizes.
      expect(html.match(new RegExp(`<text[^>]*>${sign}</text>`, 'g'))!.length).toBeGreaterThanOrEqual(4);
      const text2 = renderTerminal(model, { color: false, width: 120, reportPath: 'x' });
      expect(text2).toContain(`9 000${sign}`);
      expect(text2).toContain(`${sign} ${text}`);
    },
  );

  it('compare with each other where there is nothing else, and stay marked', () => {
    const model = report([
      trial('a hnsw', 16, measure(0.97, 0.001), 9000, flagged('busy-machine')),
      trial('b hnsw', 16, measure(0.97, 0.001), 5000, flagged('busy-machine')),
    ]);
    expect(answer(model)).toContain(
      'a hnsw answers 9000† queries/s at p95 0.111† ms; then b hnsw with 5000†.',
    );
    expect(model.cautions[0]).toContain(
      'Other programs kept the machine busy while 2 of 2 trials were measured',
    );
  });

  it('leave alone what the doubt is not about', () => {
    const busy = trial('a hnsw', 16, measure(0.99, 0.001), 9000, flagged('busy-machine'));
    const model = report([busy, sound('b hnsw', 5000)]);
    // Recall does not suffer from a busy machine.
    expect(choiceOf(model, 'best').groups.map(({ rows }) => rows.length)).toEqual([2]);
    expect(answer(model, 'best')).toContain('is 0.990, by a hnsw');
  });

  it('a recall that beats the truth takes no part at all', () => {
    const broken = trial('a hnsw', 16, measure(0.99), 9000, flagged('beats-truth'));
    delete broken.measures['recall.ties@10'];
    const model = report([broken, sound('b hnsw', 5000)]);
    expect(choiceOf(model, '95').rows.at(-1)!.choice).toMatchObject({
      state: 'unreached',
      reason: expect.stringContaining('its recall is void'),
    });
    expect(model.cautions[0]).toContain('nearer than the exact neighbours');
    expect(renderHtml(model)).toContain('void: an answer holds a point nearer than the exact neighbours');
  });
});

describe('several machines', () => {
  const on = (machine: number, series: string, qps: number) =>
    trial(series, 16, measure(0.97, 0.001), qps, { machine, id: `${series}-${machine}` });
  const machines = [
    { ...fixture().results.environment, cpu: 'Slow CPU', cores: 2 },
    { ...fixture().results.environment, cpu: 'Fast CPU', cores: 128 },
  ];
  const model = report(
    [on(1, 'a hnsw', 5000), on(1, 'b hnsw', 900), on(2, 'c hnsw', 9000), on(2, 'd hnsw', 8000)],
    ({ results }) => {
      results.machines = machines;
    },
  );

  it('have an order of speed each, in the sentence and the table, with stars of their own', () => {
    expect(answer(model)).toBe(
      'At recall@10 ≥ 0.95 on debian-packages-20k, on machine 1 (Slow CPU, 2 cores) a hnsw (machine 1) answers 5000 queries/s at p95 0.200 ms; then b hnsw (machine 1) with 900; on machine 2 (Fast CPU, 128 cores) c hnsw (machine 2) answers 9000 queries/s at p95 0.111 ms; then d hnsw (machine 2) with 8000.',
    );
    const choice = choiceOf(model, '95');
    expect(choice.groups.map(({ machine, rows }) => [machine, rows.length])).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(choice.best['throughput']).toEqual({ keys: ['a/a hnsw@1', 'c/c hnsw@2'], close: [] });
    expect(model.cautions[0]).toContain('times of one do not compare with those of another');
    const text = renderTerminal(model, { color: false, width: 120, reportPath: 'x' });
    expect(text).toContain('On machine 2 (Fast CPU, 128 cores)');
  });

  it('share no chart of times, and no floor of throughput', () => {
    expect(model.floor).toBeUndefined();
    const ids = frontierViews(model).map(({ id, table }) => [id, table.rows.length]);
    expect(ids).toEqual([
      ['chart-throughput-1', 2],
      ['chart-p95-1', 2],
      ['chart-throughput-2', 2],
      ['chart-p95-2', 2],
    ]);
  });
});

describe('the figures of a choice', () => {
  const split = (chooses: number, value: number): Measure => ({
    value: (chooses + value) / 2,
    low: 1,
    high: 99999,
    n: 9,
    split: { chooses, value, low: value * 0.9, high: value * 1.1 },
  });
  const row = (ef: number, chooses: number, value: number): TrialRow => {
    const made = trial('a hnsw', ef, measure(0.97, 0.001), 1);
    made.measures['throughput'] = split(chooses, value);
    return made;
  };

  it('are of passes that did not choose it', () => {
    const model = report([row(16, 9000, 5000), row(32, 6000, 8000)]);
    const [first] = choiceOf(model, '95').rows;
    expect(first!.choice).toMatchObject({
      point: { id: 'a-hnsw-16' },
      figures: { throughput: { value: 5000, low: 4500 } },
    });
    expect(answer(model)).toContain('ef=16 answers 5000 queries/s');
    expect(choiceOf(model, '95').flattered).toBe(false);
  });

  it('flatter where one pass does both, and the report says so', () => {
    const model = report([trial('a hnsw', 16, measure(0.97, 0.001), 5000)]);
    expect(choiceOf(model, '95').flattered).toBe(true);
    expect(renderHtml(model)).toContain('the more settings a contender has, the more it is flattered');
  });
});

describe('the answer', () => {
  const two = [
    trial('a hnsw', 16, measure(0.97, 0.001), 5000),
    trial('b ivf', 16, measure(0.96, 0.001), 400),
  ];

  it('names winner, setting, speed, the others and who does not get there', () => {
    const model = report([
      ...two,
      trial('a hnsw', 8, measure(0.8), 9000),
      trial('c pq', 1, measure(0.5), 900),
    ]);
    expect(answer(model)).toBe(
      'At recall@10 ≥ 0.95 on debian-packages-20k, a hnsw ef=16 answers 5000 queries/s at p95 0.200 ms; then b ivf with 400; no setting of c pq reaches 0.95.',
    );
  });

  it('does not call a winner what the intervals cannot tell apart', () => {
    const model = report([trial('a hnsw', 16, measure(0.97), 1000), trial('b hnsw', 16, measure(0.97), 995)]);
    expect(answer(model)).toContain(
      'a hnsw answers 1000 queries/s at p95 1.00 ms, too close to tell from b hnsw',
    );
  });

  it('does not call close what is far apart and only has too few passes', () => {
    const wide = (value: number) => ({ value, low: value / 10, high: value * 10, n: 1000 });
    const [a, b] = (['a hnsw', 'b hnsw'] as const).map((name, i) => {
      const row = trial(name, 16, measure(0.97), 1000);
      return { ...row, measures: { ...row.measures, throughput: wide(i === 0 ? 3540 : 515) } };
    });
    expect(answer(report([a!, b!]))).toContain(', which so few passes cannot tell from b hnsw with 515');
  });

  it('names a second that cannot be told from the winner once, with its speed', () => {
    const tied = [trial('a hnsw', 16, measure(0.97), 1000), trial('b hnsw', 16, measure(0.97), 995)];
    const start =
      'At recall@10 ≥ 0.95 on debian-packages-20k, a hnsw answers 1000 queries/s at p95 1.00 ms, too close to tell from b hnsw with 995';
    expect(answer(report(tied))).toBe(`${start}.`);
    const third = trial('c ivf', 16, measure(0.97), 400);
    expect(answer(report([...tied, third]))).toBe(`${start}; then c ivf with 400.`);
  });

  it('leaves out what was not measured', () => {
    const model = report(two);
    delete model.results.trials[0]!.measures['latency.p95'];
    const again = report(model.results.trials);
    expect(answer(again)).toContain('a hnsw answers 5000 queries/s; then');
  });

  it('starts with the highest target that anything reaches', () => {
    const model = report([trial('a hnsw', 16, measure(0.93, 0.001), 5000)]);
    expect(model.defaultChoice).toBe('90');
    expect(answer(model, '99')).toBe(
      'No setting reaches recall@10 ≥ 0.99 on debian-packages-20k; the highest recall is 0.930, by a hnsw.',
    );
  });

  it('falls back to the most accurate setting where no target is reached', () => {
    const model = report([trial('a hnsw', 16, measure(0.5), 50), trial('b hnsw', 16, measure(0.4), 50)]);
    expect(model.defaultChoice).toBe('best');
    expect(answer(model)).toBe(
      'The highest recall@10 measured on debian-packages-20k is 0.500, by a hnsw at 50.0 queries/s.',
    );
  });

  it('does not crown the highest recall where the intervals overlap', () => {
    const model = report([
      trial('a hnsw', 16, measure(0.99, 0.002), 50),
      trial('b hnsw', 16, measure(0.991, 0.002), 50),
      trial('c flat', 16, measure(0.5), 50),
    ]);
    expect(answer(model, 'best')).toBe(
      'The highest recall@10 measured on debian-packages-20k is 0.9910, by b hnsw at 50.0 queries/s; too close to tell from a hnsw.',
    );
  });

  it('says so when nothing was measured', () => {
    const failed = { state: 'failed', error: 'crashed', measures: {} } as const;
    const model = report([trial('a hnsw', 16, measure(1), 1, failed)]);
    expect(answer(model)).toBe('Nothing was measured: no trial on debian-packages-20k completed.');
    expect(model.points).toEqual([]);
    expect(model.floor).toBeUndefined();
    expect(model.series[0]!.hypervolume).toBeUndefined();
  });

  it('stands beside a caution when the run is not complete', () => {
    const caution = (state: 'interrupted' | 'unfinished' | 'completed') =>
      report(two, ({ results, manifest }) => {
        results.run.state = state;
        manifest.plan.push({
          ...manifest.plan[0]!,
          id: 'x',
          trials: [{ id: 'never', search: {}, workload: SERIAL }],
        });
      }).cautions[0];
    expect(caution('interrupted')).toBe(
      'The run was interrupted: 2 of 3 planned trials measured. The answer speaks of these only.',
    );
    expect(caution('unfinished')).toBe(
      'The run did not finish (unfinished): 2 of 3 planned trials measured.',
    );
    expect(caution('completed')).toBe('1 of 3 planned trials did not run; see what went wrong.');
    const ended = (state: 'failed' | 'aborted') =>
      report(two, ({ results }) => {
        results.trials = results.trials.with(0, { ...results.trials[0]!, state });
      }).cautions[0];
    expect(ended('failed')).toBe('1 of 2 planned trials failed; see what went wrong.');
    expect(ended('aborted')).toBe('1 of 2 planned trials was aborted; see what went wrong.');
    const both = report(two, ({ results, manifest }) => {
      results.trials = results.trials.with(0, { ...results.trials[0]!, state: 'failed' });
      manifest.plan.push({
        ...manifest.plan[0]!,
        id: 'x',
        trials: [{ id: 'never', search: {}, workload: SERIAL }],
      });
    });
    expect(both.cautions[0]).toBe(
      '2 of 3 planned trials have no result: 1 failed, 1 did not run; see what went wrong.',
    );
    expect(report(two).cautions).toEqual([]);
  });
});

describe('recall', () => {
  it('is tie-aware for choice and fronts, whatever recall by id says', () => {
    const row = trial('a hnsw', 16, measure(0.99, 0.001), 5000);
    row.measures['recall@10'] = measure(0.5);
    const model = report([row]);
    expect(model.recallName).toBe('recall.ties@10');
    expect(chosen(model, '95', 'a hnsw')).toBe('a-hnsw-16');
    expect(answer(model)).not.toContain('0.5');
    expect(model.tieNote).toContain('4.10% of the queries');
  });

  it('is taken at depth 10 where that was measured, else at the largest', () => {
    const depth = (ks: number[]) =>
      report([], ({ results }) => {
        results.ks = ks;
      }).k;
    expect(depth([1, 10, 100])).toBe(10);
    expect(depth([1, 5])).toBe(5);
  });
});

describe('series', () => {
  it('have the Pareto front of their own settings and a hypervolume with the fixed reference', () => {
    // Vector 7 of the facts on measurement: the point (.91, 2500) is dominated; hypervolume 1948.
    const points = [
      [0.8, 5000],
      [0.9, 3000],
      [0.92, 2800],
      [0.91, 2500],
      [0.95, 2000],
      [0.99, 800],
    ] as const;
    const model = report(points.map(([recall, qps], i) => trial('a hnsw', i, measure(recall), qps)));
    const [series] = model.series;
    expect(series!.throughputFront).toEqual(['a-hnsw-5', 'a-hnsw-4', 'a-hnsw-2', 'a-hnsw-1', 'a-hnsw-0']);
    expect(series!.hypervolume).toBeCloseTo(1948, 6);
  });

  it('with the same label on two engines stay apart and say whose they are', () => {
    const model = report([
      trial('x', 1, measure(0.9), 1, { engine: 'a', series: 'hnsw' }),
      trial('y', 1, measure(0.9), 1, { engine: 'b', series: 'hnsw' }),
    ]);
    expect(model.series.map(({ label }) => label)).toEqual(['a hnsw', 'b hnsw']);
  });

  it('name settings by what varies, and in full', () => {
    const model = report([trial('a hnsw', 16, measure(0.9), 1), trial('a hnsw', 32, measure(0.95), 1)]);
    expect(model.points.map(({ setting }) => setting)).toEqual(['ef=16', 'ef=32']);
    expect(model.points[0]!.fullSetting).toBe('type=hnsw m=16 ef=16 k=10');
  });

  it('say what the engine made of a parameter that it changed', () => {
    const model = report([trial('a hnsw', 5, measure(0.9), 1, { effective: { ef: 10 } })]);
    expect(model.points[0]!.fullSetting).toBe(
      'type=hnsw m=16 ef=10 k=10 (asked for as ef=5, which the engine changed)',
    );
  });

  it('are one where the engine made one of them, and of another depth none', () => {
    const raised = { effective: { ef: 100 }, k: 100, depths: [10, 100] };
    const first = trial('a hnsw', 16, measure(0.96), 100, raised);
    const fastest = trial('a hnsw', 64, measure(0.96), 120, { ...raised, sameAs: first.id });
    const deeper = trial('a hnsw', 200, measure(0.99), 50, { k: 100 });
    const model = report([first, fastest, deeper]);
    expect(model.points.map(({ setting, fullSetting }) => [setting, fullSetting])).toEqual([
      ['k=100', 'type=hnsw m=16 ef=100 k=100 (asked for as ef=16 or ef=64, which the engine changed)'],
    ]);
    expect(richText(model.choices[1]!.answer)).toContain('a hnsw k=100 answers 100 queries/s');
  });

  it('leave other query groups out of charts and choices', () => {
    const model = report([
      trial('a hnsw', 16, measure(0.97), 1000),
      trial('a hnsw', 16, measure(0.1), 1, { id: 'other', group: 'negative' }),
    ]);
    expect(model.points.map(({ id }) => id)).toEqual(['a-hnsw-16']);
  });
});

describe('costs', () => {
  it('compare builds at the largest round rate that every series keeps', () => {
    const model = report([
      trial('a hnsw', 16, measure(0.9), 9000),
      trial('a hnsw', 64, measure(0.99), 210),
      trial('a hnsw', 128, measure(0.999), 190),
      trial('b ivf', 4, measure(0.8), 230),
    ]);
    expect(model.floor).toBe(200);
    expect(model.builds.map(({ id, atFloor }) => [id, atFloor?.id])).toEqual([
      ['a-hnsw', 'a-hnsw-64'],
      ['b-ivf', 'b-ivf-4'],
    ]);
  });

  it('are not decided by a speed that is doubtful, where there are others', () => {
    const model = report([
      trial('a hnsw', 16, measure(0.9), 9000, { flags: ['busy-machine'] }),
      trial('a hnsw', 64, measure(0.99), 210),
      trial('a hnsw', 128, measure(0.999), 220, { flags: ['busy-machine'] }),
      trial('b ivf', 4, measure(0.8), 330),
    ]);
    expect(model.floor).toBe(200);
    expect(model.builds.map(({ atFloor }) => atFloor?.id)).toEqual(['a-hnsw-64', 'b-ivf-4']);
  });

  it('list each build once with what its engine says', () => {
    const input = fixture();
    const model = buildReport(input);
    expect(model.builds.length).toBe(input.manifest.plan.length);
    expect(model.builds.find(({ id }) => id === 'lancedb-ivf-1')!.details).toEqual({ partitions: 64 });
  });
});

describe('what went wrong', () => {
  const model = buildReport(fixture({ troubled: true }));

  it('puts trials that one cause took together, with the last log lines apart', () => {
    const dead = model.problems.find(({ build }) => build === 'lancedb-ivf-pq-2')!;
    expect(dead).toMatchObject({
      state: 'failed',
      message: 'the process of the build crashed with signal SIGSEGV',
    });
    expect(dead.trials.length).toBe(6);
    expect(dead.log[0]).toBe('thread panicked at kmeans.rs:212');
  });

  it('counts every planned trial exactly once', () => {
    const { planned, completed, failed, skipped, aborted, missing } = model.counts;
    expect(completed + failed + skipped + aborted + missing).toBe(planned);
    expect([failed, skipped, aborted, missing]).toEqual([6, 5, 1, 0]);
  });

  it('explains flags, and admits the ones it does not know', () => {
    const meaning = Object.fromEntries(model.flags.map((flag) => [flag.name, flag.meaning]));
    expect(meaning['duplicate-hits']).toContain('the same id more than once');
    expect(Object.values(meaning)).toContain('A doubt that the run recorded; see docs/measures.md.');
  });
});
