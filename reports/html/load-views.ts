import { doubtSigns } from '../../harness/model/flags.js';
import { definitionOf } from '../../harness/model/measures/catalogue.js';
import type { Measure, TrialRow } from '../../harness/model/results.js';
import { formatMeasure, formatNumber, formatRate, formatShare, listed, plural } from '../format.js';
import { type LoadedSetting, type LoadLimits, mostAnswered, type Sustained } from '../model/load.js';
import { withEngine } from '../model/series.js';
import type { ReportModel } from '../model/types.js';
import { doubtOf, figureText, intervalText, seriesView, trialAnchor } from './cells.js';
import { type ChartView, picturesOf } from './chart-views.js';
import type { RecallScale } from './charts/recall-scale.js';
import type { ChartMark, ChartSize, ChartSpec, FloorLine } from './charts/spec.js';
import { type ValueScale, valueScale } from './charts/value-scale.js';
import { courseCharts, errorRows } from './load-courses.js';
import { floorsOf } from './load-floors.js';

const LARGE: ChartSize = { name: 'wide', width: 680, height: 400, right: 118, font: 12, titles: true };
const SMALL: ChartSize = { name: 'narrow', width: 350, height: 340, right: 62, font: 11.5, titles: false };

/** Measures that tooltips name where a trial has them. */
const TOLD = ['throughput', 'latency.p50', 'latency.p99', 'load.inFlight', 'load.queued', 'errors'];

interface Plan {
  id: string;
  measure: string;
  title: string;
  label: string;
  /** Name of what stands on the x axis. */
  of: string;
  note: string;
  better: 'higher' | 'lower';
  /** The measure of what an echo reached under the same load. */
  floor: string;
  limit?: { value: number; label: string };
}

interface Entry {
  row: LoadedSetting;
  at: number;
  trial: TrialRow;
  value: Measure;
}

/** Section of loads; undefined where the run had none. */
export function loadViews(model: ReportModel) {
  const { load, recallName } = model;
  if (load === undefined) return undefined;
  const { limits, settings } = load;
  const rated = entriesOf(settings, 'latency.p99', ({ rates }) =>
    rates.map((each) => ({ ...each, at: each.rate })),
  );
  const clients = entriesOf(settings, 'throughput', (row) =>
    row.clients.map((each) => ({ ...each, at: each.clients })),
  );
  return {
    sentences: settings
      .filter(({ shown, rates }) => shown && rates.length > 0)
      .map((each) => sentence(each, limits)),
    charts: [
      ...(rated.length === 0 ? [] : [latencyChart(rated, recallName, limits)]),
      ...(clients.length === 0 ? [] : [clientsChart(clients, recallName)]),
      ...courseCharts(load),
    ],
    limits: limits.all.map((limit) => `p99 ≤ ${limit} ms`),
    rows: settings.map((row) => tableRow(row, recallName)),
    errors: errorRows(load),
  };
}

const latencyChart = (entries: readonly Entry[], recallName: string, { main }: LoadLimits): ChartView =>
  chart(
    {
      id: 'chart-load-latency',
      measure: 'latency.p99',
      title: 'p99 latency against offered rate',
      label: 'p99 latency, ms',
      of: 'queries due per second',
      note: `Open loop: latency counts from when a query was due. Ringed: the highest rate up to which p99 stays within ${main} ms, every rate was reached and no query failed. ${SHOWN}`,
      better: 'lower',
      floor: 'client.floor.p99',
      limit: { value: main, label: `${main} ms` },
    },
    entries,
    recallName,
  );

const clientsChart = (entries: readonly Entry[], recallName: string): ChartView =>
  chart(
    {
      id: 'chart-load-clients',
      measure: 'throughput',
      title: 'Throughput against clients',
      label: 'queries/s',
      of: 'clients',
      note: `Closed loop: each client sends its next query when the previous one was answered. ${SHOWN}`,
      better: 'higher',
      floor: 'client.floor.throughput',
    },
    entries,
    recallName,
  );

const SHOWN =
  'Lines: each contender’s setting with the lowest recall from 0.95 on, else its highest; others are faded. Intervals that leave the picture are not drawn; the table has them.';

function entriesOf(
  load: readonly LoadedSetting[],
  measure: string,
  points: (row: LoadedSetting) => readonly { at: number; trial: TrialRow }[],
): Entry[] {
  return load.flatMap((row) =>
    points(row).flatMap(({ at, trial }) => {
      const value = trial.measures[measure];
      return value === undefined ? [] : [{ row, at, trial, value }];
    }),
  );
}

/** "keeps p99 under 50 ms up to 400 queries/s": the knee, in words. */
function sentence(
  { series, setting, sustained, rates }: LoadedSetting,
  { all }: LoadLimits,
): { text: string } {
  const parts = sustained.flatMap((found, i) => {
    // A wider limit that is kept no further says nothing more.
    const before = sustained[i - 1];
    if ('rate' in found && before !== undefined && 'rate' in before && before.rate === found.rate) return [];
    const limit = `${all[i]} ms`;
    if (found.state === 'beyond')
      return [`under ${limit} at every rate measured, up to ${rateText(found.rate)}`];
    return found.state === 'up-to' ? [`under ${limit} up to ${rateText(found.rate)}`] : [];
  });
  const who = setting === '' ? series.label : `${series.label} (${setting})`;
  if (parts.length === 0)
    return {
      text: `${who} does not keep p99 under ${all.at(-1)} ms at ${rateText(rates[0]!.rate)}, the lowest rate measured.`,
    };
  return { text: `${who} keeps p99 ${listed(parts)}.` };
}

