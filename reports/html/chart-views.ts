import { doubtSigns } from '../../harness/model/flags.js';
import type { Measure } from '../../harness/model/results.js';
import { SERIAL } from '../../harness/model/workload.js';
import { formatCount, formatNumber, formatShare, plural } from '../format.js';
import { machineText } from '../model/answer.js';
import { withEngine } from '../model/series.js';
import type { BuildModel, Point, ReportModel } from '../model/types.js';
import { type Doubt, doubtOf, figureText, intervalText, seriesView, trialAnchor } from './cells.js';
import { renderChart } from './charts/chart.js';
import type { ChartMark, ChartSize, ChartSpec } from './charts/spec.js';

const LARGE: ChartSize = { name: 'wide', width: 680, height: 430, right: 118, font: 12, titles: true };
const MEDIUM: ChartSize = { name: 'wide', width: 450, height: 340, right: 78, font: 11.5, titles: true };
const SMALL: ChartSize = { name: 'narrow', width: 350, height: 360, right: 62, font: 11.5, titles: false };

export interface ChartView {
  id: string;
  title: string;
  note: string;
  pictures: readonly PictureView[];
  /** Set instead of the picture where there is nothing to draw. */
  empty?: string;
  table: ChartTable;
}

interface PictureView {
  size: string;
  svg: string;
  key: readonly ReturnType<typeof seriesView>[];
}

/** The sizes of a chart; the page shows the one that suits its width. */
export const picturesOf = (spec: ChartSpec, sizes: readonly ChartSize[]): PictureView[] =>
  sizes.map((size) => {
    const { key, ...picture } = renderChart(spec, size);
    return { ...picture, key: key.map(seriesView) };
  });

interface ChartTable {
  recall: string;
  value: string;
  /** Head of the column that says which settings the chart's lines join; undefined: there is no such column. */
  front: string | undefined;
  rows: readonly {
    series: ReturnType<typeof seriesView>;
    setting: string;
    anchor: string;
    recall: string;
    recallInterval: string | undefined;
    recallDoubt?: Doubt | undefined;
    value: string;
    valueInterval: string | undefined;
    valueDoubt?: Doubt | undefined;
    front: boolean;
  }[];
}

interface ChartPlan {
  id: string;
  measure: string;
  title: string;
  label: string;
  better: 'higher' | 'lower';
  note: string;
  log: boolean;
  /** Factor from the measure's unit to the axis's. */
  scale: number;
  size: ChartSize;
}

interface Entry {
  point: Point;
  value: Measure;
  /** Of the trial or build that the value is of. */
  flags: readonly string[];
  front: boolean;
  setting: string;
}

/** Recall against throughput and against p95: every measured setting is a mark. */
export function frontierViews(model: ReportModel): ChartView[] {
  const fronts = {
    throughput: new Set(model.series.flatMap(({ throughputFront }) => throughputFront)),
    'latency.p95': new Set(model.series.flatMap(({ latencyFront }) => latencyFront)),
  };
  // The compared points are of one workload.
  const workload = model.points[0]?.workload ?? SERIAL.type;
  const serial = workload === SERIAL.type;
  const plans: (ChartPlan & { measure: keyof typeof fronts })[] = [
    {
      id: 'chart-throughput',
      measure: 'throughput',
      title: `Recall against throughput`,
      label: 'queries/s',
      better: 'higher',
      note: serial
        ? 'One client that sends the next query when the previous one was answered.'
        : `Workload: ${workload}.`,
      log: true,
      scale: 1,
      size: LARGE,
    },
    {
      id: 'chart-p95',
      measure: 'latency.p95',
      title: `Recall against p95 latency`,
      label: 'p95 latency, ms',
      better: 'lower',
      note: serial
        ? 'The same client: the latency of an engine that is not under load.'
        : `Workload: ${workload}; latency counts from the moment a query was due.`,
      log: true,
      scale: 1,
      size: LARGE,
    },
  ];
  // At a rate all have the same throughput: it is no axis.
  const drawn = plans.filter(({ measure }) => measure !== 'throughput' || model.speed.measure === measure);
  return machinePlans(model, drawn).map(({ machine, ...plan }) => {
    const entries = model.points.flatMap((point): Entry[] => {
      if (machine !== undefined && point.series.machine !== machine) return [];
      const value = point.measures[plan.measure];
      const front = fronts[plan.measure].has(point.id);
      const { setting, flags } = point;
      return value === undefined ? [] : [{ point, value, front, setting, flags }];
    });
    return view(model, plan, entries);
  });
}

