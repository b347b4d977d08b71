import { doubtSigns } from '../../harness/model/flags.js';
import { definitionOf, MEASURES } from '../../harness/model/measures/catalogue.js';
import type { TrialRow } from '../../harness/model/results.js';
import { workloadOf, workloadText } from '../../harness/model/workload.js';
import { formatCount, formatNumber, formatShare, plural, unitLabel } from '../format.js';
import { groupHeading } from '../model/answer.js';
import { choiceMeasures } from '../model/choice.js';
import { seriesKey, settingText, varyingBySeries } from '../model/points.js';
import { splitLog } from '../model/problems.js';
import type { BuildModel, Choice, ChoiceRow, Chosen, ReportModel, Series } from '../model/types.js';
import { type Cell, cell, heading, parameterViews, rowCell, seriesView, trialAnchor } from './cells.js';
import { loadCells, loadHeadings } from './load-cells.js';

/** Tables of choice, one per target; all of them are in the page. */
export function choiceViews(model: ReportModel) {
  const measures = [model.recallName, ...choiceMeasures(model.points)];
  return model.choices.map((choice) => ({
    key: choice.key,
    label: choice.label,
    answer: choice.answer,
    checked: choice.key === model.defaultChoice,
    caption:
      choice.target === undefined
        ? `Each contender’s setting with the highest recall@${model.k}`
        : `Each contender’s fastest measured setting with recall@${model.k} ${choice.label} (lower end of the 95% interval)`,
    headings: [...measures.map(heading), ...loadHeadings(model)],
    columns: measures.length + loadHeadings(model).length + 1,
    wide: measures.length + loadHeadings(model).length + 2,
    parts: choiceParts(model, choice).map(({ heading: words, rows }) => ({
      heading: words,
      rows: rows.map((row) => choiceRow(row, choice, measures, model)),
    })),
    flattered: choice.flattered,
  }));
}

/** Groups with a heading where there is more than one, and last the contenders without a setting. */
function choiceParts(
  { results }: ReportModel,
  { groups, rows }: Choice,
): { heading: string | undefined; rows: readonly ChoiceRow[] }[] {
  const parts = groups.map((group) => ({
    heading: groups.length > 1 ? groupHeading(group, results) : undefined,
    rows: group.rows,
  }));
  const rest = rows.filter(({ choice }) => choice.state === 'unreached');
  return [...parts, { heading: undefined, rows: rest }].filter((part) => part.rows.length > 0);
}

function choiceRow(
  { series, choice: found }: ChoiceRow,
  { best }: Choice,
  measures: readonly string[],
  model: ReportModel,
) {
  if (found.state === 'unreached') return { series: seriesView(series), reason: found.reason };
  const { point } = found;
  return {
    series: seriesView(series),
    setting: point.setting === '' ? point.fullSetting : point.setting,
    fullSetting: point.fullSetting,
    anchor: trialAnchor(point.id),
    passedOver: passedOverText(found, model),
    cells: [
      ...measures.map((name): Cell => {
        const figure = cell(name, found.figures[name], point.flags);
        if (best[name]?.keys.includes(series.key)) return { ...figure, best: true };
        return best[name]?.close.includes(series.key) ? { ...figure, close: true } : figure;
      }),
      ...loadCells(model, point),
    ],
  };
}

/** A faster setting does not lose silently. */
function passedOverText({ passedOver }: Chosen, { speed }: ReportModel): string | undefined {
  if (passedOver === undefined) return undefined;
  const signs = doubtSigns(passedOver.flags, speed.measure);
  return `${signs} passed over: ${passedOver.setting === '' ? passedOver.fullSetting : passedOver.setting}`;
}

export function seriesViews(model: ReportModel) {
  return model.series.map((series: Series) => {
    const recalls = series.points.map(({ recall }) => recall.value);
    const [low, high] = [Math.min(...recalls), Math.max(...recalls)];
    return {
      series: seriesView(series),
      trials: `${series.trials.completed}${series.trials.completed === series.trials.planned ? '' : ` of ${series.trials.planned}`}`,
      front: (byThroughput(model) ? series.throughputFront : series.latencyFront).length,
      absent: noRecall([series]),
      recalls:
        recalls.length === 0
          ? undefined
          : low === high
            ? formatShare(low)
            : `${formatShare(low)}–${formatShare(high)}`,
      hypervolume:
        series.hypervolume === undefined || !byThroughput(model)
          ? undefined
          : formatNumber(series.hypervolume),
    };
  });
}

export const byThroughput = ({ speed }: ReportModel): boolean => speed.measure === 'throughput';

/** Why contenders have no setting with a recall. */
function noRecall(series: readonly Series[]): string {
  const some = (state: 'void' | 'empty') => series.some(({ trials }) => trials[state] > 0);
  if (some('empty')) return 'undefined: no point passes the filter of any query';
  return some('void') ? 'void: the truth is not that of the data' : 'nothing was measured';
}

const BUILD_COLUMNS = [
  'load.seconds',
  'load.pointsPerSecond',
  'index.seconds',
  'build.seconds',
  'memory.peak',
  'memory.index',
  'memory.search',
  'memory.baseline',
  'index.size',
  'server.disk',
];