const rateText = (rate: number): string => `${formatRate(rate)} queries/s`;

function tableRow(row: LoadedSetting, recallName: string) {
  const { series, setting, sustained, clients, rates } = row;
  const best = mostAnswered(clients);
  const recalls = [...rates, ...clients].flatMap(({ trial }) => trial.measures[recallName]?.value ?? []);
  const [low, high] = [Math.min(...recalls), Math.max(...recalls)];
  const anchor = trialAnchor((rates[0] ?? clients[0])?.trial.id ?? '');
  return {
    series: seriesView(series),
    setting: setting === '' ? row.fullSetting : setting,
    anchor,
    recall:
      recalls.length === 0
        ? '–'
        : formatShare(low) === formatShare(high)
          ? formatShare(low)
          : `${formatShare(low)}–${formatShare(high)}`,
    sustained: sustained.map(sustainedText),
    best:
      best === undefined
        ? { text: '–' }
        : {
            text: `${formatNumber(best.trial.measures['throughput']!.value)}${doubtSigns(best.trial.flags, 'throughput')}`,
            with: plural(best.clients, 'client'),
          },
  };
}

function sustainedText(found: Sustained): string {
  if (found.state === 'unmeasured') return '–';
  if (found.state === 'none') return 'none';
  const signs = doubtSigns(found.trial.flags, 'latency.p99');
  return `${found.state === 'beyond' ? '≥ ' : ''}${formatRate(found.rate)}${signs}`;
}

function chart(plan: Plan, entries: readonly Entry[], recallName: string): ChartView {
  const { id, title, note, label, measure } = plan;
  const values = entries.map(({ value }) => value.value);
  const floors = floorsOf(
    entries.map((each) => ({ ...each, measure: plan.floor })),
    values,
  );
  return {
    id,
    title,
    note: [note, floors.note].filter((each) => each !== '').join(' '),
    pictures: picturesOf(specOf(plan, entries, floors.lines, recallName), [LARGE, SMALL]),
    table: {
      recall: plan.of,
      value: label,
      front: 'On its line',
      rows: entries.map(({ row, at, trial, value }) => ({
        series: seriesView(row.series),
        setting: row.setting,
        anchor: trialAnchor(trial.id),
        recall: formatRate(at),
        recallInterval: undefined,
        value: formatMeasure(value.value, definitionOf(measure)?.unit ?? 'ratio'),
        valueDoubt: doubtOf(measure, trial.flags),
        valueInterval: intervalText(measure, value),
        front: row.shown,
      })),
    },
  };
}

function specOf(
  { id, title, label, of, better, measure, limit }: Plan,
  entries: readonly Entry[],
  floors: readonly FloorLine[],
  recallName: string,
): ChartSpec {
  const contenders = new Set(entries.map(({ row }) => row.series.key)).size;
  const x = logScale(entries.map(({ at }) => at));
  // Of two passes an interval can span many powers of ten, beside which no curve would be seen.
  const y = valueScale(
    [
      ...entries.map(({ value }) => value.value),
      ...floors.flatMap(({ points }) => points.map(({ y: at }) => at)),
    ],
    true,
  );
  return {
    id,
    title,
    description: `${title} of ${plural(contenders, 'contender')}. The figures are in the table below the chart.`,
    label,
    recallLabel: of,
    better,
    arrow: better === 'higher' ? 'better ↑' : 'better ↓',
    log: true,
    marks: entries.map((entry) => markOf(entry, { x, y }, measure, recallName)),
    guides: [],
    limit,
    floors: floors.map(({ points, ...rest }) => ({
      ...rest,
      points: points.map((point) => ({ ...point, x: Math.log10(point.x) })),
    })),
    x,
    y,
  };
}

/** The values that were measured are the ticks, as far as there is room. */
function logScale(values: readonly number[]): RecallScale {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  const [low, high] = [Math.log10(distinct[0]!), Math.log10(distinct.at(-1)!)];
  const pad = Math.max(0.04, (high - low) * 0.06);
  const apart = (high - low) / 9;
  const ticks: { x: number; label: string }[] = [];
  for (const value of distinct) {
    const at = Math.log10(value);
    if (ticks.length === 0 || at - ticks.at(-1)!.x >= apart) ticks.push({ x: at, label: formatRate(value) });
  }
  return { domain: [low - pad, high + pad], at: (value) => value, ticks, gap: undefined };
}

interface Axes {
  x: RecallScale;
  y: ValueScale;
}

function within({ low, high, ...rest }: Measure, [least, most]: ValueScale['domain']): Measure {
  const fits = low !== null && high !== null && low >= least && high <= most;
  return { ...rest, low: fits ? low : null, high: fits ? high : null };
}

function markOf(
  { row, at, trial, value }: Entry,
  { x, y }: Axes,
  measure: string,
  recallName: string,
): ChartMark {
  const { series, setting, shown } = row;
  const told = [recallName, ...TOLD].flatMap((name) => {
    const found = trial.measures[name];
    return found === undefined ? [] : [`${name} ${figureText(name, found, trial.flags)}`];
  });
  return {
    id: trial.id,
    series,
    recall: { value: x.at(Math.log10(at)), low: null, high: null, n: value.n },
    value: within(value, y.domain),
    front: shown,
    signs: doubtSigns(trial.flags, measure),
    knee: shown && measure === 'latency.p99' && 'trial' in row.knee && row.knee.trial.id === trial.id,
    tooltip: [withEngine(series), setting, ...told].filter((line) => line !== '').join('\n'),
    chosen: [],
  };
}
