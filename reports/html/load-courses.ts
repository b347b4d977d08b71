import { LOAD_ERROR_KINDS } from '../../harness/model/load-errors.js';
import { definitionOf } from '../../harness/model/measures/catalogue.js';
import type { LoadCourse, TrialRow } from '../../harness/model/results.js';
import { workloadOf } from '../../harness/model/workload.js';
import { formatCount, formatNumber, formatPercent, formatRate, plural } from '../format.js';
import { type LoadedSetting, type LoadModel, typicalTrial } from '../model/load.js';
import { withEngine } from '../model/series.js';
import { seriesView, trialAnchor } from './cells.js';
import type { ChartView } from './chart-views.js';
import { type Curve, type CurvesSize, type CurvesSpec, renderCurves } from './charts/curves.js';
import { valueScale } from './charts/value-scale.js';
import { type Floors, floorsOf } from './load-floors.js';

const LARGE: CurvesSize = { name: 'wide', width: 680, height: 380, right: 164, font: 12 };
const SMALL: CurvesSize = { name: 'narrow', width: 350, height: 320, right: 0, font: 11.5 };

/** Of the slices of all trials, from which on their percentile is told: else few have as many answers as it needs. */
const ENOUGH = 0.8;

interface Typical {
  row: LoadedSetting;
  trial: TrialRow;
  load: LoadCourse;
  /** `400 queries/s`, `8 clients`. */
  at: string;
}

/** Latency over time and by percentile, of one load of each contender. */
export function courseCharts(load: LoadModel): ChartView[] {
  const all = load.settings.filter(({ shown }) => shown).flatMap(typicalOf);
  if (all.length === 0) return [];
  return [overTime(all, load), byPercentile(all, load)];
}

function typicalOf(row: LoadedSetting): Typical[] {
  const trial = typicalTrial(row);
  if (trial?.load === undefined) return [];
  const { options } = workloadOf(trial);
  const at =
    'rate' in options
      ? `${formatRate(Number(options['rate']))} queries/s`
      : plural(Number(options['clients']), 'client');
  return [{ row, trial, load: trial.load, at }];
}

const whichLoad = ({ limits: { main } }: LoadModel): string =>
  `Each contender at the highest rate that it keeps within ${main} ms (p99), else at the lowest that was measured; without rates, with the clients that it answered most with.`;

function overTime(all: readonly Typical[], load: LoadModel): ChartView {
  const slices = all.flatMap((each) => each.load.slices).filter(({ answered }) => answered > 0);
  const known = slices.filter(({ p99 }) => p99 !== null).length >= ENOUGH * slices.length;
  const value = ({ p99, max }: LoadCourse['slices'][number]) => (known ? p99 : max);
  const seconds = [...new Set(all.map((each) => each.load.sliceSeconds))].sort((a, b) => a - b);
  const each = seconds.map((length) => `${length} s`).join(' or ');
  const what = known ? 'p99 latency' : 'slowest answer';
  const curves = all.map((one): Curve => {
    const passes = [...new Set(one.load.slices.map(({ pass }) => pass))];
    return {
      ...nameOf(one),
      parts: passes.flatMap((number) =>
        unbroken(
          one.load.slices.filter(({ pass }) => pass === number),
          (slice) => {
            const y = value(slice);
            return y === null ? undefined : { x: slice.seconds + one.load.sliceSeconds / 2, y };
          },
        ),
      ),
    };
  });
  const last = Math.max(
    ...all.flatMap((one) => one.load.slices.map((slice) => slice.seconds + one.load.sliceSeconds)),
  );
  const floors = known ? floorOver(all, curves, ['client.floor.p99'], () => [0, last]) : NO_FLOORS;
  return view(
    {
      id: 'chart-load-time',
      title: 'Latency over time',
      description: `${what} of the queries due in each ${each}, of ${all.map(({ row }) => row.series.label).join(', ')}.`,
      label: `${what}, ms`,
      xLabel: 'seconds since the pass began, one line a pass',
      x: { domain: [0, last], ticks: secondTicks(last) },
      y: valueScale([...pointsOf(curves), ...valuesOf(floors)], true),
      curves,
      floors: floors.lines,
      limit: { value: load.limits.main, label: `${load.limits.main} ms` },
    },
    `${what.replace(/^./, (letter) => letter.toUpperCase())} of the queries that were due in each ${each}: a stall is a peak, and is not averaged away. ${whichLoad(load)} ${floors.note}`.trim(),
    {
      recall: 'Load',
      value: `Highest ${what}, ms`,
      rows: all.map((one) => {
        const worst = Math.max(...one.load.slices.flatMap((slice) => value(slice) ?? []));
        const where = one.load.slices.find((slice) => value(slice) === worst);
        const text =
          where === undefined
            ? '–'
            : `${formatNumber(worst)} (at ${where.seconds} s of pass ${where.pass + 1})`;
        return [one, one.at, text] as const;
      }),
    },
  );
}

