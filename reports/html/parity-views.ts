import { definitionOf } from '../../harness/model/measures/catalogue.js';
import type { ParityResult, ParityRow } from '../../harness/model/results.js';
import { formatCount, formatNumber, formatPercent, formatShare, plural } from '../format.js';
import type { TrendLine, TrendMeasure } from '../model/trend.js';
import type { ReportModel } from '../model/types.js';
import { lostParts, namesOf, parityFigure, paritySentence, SPEED_RATIOS } from '../parity.js';
import { figureText, heading, seriesView, trialAnchor } from './cells.js';
import { renderStrip, type StripRow } from './charts/strip.js';
import { renderTrend, type TrendSpec } from './charts/trend.js';

const WIDE = { name: 'wide', width: 680, font: 12 };
const NARROW = { name: 'narrow', width: 350, font: 11.5 };

/** The section on parity; undefined where the suite compares nothing. */
export function parityView({ results }: ReportModel) {
  const all = results.parity ?? [];
  if (all.length === 0) return undefined;
  const measured = all.filter(({ state }) => state === 'measured');
  const k = Math.max(...all.map((each) => each.k));
  return {
    sentences: all.map((each) => ({ name: each.name, text: paritySentence(each) })),
    tables: all.map(tableOf),
    chart:
      measured.length === 0
        ? undefined
        : {
            id: 'chart-parity',
            title: 'Agreement with the reference',
            note: 'Overlap, ties aside, with its 95% interval; the hollow diamond is the reference against its own rebuild.',
            svgs: [WIDE, NARROW].map((size) =>
              renderStrip(
                'chart-parity',
                'Agreement with the reference',
                `overlap@${k}`,
                strip(measured),
                size,
              ),
            ),
          },
    notes: [...new Set(all.flatMap(({ notes }) => notes))],
  };
}

function strip(all: readonly ParityResult[]): StripRow[] {
  return all.flatMap((each, i) =>
    each.rows.flatMap((row): StripRow[] => {
      const name = `overlap@${each.k}`;
      const value = row.measures[name];
      if (value === undefined) return [];
      const floor = each.floor?.rows.find(({ group }) => group === row.group)?.measures[name];
      const label = row.group === 'all' ? each.name : `${each.name}, ${row.group}`;
      const noise = floor === undefined ? '' : `\nnoise floor ${figureText(name, floor, [])}`;
      const tooltip = `${label}\n${name} ${figureText(name, value, [])}${noise}`;
      return [{ label, value, floor, colour: `var(--series-${i % 7})`, tooltip }];
    }),
  );
}

const COLUMNS = (k: number): string[] => [
  `overlap@${k}`,
  `rbo@${k}`,
  `tau@${k}`,
  'parity.displacement',
  'parity.order',
  'parity.empty',
  'parity.errors',
];

/** Those that the comparison has: few passes have no 99th percentile, and two machines no ratio. */
const speedColumns = ({ rows }: ParityResult): string[] =>
  SPEED_RATIOS.filter((name) => rows.some(({ measures }) => measures[name] !== undefined));

function tableOf(each: ParityResult) {
  const names = [...COLUMNS(each.k), ...speedColumns(each)];
  const { reference, candidate } = namesOf(each);
  return {
    name: each.name,
    title: `${candidate} against ${reference}`,
    absent: each.state === 'absent' ? (each.reason ?? 'nothing was compared') : undefined,
    sides: [
      { role: 'Reference', setting: each.reference.setting, anchor: trialAnchor(each.reference.trial) },
      { role: 'Candidate', setting: each.candidate.setting, anchor: trialAnchor(each.candidate.trial) },
    ],
    headings: names.map(heading),
    rows: each.rows.flatMap((row) => rowsOf(each, row, names)),
    // Of one row the parts are drawn; of many groups they are one table.
    causes: each.rows.length === 1 ? causesOf(each.rows[0]!) : undefined,
    groups: each.rows.length > 1 ? groupCauses(each.rows) : undefined,
    floor: floorNote(each),
  };
}

/** A group's figures, and below them those of the reference against its own rebuild. */
function rowsOf(each: ParityResult, row: ParityRow, names: readonly string[]) {
  const group = row.group === 'all' ? 'All queries' : row.group;
  const cells = (from: ParityRow) =>
    names.map((name) => parityFigure(from, name) ?? { absent: definitionOf(name)?.absent ?? 'not measured' });
  const own = {
    label: group,
    detail: plural(row.queries, 'query', 'queries'),
    noise: false,
    cells: cells(row),
  };
  const floor = each.floor?.rows.find((other) => other.group === row.group);
  return floor === undefined
    ? [own]
    : [own, { label: 'Noise floor', detail: rebuilds(each), noise: true, cells: cells(floor) }];
}

const rebuilds = ({ floor }: ParityResult): string =>
  (floor?.builds ?? 1) > 1 ? `its own ${floor!.builds} rebuilds` : 'its own rebuild';

