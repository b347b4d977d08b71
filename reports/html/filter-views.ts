import { BANDS } from '../../harness/measures/groups.js';
import type { Measure } from '../../harness/store/schema.js';
import { definitionOf } from '../definitions.js';
import { formatCount } from '../format.js';
import type { Count, GroupRow } from '../model/filters.js';
import type { ReportModel } from '../model/types.js';
import { cell, figureText, heading, intervalText, seriesView, trialAnchor } from './cells.js';
import type { ChartView } from './chart-views.js';
import { renderChart } from './charts/chart.js';
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

const COUNTS = ['filter.violations', 'leaks', 'filter.underfill', 'filter.wrongEmpty', 'filter.wrongFilled'];

/** Section of filters and relevance; undefined where the run had neither. */
export function filterViews(model: ReportModel) {
  const { filters, relevance, recallName } = model;
  if (filters === undefined && relevance === undefined) return undefined;
  const measures = [recallName, 'latency.p95', ...COUNTS];
  return {
    title:
      filters === undefined ? 'Relevance' : relevance === undefined ? 'Filters' : 'Filters and relevance',
    sentences: filters === undefined ? [] : totalSentences(filters.totals),
    charts: filters === undefined || filters.bands.length === 0 ? [] : chartsOf(model, filters.bands),
    groups: filters && {
      headings: measures.map(heading),
      rows: filters.groups.map((row) => rowView(row, measures)),
    },
    relevance: relevance && {
      headings: [recallName, ...relevance.measures].map(heading),
      rows: relevance.rows.map((row) => rowView(row, [recallName, ...relevance.measures])),
    },
  };
}

function totalSentences({ violations, leaks }: NonNullable<ReportModel['filters']>['totals']) {
  const sentence = (count: Count | undefined, what: string, of: string) =>
    count === undefined
      ? []
      : [
          {
            text: `${formatCount(count.value)} ${what} in ${formatCount(count.n)} ${of}${where(count)}.`,
            bad: count.value > 0,
          },
        ];
  return [
    ...sentence(violations, 'violations', 'rows held against their filter'),
    ...sentence(leaks, 'leaks', 'rows returned to queries of a tenant'),
  ];
}

const where = ({ series }: Count): string => (series.length === 0 ? '' : ` (${series.join(', ')})`);

function rowView({ series, setting, trial }: GroupRow, measures: readonly string[]) {
  return {
    series: seriesView(series),
    setting: setting === '' ? 'one setting' : setting,
    anchor: trialAnchor(trial.id, trial.group),
    group: trial.group,
    reason: trial.state === 'completed' ? undefined : `${trial.state}: ${trial.error ?? trial.reason ?? ''}`,
    columns: measures.length,
    cells: measures.map((name) => {
      const measure = trial.measures[name];
      const figure = cell(name, measure);
      // A count says nothing without the number of observations that it was counted in.
      if (measure === undefined || definitionOf(name)?.unit !== 'count') return figure;
      return { ...figure, text: `${figure.text} of ${formatCount(measure.n)}` };
    }),
  };
}

type BandRow = NonNullable<ReportModel['filters']>['bands'][number];

function chartsOf(model: ReportModel, rows: readonly BandRow[]): ChartView[] {
  return [
    chart(model, rows, {
      id: 'chart-selectivity-recall',
      measure: model.recallName,
      title: 'Recall against selectivity',
      label: `recall@${model.k}`,
      better: 'higher',
    }),
    chart(model, rows, {
      id: 'chart-selectivity-p95',
      measure: 'latency.p95',
      title: 'p95 latency against selectivity',
      label: 'p95 latency, ms',
      better: 'lower',
    }),
  ];
}

interface Plan {
  id: string;
  measure: string;
  title: string;
  label: string;
  better: 'higher' | 'lower';
}

function chart(model: ReportModel, rows: readonly BandRow[], plan: Plan): ChartView {
  const { id, measure, title, label, better } = plan;
  const entries = rows.flatMap((row) => {
    const at = SHOWN.findIndex(({ band }) => band === row.band);
    const value = row.trial.measures[measure];
    return at < 0 || value === undefined ? [] : [{ row, at, value }];
  });
  const note =
    'By the share of points that pass the filter. Lines: each contender’s setting with the highest recall; its other settings are faded.';
  const table = {
    recall: 'Points that pass',
    value: label,
    rows: entries.map(({ row, at, value }) => ({
      series: seriesView(row.series),
      setting: row.setting,
      anchor: trialAnchor(row.trial.id, row.trial.group),
      recall: SHOWN[at]!.label,
      recallInterval: undefined,
      value: figureText(measure, value),
      valueInterval: intervalText(measure, value) === undefined ? undefined : '',
      front: row.shown,
    })),
  };
  if (entries.length === 0)
    return { id, title, note, svgs: [], empty: `No completed trial has a figure for ${measure}.`, table };
  const recalls = entries.flatMap(({ value }) => [
    value.value,
    value.low ?? value.value,
    value.high ?? value.value,
  ]);
  const scale = recallScale(recalls, 300);
  const isRecall = measure === model.recallName;
  const toAxis = (value: number): number => (isRecall ? scale.at(value) : value);
  const spec: ChartSpec = {
    id,
    title,
    description: `${title} of ${new Set(entries.map(({ row }) => row.series.key)).size} contenders in ${new Set(entries.map(({ at }) => at)).size} bands of selectivity. The figures are in the table below the chart.`,
    label,
    recallLabel: 'points that pass the filter',
    better,
    arrow: better === 'higher' ? 'better ↑' : 'better ↓',
    log: true,
    marks: entries.map(({ row, at, value }) => markOf(row, at, onAxis(value, toAxis), measure)),
    guides: [],
    x: {
      domain: [-0.3, SHOWN.length - 0.7],
      at: (position) => position,
      ticks: SHOWN.map((band, x) => ({ x, label: band.label })),
      gap: undefined,
    },
    ...(isRecall && { y: recallAxis(scale) }),
  };
  return { id, title, note, svgs: [renderChart(spec, LARGE), renderChart(spec, SMALL)], table };
}

function onAxis(measure: Measure, toAxis: (value: number) => number): Measure {
  const { value, low, high } = measure;
  return {
    ...measure,
    value: toAxis(value),
    low: low === null ? null : toAxis(low),
    high: high === null ? null : toAxis(high),
  };
}

function recallAxis({ domain, ticks }: ReturnType<typeof recallScale>): ValueScale {
  return { type: 'linear', domain, ticks: ticks.map(({ x, label }) => ({ value: x, label })) };
}

function markOf(
  { series, setting, trial, shown }: BandRow,
  at: number,
  value: Measure,
  measure: string,
): ChartMark {
  const figures = [measure, 'filter.underfill', 'filter.violations'].flatMap((name) => {
    const found = trial.measures[name];
    return found === undefined ? [] : [`${name} ${figureText(name, found)}`];
  });
  return {
    id: trial.id,
    group: trial.group,
    series,
    recall: { value: at, low: null, high: null, n: value.n },
    value,
    front: shown,
    tooltip: [
      `${series.label} (${series.engine})`,
      setting,
      `${trial.group}, ${formatCount(value.n)} observations`,
      ...figures,
    ]
      .filter((line) => line !== '')
      .join('\n'),
    chosen: [],
  };
}