/** Points of a line, cut where there is none. */
function unbroken<T>(
  slices: readonly T[],
  of: (slice: T) => { x: number; y: number } | undefined,
): { x: number; y: number }[][] {
  const parts: { x: number; y: number }[][] = [[]];
  for (const slice of slices) {
    const point = of(slice);
    if (point !== undefined) parts.at(-1)!.push(point);
    else if (parts.at(-1)!.length > 0) parts.push([]);
  }
  return parts.filter((points) => points.length > 0);
}

/** Nines: 0 at the fastest, 1 at 90%, 2 at 99%. */
const ninesOf = (share: number): number => -Math.log10(1 - share);

function byPercentile(all: readonly Typical[], load: LoadModel): ChartView {
  const curves = all.map((one): Curve => {
    const inner = one.load.percentiles.slice(0, -1).map(({ share, ms }) => ({ x: ninesOf(share), y: ms }));
    const slowest = one.load.percentiles.at(-1);
    // Ten queries lie beyond the last one before it: the slowest of them is one nine further.
    const end = slowest && { x: (inner.at(-1)?.x ?? 0) + 1, y: slowest.ms };
    return { ...nameOf(one), parts: [end === undefined ? inner : [...inner, end]] };
  });
  const floors = floorOver(all, curves, ['client.floor.p50', 'client.floor.p99'], (measure) => [
    ninesOf(measure.endsWith('p50') ? 0.5 : 0.99),
  ]);
  const last = Math.max(1, ...curves.flatMap(({ parts }) => parts.flat().map(({ x }) => x)));
  const nines = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999].filter((share) => ninesOf(share) <= last);
  return view(
    {
      id: 'chart-load-percentiles',
      title: 'Latency by percentile',
      description: `Latency against the share of answers that came no later, of ${all.map(({ row }) => row.series.label).join(', ')}.`,
      label: 'latency, ms',
      xLabel: 'answers that came no later',
      x: {
        domain: [0, last],
        ticks: nines.map((share) => ({ x: ninesOf(share), label: `${Number((100 * share).toFixed(4))}%` })),
      },
      y: valueScale([...pointsOf(curves), ...valuesOf(floors)], true),
      curves,
      floors: floors.lines.map(({ points, ...rest }) => ({
        ...rest,
        points: points.filter(({ x }) => x <= last),
      })),
      limit: { value: load.limits.main, label: `${load.limits.main} ms` },
    },
    `Each further nine takes as much room as the one before; the last point is the slowest answer. From all answers of all passes. ${whichLoad(load)} ${floors.note}`.trim(),
    {
      recall: 'Load',
      value: '50% / 90% / 99% / slowest, ms',
      rows: all.map((one) => {
        const { percentiles } = one.load;
        const at = (share: number) => percentiles.find((each) => Math.abs(each.share - share) < 0.006)?.ms;
        const figures = [
          at(0.5),
          at(0.9),
          percentiles.find(({ share }) => share === 0.99)?.ms,
          percentiles.at(-1)?.ms,
        ];
        return [
          one,
          one.at,
          figures.map((ms) => (ms === undefined ? '–' : formatNumber(ms))).join(' / '),
        ] as const;
      }),
    },
  );
}

