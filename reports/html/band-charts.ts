import { BANDS } from '../../harness/measures/groups.js';
import { doubtSigns } from '../../harness/model/flags.js';
import type { Measure } from '../../harness/model/results.js';
import { formatCount, plural } from '../format.js';
import type { BandRow } from '../model/filters.js';
import { withEngine } from '../model/series.js';
import type { ReportModel } from '../model/types.js';
import { figureText, seriesView, trialAnchor } from './cells.js';
import { type ChartView, picturesOf } from './chart-views.js';
import { recallScale } from './charts/recall-scale.js';
import type { ChartMark, ChartSize, ChartSpec } from './charts/spec.js';
import type { ValueScale } from './charts/value-scale.js';

const LARGE: ChartSize = { name: 'wide', width: 680, height: 400, right: 118, font: 12, titles: true };
const SMALL: ChartSize = { name: 'narrow', width: 350, height: 340, right: 62, font: 11.5, titles: false };

/** Bands in which something can be found; what none matches has no recall. */
const SHOWN = BANDS.map(({ name }, band) => ({
  band,
  label: name.replace('selectivity', '').replace('<=', '≤ ').replace('>', '> '),
})).filter(({ label }) => label !== ' none');

/** Share of a band's width over which contenders stand beside each other: equal figures would hide each other. */
const SPREAD = 0.3;

interface Plan {
  id: string;
  measure: string;
  title: string;
  label: string;
  note: string;
  better: 'higher' | 'lower';
  /** The figure on the value axis; undefined: nothing to draw. */
  onAxis: (measure: Measure) => Measure | undefined;
  y: ValueScale | undefined;
  /** How the table under the chart prints it. */
  text: (measure: Measure, flags: readonly string[]) => string;
}

interface Entry {
  row: BandRow;
  /** Number of the band, and where the contender stands in it. */
  at: number;
  x: number;
  measure: Measure;
  value: Measure;
}

/** Recall, latency and under-fill against selectivity, by contender. */
export function bandCharts(model: ReportModel, rows: readonly BandRow[]): ChartView[] {
  const recalls = rows.flatMap(({ trial }) => {
    const found = trial.measures[model.recallName];
    return found === undefined ? [] : [found.value, found.low ?? found.value, found.high ?? found.value];
  });
  const scale = recallScale(recalls, 300);
  const ticks = scale.ticks.map(({ x, label }) => ({ value: x, label }));
  const plans: Plan[] = [
    {
      id: 'chart-selectivity-recall',
      measure: model.recallName,
      title: 'Recall against selectivity',
      label: `recall@${model.k}`,
      note: 'By the share of points that pass the filter. Lines: each contender’s setting with the highest recall over all queries; its other settings are faded.',
      better: 'higher',
      onAxis: (measure) => mapped(measure, scale.at),
      y: { type: 'linear', domain: scale.domain, ticks },
      text: (measure, flags) => figureText(model.recallName, measure, flags),
    },
    {
      id: 'chart-selectivity-p95',
      measure: 'latency.p95',
      title: 'p95 latency against selectivity',
      label: 'p95 latency, ms',
      note: 'The same settings: what a filter costs in time.',
      better: 'lower',
      onAxis: (measure) => measure,
      y: undefined,
      text: (measure, flags) => figureText('latency.p95', measure, flags),
    },
    {
      id: 'chart-selectivity-underfill',
      measure: 'filter.underfill',
      title: 'Under-fill against selectivity',
      label: 'under-filled answers',
      note: 'Share of the answers with fewer rows than min(k, points that pass): rows that a user waits for in vain.',
      better: 'lower',
      onAxis: shareOf,
      y: { type: 'linear', domain: [-0.02, 1.04], ticks: percents([0, 0.25, 0.5, 0.75, 1]) },
      text: ({ value, n }) => `${formatCount(value)} of ${formatCount(n)}`,
    },
  ];
  return plans.map((plan) => chart(rows, plan));
}