/** Lost hits by group and cause; causes that occur nowhere have no column. */
function groupCauses(rows: readonly ParityRow[]) {
  const parts = rows.map((row) => new Map(lostParts(row).map((part) => [part.words, part])));
  const words = lostParts(rows[0]!).map((part) => part.words);
  const all = [...new Set([...words, ...parts.flatMap((each) => [...each.keys()])])];
  return {
    words: all,
    rows: rows.map((row, i) => ({
      group: row.group === 'all' ? 'All queries' : row.group,
      ids: formatCount(row.ids),
      lost: formatCount(row.measures['parity.lost']?.value ?? 0),
      parts: all.map((each) => {
        const part = parts[i]!.get(each);
        return { count: formatCount(part?.count ?? 0), share: part && formatPercent(part.share) };
      }),
      ties: formatCount(row.lost['tie'] ?? 0),
    })),
  };
}

function causesOf(row: ParityRow) {
  const lost = row.measures['parity.lost']?.value ?? 0;
  const gained = row.measures['parity.gained']?.value ?? 0;
  return {
    group: row.group === 'all' ? 'All queries' : row.group,
    total: `${formatCount(lost)} of ${plural(row.ids, 'hit')} lost, ${formatCount(gained)} others in their place`,
    parts: lostParts(row).map(({ words, count, share }) => ({
      words,
      count: formatCount(count),
      share: formatPercent(share),
      // Of what was lost: the length of the bar.
      width: lost === 0 ? 0 : Math.round((count / lost) * 1000) / 10,
    })),
    ties: formatCount(row.lost['tie'] ?? 0),
  };
}

function floorNote({ floor, k }: ParityResult): string | undefined {
  if (floor === null) return 'No noise floor was measured (rebuild: false).';
  if (floor.state === 'absent') return `There is no noise floor: ${floor.reason}.`;
  const whole = floor.rows.find(({ group }) => group === 'all')?.measures;
  const alike = whole?.[`rbo@${k}`]?.value === 1 && whole['parity.lost']?.value === 0;
  return alike
    ? 'Ties aside, the reference’s rebuild answers exactly as it does: chance moves nothing here, or its engine takes no seed.'
    : undefined;
}

/** The section on a suite's runs over time; undefined for its first one. */
export function historyView({ trend, k }: ReportModel) {
  if (trend === undefined) return undefined;
  const few = trend.runs.length < trend.needed;
  const measures = (['recall', 'p95'] as const).filter((measure) =>
    trend.lines.some((line) => line.measure === measure),
  );
  const changes = trend.lines.flatMap((line) => line.changes.map((change) => ({ line, change })));
  return {
    lead: `${plural(trend.runs.length, 'run')} of this suite on the same data and queries, this one included.`,
    note: few
      ? `Changes of level are looked for from ${trend.needed} runs on.`
      : 'Upright dashed lines mark changes of level (E-divisive with a t test, p < 0.001).',
    charts: measures.map((measure) => {
      const spec = specOf(trend.runs, trend.lines, measure, k);
      return {
        id: spec.id,
        title: spec.title,
        legend: trend.lines
          .filter((line) => line.measure === measure)
          .map((line) => ({ series: seriesView(line.series), setting: line.setting })),
        svgs: [renderTrend(spec, { ...WIDE, height: 260 }), renderTrend(spec, { ...NARROW, height: 240 })],
      };
    }),
    changes: changes.map(({ line, change }) => ({
      series: line.series.label,
      setting: line.setting,
      anchor: trialAnchor(line.id),
      measure: nameOf(line.measure, k),
      run: trend.runs[change.at]!.run,
      date: trend.runs[change.at]!.started.slice(0, 10),
      before: valueText(line.measure, change.before),
      after: valueText(line.measure, change.after),
      p: change.p === 0 ? '0' : formatNumber(change.p),
    })),
    none: changes.length === 0 && !few,
  };
}

const nameOf = (measure: TrendMeasure, k: number): string =>
  measure === 'recall' ? `recall@${k}` : 'p95 latency, ms';
const valueText = (measure: TrendMeasure, value: number): string =>
  measure === 'recall' ? formatShare(value) : formatNumber(value);

function specOf(
  runs: readonly { run: string; started: string }[],
  lines: readonly TrendLine[],
  measure: TrendMeasure,
  k: number,
): TrendSpec {
  const own = lines.filter((line) => line.measure === measure);
  const title = measure === 'recall' ? 'Recall over the runs' : 'p95 latency over the runs';
  const changes = own.reduce((sum, line) => sum + line.changes.length, 0);
  return {
    id: `chart-trend-${measure}`,
    title,
    description: `${plural(own.length, 'setting')} over ${plural(runs.length, 'run')}, ${plural(changes, 'change')} of level.`,
    label: nameOf(measure, k),
    dates: runs.map(({ started }) => started.slice(0, 10)),
    lines: own.map((line) => ({
      label: `${line.series.label} ${line.setting}`,
      colour: `var(--series-${line.series.identity.colour})`,
      values: line.values,
      changes: line.changes.map(({ at, before, after }) => ({
        at,
        tooltip: `${line.series.label} ${line.setting}\n${runs[at]!.run}: ${valueText(measure, before)} → ${valueText(measure, after)}`,
      })),
    })),
  };
}