export function buildViews(model: ReportModel) {
  const columns = BUILD_COLUMNS.filter(
    (name) => name !== 'server.disk' || model.builds.some(({ measures }) => measures[name] !== undefined),
  );
  return {
    headings: columns.map(heading),
    rows: model.builds.map(
      ({ series, setting, fullSetting, measures, details, flags, atFloor }: BuildModel) => ({
        series: seriesView(series),
        setting: setting === '' ? fullSetting : setting,
        fullSetting,
        cells: columns.map((name) => cell(name, measures[name], flags)),
        recall:
          atFloor === undefined
            ? {
                absent:
                  model.floor === undefined ? noRecall(model.series) : `no setting keeps ${floorText(model)}`,
              }
            : cell(model.recallName, atFloor.recall, atFloor.flags),
        details: details === undefined ? '' : settingText(details),
      }),
    ),
  };
}

export const floorText = ({ floor }: ReportModel): string =>
  floor === undefined ? '' : `${floor < 1 ? String(floor) : formatCount(floor)} queries/s`;

/** Measures of the table of all trials: the usual ones first, then what else was measured and has no other place. */
function trialMeasures({ results, recallName, k }: ReportModel): string[] {
  const measured = [...new Set(results.trials.flatMap(({ measures }) => Object.keys(measures)))];
  const recalls = (pattern: RegExp) =>
    measured.filter((name) => pattern.test(name) && name !== recallName && name !== `recall@${k}`);
  const nonzero = (name: string) => results.trials.some(({ measures }) => (measures[name]?.value ?? 0) !== 0);
  const wanted = [
    recallName,
    `recall@${k}`,
    ...recalls(/^recall\.ties@/),
    ...recalls(/^recall@/),
    'throughput',
    'latency.p50',
    'latency.p95',
    'latency.p99',
    'distance.error',
    ...measured.filter((name) => /^(ndcg@|filter\.|leaks$)/.test(name)),
    ...['errors', 'returned.short'].filter(nonzero),
    'build.seconds',
    'memory.peak',
    'index.size',
  ];
  const placed = new Set([...wanted, ...MEASURES.map(({ name }) => name)]);
  return [
    ...wanted.filter((name) => measured.includes(name)),
    ...measured.filter((name) => !placed.has(name)).sort(),
  ];
}

export function trialViews(model: ReportModel) {
  const { trials } = model.results;
  const measures = trialMeasures(model);
  const refs = new Map(model.series.map((series) => [series.key, series]));
  const varying = varyingBySeries(trials);
  const several = (pick: (row: TrialRow) => string) => new Set(trials.map(pick)).size > 1;
  const severalDepths = new Set(trials.map(({ k }) => k)).size > 1;
  return {
    showGroup: several(({ group }) => group) || several((row) => workloadText(workloadOf(row))),
    headings: measures.map((name) => ({
      ...heading(name),
      descending: definitionOf(name)?.better === 'higher',
    })),
    engines: model.series.map(({ key, label }) => ({ key, label })),
    count: plural(trials.length, 'trial'),
    rows: trials.map((row) =>
      trialRow(row, measures, refs.get(seriesKey(row))!, varying.get(seriesKey(row)), severalDepths),
    ),
  };
}

function trialRow(
  row: TrialRow,
  measures: readonly string[],
  series: Series,
  varying: ReadonlySet<string> | undefined,
  severalDepths: boolean,
) {
  return {
    id: row.id,
    anchor: trialAnchor(row.id, row.group),
    key: series.key,
    series: seriesView(series),
    index: [
      ...parameterViews(row.index, varying),
      ...(row.replica === undefined ? [] : [{ text: `build ${row.replica}` }]),
      ...(row.attempt === undefined ? [] : [{ text: `attempt ${row.attempt}` }]),
    ],
    search: [
      ...parameterViews(row.search, undefined, row.effective),
      ...(severalDepths ? [{ text: `k=${row.k}` }] : []),
      ...(row.sameAs === undefined
        ? []
        : [{ text: '=', note: `in effect the same setting as ${row.sameAs}` }]),
    ],
    group: `${workloadText(workloadOf(row))}, ${row.group}`,
    state: row.state,
    reason: reasonOf(row),
    replaced: row.replaced === undefined ? undefined : `${plural(row.replaced, 'pass', 'passes')} replaced`,
    flags: row.flags,
    cells: measures.map((name): Cell => {
      const figure = rowCell(name, row);
      if (figure.absent === undefined || row.state === 'completed') return figure;
      return { absent: `the trial is ${row.state}` };
    }),
  };
}

function reasonOf({ error, reason }: TrialRow): string | undefined {
  const text = error ?? reason;
  return text === null ? undefined : splitLog(text).message;
}

/** Every measure of this run with its words, those that share a definition together. */
export function definitionViews({ results }: ReportModel) {
  const measured = [...new Set(results.trials.flatMap(({ measures }) => Object.keys(measures)))];
  const order = MEASURES.map(({ name }) => name);
  const place = (name: string) => order.indexOf(name.replace(/@\d+$/, '@k')) >>> 0;
  const groups = new Map<string, { title: string; unit: string; names: string[]; definition: string }>();
  for (const name of measured.sort((a, b) => place(a) - place(b) || compare(a, b))) {
    const { definition = 'No definition in this version.', unit = 'ratio' } = definitionOf(name) ?? {};
    const group = groups.get(definition) ?? {
      title: groupTitle(name),
      unit: unitLabel(unit),
      names: [],
      definition,
    };
    group.names.push(name);
    groups.set(definition, group);
  }
  return [...groups.values()];
}

const compare = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

function groupTitle(name: string): string {
  if (name.startsWith('latency.')) return 'Latency';
  return (definitionOf(name)?.title ?? name).replace(/@\d+/, '@k');
}