/** A chart of times for each machine: on one, they would be compared. */
function machinePlans<T extends ChartPlan>({ results }: ReportModel, plans: readonly T[]) {
  const { machines } = results;
  if (machines === undefined) return plans.map((plan) => ({ ...plan, machine: undefined }));
  return machines.flatMap((_, i) =>
    plans.map((plan) => ({
      ...plan,
      machine: i + 1,
      id: `${plan.id}-${i + 1}`,
      title: `${plan.title}, machine ${i + 1}`,
      note: `${machineText(machines, i + 1)}. ${plan.note}`,
    })),
  );
}

/** What a build costs against the best recall it gives at the floor of throughput. */
export function costViews(model: ReportModel): ChartView[] {
  if (model.floor === undefined) return [];
  const plans: ChartPlan[] = [
    costPlan('build', 'build.seconds', 'Build time', 'seconds', true, 1),
    costPlan('memory', 'memory.peak', 'Memory of the build', 'MiB', false, 2 ** -20),
    costPlan('size', 'index.size', 'Index size', 'MiB', false, 2 ** -20),
  ];
  return plans.map((plan) => view(model, plan, costEntries(model.builds, plan.measure)));
}

function costPlan(
  id: string,
  measure: string,
  title: string,
  label: string,
  log: boolean,
  scale: number,
): ChartPlan {
  const note = {
    build: 'Load and index together.',
    memory:
      'Until the index is finished, above what was there before: of the process, or of a server’s container.',
    size: 'On disk, as the engine ships it.',
  };
  return {
    id: `chart-${id}`,
    measure,
    title,
    label,
    better: 'lower',
    note: note[id as keyof typeof note],
    log,
    scale,
    size: MEDIUM,
  };
}

function costEntries(builds: readonly BuildModel[], measure: string): Entry[] {
  const entries = builds.flatMap(({ atFloor, measures, setting, flags }): Entry[] => {
    const value = measures[measure];
    return atFloor === undefined || value === undefined
      ? []
      : [{ point: atFloor, value, front: false, setting, flags }];
  });
  return entries.map((entry) => ({ ...entry, front: !entries.some((other) => beats(other, entry)) }));
}

/** True if `a` is a build of the same series, no worse in both respects and better in one. */
function beats(a: Entry, b: Entry): boolean {
  if (a.point.series.key !== b.point.series.key) return false;
  const [ar, br, av, bv] = [a.point.recall.value, b.point.recall.value, a.value.value, b.value.value];
  return ar >= br && av <= bv && (ar > br || av < bv);
}

function view(model: ReportModel, plan: ChartPlan, entries: readonly Entry[]): ChartView {
  const table = tableOf(model, plan, entries);
  const base = { id: plan.id, title: plan.title, note: plan.note, table };
  if (entries.length === 0)
    return { ...base, pictures: [], empty: `No completed trial has a figure for ${plan.measure}.` };
  const spec = specOf(model, plan, entries);
  return { ...base, pictures: picturesOf(spec, [plan.size, SMALL]) };
}