function percents(values: readonly number[]): ValueScale['ticks'] {
  return values.map((value) => ({ value, label: `${value * 100}%` }));
}

/** A count as its share of the observations. */
function shareOf({ value, n }: Measure): Measure | undefined {
  return n === 0 ? undefined : { value: value / n, low: null, high: null, n };
}

function mapped({ value, low, high, n }: Measure, to: (value: number) => number): Measure {
  return { value: to(value), low: low === null ? null : to(low), high: high === null ? null : to(high), n };
}

function chart(rows: readonly BandRow[], plan: Plan): ChartView {
  const { id, title, note } = plan;
  const entries = entriesOf(rows, plan);
  const table = {
    recall: 'Points that pass',
    value: plan.label,
    front: 'On its line',
    rows: entries.map(({ row, at, measure }) => ({
      series: seriesView(row.series),
      setting: row.setting,
      anchor: trialAnchor(row.trial.id, row.trial.group),
      recall: SHOWN[at]!.label,
      recallInterval: undefined,
      value: plan.text(measure, row.trial.flags),
      valueInterval: undefined,
      front: row.shown,
    })),
  };
  if (entries.length === 0)
    return {
      id,
      title,
      note,
      pictures: [],
      empty: `No completed trial has a figure for ${plan.measure}.`,
      table,
    };
  const spec = specOf(plan, entries);
  return { id, title, note, pictures: picturesOf(spec, [LARGE, SMALL]), table };
}

function entriesOf(rows: readonly BandRow[], { measure: name, onAxis }: Plan): Entry[] {
  const series = [...new Set(rows.map((row) => row.series.key))];
  const step = series.length < 2 ? 0 : SPREAD / (series.length - 1);
  return rows.flatMap((row) => {
    const at = SHOWN.findIndex(({ band }) => band === row.band);
    const measure = row.trial.measures[name];
    const value = measure && onAxis(measure);
    if (at < 0 || measure === undefined || value === undefined) return [];
    const x = at + (series.length < 2 ? 0 : series.indexOf(row.series.key) * step - SPREAD / 2);
    return [{ row, at, x, measure, value }];
  });
}

function specOf({ id, title, label, better, y, measure }: Plan, entries: readonly Entry[]): ChartSpec {
  const contenders = new Set(entries.map(({ row }) => row.series.key)).size;
  const bands = new Set(entries.map(({ at }) => at)).size;
  return {
    id,
    title,
    description: `${title} of ${plural(contenders, 'contender')} in ${plural(bands, 'band')} of selectivity. The figures are in the table below the chart.`,
    label,
    recallLabel: 'points that pass the filter',
    better,
    arrow: better === 'higher' ? 'better ↑' : 'better ↓',
    log: true,
    marks: entries.map((entry) => markOf(entry, measure)),
    guides: [],
    x: {
      domain: [-0.35, SHOWN.length - 0.65],
      at: (position) => position,
      ticks: SHOWN.map((band, x) => ({ x, label: band.label })),
      gap: undefined,
    },
    ...(y && { y }),
  };
}

function markOf({ row: { series, setting, trial, shown }, x, value }: Entry, measure: string): ChartMark {
  const names = Object.keys(trial.measures).filter(
    (name) =>
      name.startsWith('recall.ties@') ||
      ['latency.p95', 'filter.underfill', 'filter.violations'].includes(name),
  );
  const figures = names.map((name) => {
    const found = trial.measures[name]!;
    const of = name.startsWith('filter.') ? ` of ${formatCount(found.n)}` : '';
    return `${name} ${figureText(name, found, trial.flags)}${of}`;
  });
  return {
    id: trial.id,
    group: trial.group,
    series,
    recall: { value: x, low: null, high: null, n: value.n },
    value,
    front: shown,
    signs: doubtSigns(trial.flags, measure),
    tooltip: [withEngine(series), setting, trial.group, ...figures].filter((line) => line !== '').join('\n'),
    chosen: [],
  };
}