const NO_FLOORS: Floors = { lines: [], note: '' };

/** @param places of a measure on the x axis */
function floorOver(
  all: readonly Typical[],
  curves: readonly Curve[],
  measures: readonly string[],
  places: (measure: string) => readonly number[],
): Floors {
  const own = measures.flatMap((measure) =>
    all.flatMap(({ trial }) => places(measure).map((at) => ({ at, trial, measure }))),
  );
  return floorsOf(own, pointsOf(curves));
}

const valuesOf = ({ lines }: Floors): number[] => lines.flatMap(({ points }) => points.map(({ y }) => y));

const pointsOf = (curves: readonly Curve[]): number[] =>
  curves.flatMap(({ parts }) => parts.flat().map(({ y }) => y));

function nameOf({
  row: { series, setting },
  at,
}: Typical): Pick<Curve, 'series' | 'label' | 'note' | 'tooltip'> {
  return {
    series,
    label: series.label,
    note: at,
    tooltip: [withEngine(series), setting, at].filter((line) => line !== '').join('\n'),
  };
}

/** Round seconds, about six of them. */
function secondTicks(last: number): { x: number; label: string }[] {
  const rough = last / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough)!;
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => {
    const x = Number((i * step).toPrecision(6));
    return { x, label: formatTime(x) };
  });
}

const formatTime = (seconds: number): string =>
  Number.isInteger(seconds) ? String(seconds) : seconds.toFixed(1);

function view(
  spec: CurvesSpec,
  note: string,
  table: { recall: string; value: string; rows: readonly (readonly [Typical, string, string])[] },
): ChartView {
  return {
    id: spec.id,
    title: spec.title,
    note,
    pictures: [LARGE, SMALL].map((size) => {
      const { svg, key } = renderCurves(spec, size);
      return { size: size.name, svg, key: key.map(seriesView) };
    }),
    table: {
      recall: table.recall,
      value: table.value,
      front: undefined,
      rows: table.rows.map(([{ row, trial }, recall, value]) => ({
        series: seriesView(row.series),
        setting: row.setting,
        anchor: trialAnchor(trial.id),
        recall,
        recallInterval: undefined,
        value,
        valueInterval: undefined,
        front: true,
      })),
    },
  };
}

/** Loads in which queries failed, by kind of error; `heads` are those that occurred. Undefined: none failed. */
export function errorRows({ settings }: LoadModel) {
  const trials = settings.flatMap((row) => row.trials.map((trial) => ({ row, trial })));
  const failed = trials.filter(({ trial }) => (trial.measures['errors']?.value ?? 0) > 0);
  if (failed.length === 0) return undefined;
  const kinds = LOAD_ERROR_KINDS.filter((kind) =>
    failed.some(({ trial }) => (trial.measures[`errors.${kind}`]?.value ?? 0) > 0),
  );
  return {
    heads: kinds.map((kind) => definitionOf(`errors.${kind}`)?.head[1] ?? kind),
    rows: failed.map(({ row: { series }, trial }) => {
      const { value, n } = trial.measures['errors']!;
      return {
        series: seriesView(series),
        anchor: trialAnchor(trial.id),
        load: loadText(trial),
        sent: formatCount(n),
        share: formatPercent(value / n),
        counts: kinds.map((kind) => formatCount(trial.measures[`errors.${kind}`]?.value ?? 0)),
      };
    }),
  };
}

function loadText(trial: TrialRow): string {
  const { type, options } = workloadOf(trial);
  if (type === 'constant-rate') return `${formatRate(Number(options['rate']))} queries/s`;
  return type === 'constant-clients' ? plural(Number(options['clients']), 'client') : type;
}