function specOf(model: ReportModel, plan: ChartPlan, entries: readonly Entry[]): ChartSpec {
  return {
    id: plan.id,
    title: plan.title,
    description: describe(model, plan, entries),
    label: plan.label,
    recallLabel: `recall@${model.k}`,
    better: plan.better,
    log: plan.log,
    marks: entries.map((entry) => markOf(model, plan, entry)),
    guides: model.choices.flatMap(({ target, key }) =>
      target === undefined ? [] : [{ recall: target, className: `t-${key}` }],
    ),
  };
}

function markOf(
  model: ReportModel,
  { measure, scale }: ChartPlan,
  { point, value, front, flags }: Entry,
): ChartMark {
  const by = (factor: number, figure: number | null) => (figure === null ? null : figure * factor);
  return {
    id: point.id,
    series: point.series,
    recall: point.recall,
    value: { ...value, value: value.value * scale, low: by(scale, value.low), high: by(scale, value.high) },
    front,
    signs: signsOf(model.recallName, point, measure, flags),
    tooltip: tooltipOf(model, measure, { point, value, flags }),
    chosen: model.choices
      .filter(({ rows }) =>
        rows.some(({ choice }) => choice.state === 'chosen' && choice.point.id === point.id),
      )
      .map(({ key }) => `t-${key}`),
  };
}

/** Doubts about either coordinate, each sign once. */
function signsOf(recallName: string, point: Point, measure: string, flags: readonly string[]): string {
  return [...new Set(doubtSigns(point.flags, recallName) + doubtSigns(flags, measure))].join('');
}

function tooltipOf(
  { recallName, k }: ReportModel,
  measure: string,
  { point, value, flags }: Pick<Entry, 'point' | 'value' | 'flags'>,
): string {
  const others = ['throughput', 'latency.p95'].filter((name) => name !== measure);
  return [
    withEngine(point.series),
    point.fullSetting,
    `recall@${k} ${figureText(recallName, point.recall, point.flags)}`,
    `${measure} ${figureText(measure, value, flags)}`,
    ...others.flatMap((name) => {
      const figure = point.measures[name];
      return figure === undefined ? [] : [`${name} ${figureText(name, figure, point.flags)}`];
    }),
  ].join('\n');
}

function describe({ k, floor }: ReportModel, plan: ChartPlan, entries: readonly Entry[]): string {
  const series = new Set(entries.map(({ point }) => point.series.key)).size;
  const recalls = entries.map(({ point }) => point.recall.value);
  const values = entries.map(({ value }) => value.value * plan.scale);
  const what =
    plan.size === MEDIUM
      ? `builds, each at its best recall with at least ${formatNumber(floor ?? 0)} queries/s`
      : 'settings';
  return `${formatCount(entries.length)} ${what} of ${plural(series, 'contender')}. Recall@${k} from ${formatShare(Math.min(...recalls))} to ${formatShare(Math.max(...recalls))}, ${plan.label} from ${formatNumber(Math.min(...values))} to ${formatNumber(Math.max(...values))}. ${plan.better === 'higher' ? 'Up and to the right' : 'Down and to the right'} is better. The figures are in the table below the chart.`;
}

function tableOf(
  { k, recallName }: ReportModel,
  { measure, label, scale }: ChartPlan,
  entries: readonly Entry[],
): ChartTable {
  const order = (a: Entry, b: Entry) =>
    a.point.series.label.localeCompare(b.point.series.label, 'en') ||
    a.point.recall.value - b.point.recall.value;
  return {
    recall: `recall@${k}`,
    value: label,
    front: 'On its front',
    rows: [...entries].sort(order).map(({ point, value, front, setting, flags }) => ({
      series: seriesView(point.series),
      setting,
      anchor: trialAnchor(point.id),
      recall: formatShare(point.recall.value),
      recallInterval: intervalText(recallName, point.recall),
      recallDoubt: doubtOf(recallName, point.flags),
      value: formatNumber(value.value * scale),
      valueInterval: intervalText(measure, value),
      valueDoubt: doubtOf(measure, flags),
      front,
    })),
  };
}
