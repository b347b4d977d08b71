import { doubtSigns } from '../../harness/model/flags.js';
import { definitionOf } from '../../harness/model/measures/catalogue.js';
import { formatShare, plural } from '../format.js';
import type { GroupRow } from '../model/filters.js';
import { withEngine } from '../model/series.js';
import type { ReportModel } from '../model/types.js';
import { doubtOf, figureText, intervalText, seriesView, trialAnchor } from './cells.js';
import { type ChartView, picturesOf } from './chart-views.js';
import type { ChartSize, ChartSpec } from './charts/spec.js';

const LARGE: ChartSize = { name: 'wide', width: 680, height: 360, right: 118, font: 12, titles: true };
const SMALL: ChartSize = { name: 'narrow', width: 350, height: 320, right: 62, font: 11.5, titles: false };

/** nDCG and MRR against recall: whether finding the nearest vectors also finds what people judged relevant. */
export function relevanceCharts(model: ReportModel, all: readonly GroupRow[]): ChartView[] {
  const rows = all.filter(({ trial }) => trial.group === 'all' && trial.replica === undefined);
  return [`ndcg@${model.k}`, 'mrr'].map((measure) => chart(model, rows, measure));
}

function chart({ k, recallName }: ReportModel, rows: readonly GroupRow[], measure: string): ChartView {
  const name = definitionOf(measure)?.title ?? measure;
  const id = `chart-relevance-${measure.replace('@', '-')}`;
  const title = `${name} against recall`;
  const note =
    'Every setting, with 95% intervals; a line joins those of a contender. Where it is flat, recall buys no relevance.';
  const entries = rows.flatMap((row) => {
    const [recall, value] = [row.trial.measures[recallName], row.trial.measures[measure]];
    return recall === undefined || value === undefined ? [] : [{ ...row, recall, value }];
  });
  const table = {
    recall: `recall@${k}`,
    value: name,
    front: undefined,
    rows: entries.map(({ series, setting, trial, recall, value }) => ({
      series: seriesView(series),
      setting,
      anchor: trialAnchor(trial.id, trial.group),
      recall: formatShare(recall.value),
      recallInterval: intervalText(recallName, recall),
      recallDoubt: doubtOf(recallName, trial.flags),
      value: formatShare(value.value),
      valueInterval: intervalText(measure, value),
      valueDoubt: doubtOf(measure, trial.flags),
      front: true,
    })),
  };
  if (entries.length === 0)
    return { id, title, note, pictures: [], empty: `No completed trial has a figure for ${measure}.`, table };
  const contenders = new Set(entries.map(({ series }) => series.key)).size;
  const spec: ChartSpec = {
    id,
    title,
    description: `${title} of ${plural(entries.length, 'setting')} of ${plural(contenders, 'contender')}. The figures are in the table below the chart.`,
    label: name,
    recallLabel: `recall@${k}`,
    better: 'higher',
    log: false,
    marks: entries.map(({ series, setting, trial, recall, value }) => ({
      id: trial.id,
      group: trial.group,
      series,
      recall,
      value,
      front: true,
      signs: doubtSigns(trial.flags, measure),
      tooltip: [
        withEngine(series),
        setting,
        `${recallName} ${figureText(recallName, recall, trial.flags)}`,
        `${measure} ${figureText(measure, value, trial.flags)}`,
      ]
        .filter((line) => line !== '')
        .join('\n'),
      chosen: [],
    })),
    guides: [],
  };
  return { id, title, note, pictures: picturesOf(spec, [LARGE, SMALL]), table };
}
