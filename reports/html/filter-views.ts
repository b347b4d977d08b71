import { definitionOf } from '../../harness/model/measures/catalogue.js';
import { formatCount } from '../format.js';
import type { Count, GroupRow } from '../model/filters.js';
import type { ReportModel } from '../model/types.js';
import { bandCharts } from './band-charts.js';
import { heading, rowCell, seriesView, trialAnchor } from './cells.js';
import { relevanceCharts } from './relevance-charts.js';

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
    charts: filters === undefined || filters.bands.length === 0 ? [] : bandCharts(model, filters.bands),
    groups: filters && tableView(filters.groups, measures),
    unmeasured: filters?.unmeasured.join(', '),
    relevance: relevance && {
      charts: relevanceCharts(model, relevance.rows),
      table: tableView(relevance.rows, [recallName, ...relevance.measures]),
    },
  };
}

function tableView(rows: readonly GroupRow[], measures: readonly string[]) {
  return {
    headings: measures.map(heading),
    /** A column that would say the same in every row is left out. */
    grouped: rows.some(({ trial }) => trial.group !== 'all'),
    rows: rows.map((row) => rowView(row, measures)),
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
    ...sentence(violations, 'violations', 'rows checked against their filter'),
    ...sentence(leaks, 'leaks', 'rows returned to queries of a tenant'),
  ];
}

const where = ({ series }: Count): string => (series.length === 0 ? '' : ` (${series.join(', ')})`);

function rowView({ series, setting, trial }: GroupRow, measures: readonly string[]) {
  return {
    series: seriesView(series),
    setting: setting === '' ? 'no parameters' : setting,
    anchor: trialAnchor(trial.id, trial.group),
    group: trial.group,
    reason: trial.state === 'completed' ? undefined : `${trial.state}: ${trial.error ?? trial.reason ?? ''}`,
    columns: measures.length,
    cells: measures.map((name) => {
      const measure = trial.measures[name];
      const figure = rowCell(name, trial);
      // A count says nothing without the number of observations that it was counted in.
      if (measure === undefined || definitionOf(name)?.unit !== 'count') return figure;
      return { ...figure, text: `${figure.text} of ${formatCount(measure.n)}`, bad: measure.value > 0 };
    }),
  };
}
