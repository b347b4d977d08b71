import pc from 'picocolors';
import { doubtSigns } from '../harness/model/flags.js';
import { definitionOf } from '../harness/model/measures/catalogue.js';
import { formatCount, formatMeasure, plural, unitLabel } from './format.js';
import { gateSentence, markOf } from './gates.js';
import { groupHeading, richText } from './model/answer.js';
import { CHOICE_MEASURES } from './model/choice.js';
import type { Count } from './model/filters.js';
import type { Choice, ChoiceRow, ReportModel } from './model/types.js';
import { shortNames } from './names.js';
import { paritySentence } from './parity.js';

export interface TerminalOptions {
  color: boolean;
  /** Columns of the terminal; lines are wrapped or shortened to it. */
  width: number;
  /** Where the HTML report is; printed as given. */
  reportPath: string;
}

/** Everything is said within this many lines, whatever the run. */
const MAX_LINES = 20;
const MAX_GATES = 4;
const MAX_PARITY = 3;
const MAX_CAUTIONS = 3;
/** Longest name of a contender in the table, and what the columns of figures take beside it. */
const LONGEST_NAME = { least: 28, most: 48, beside: 88 };
/** The table with its head and three contenders, the blank lines and the path of the report. */
const LEAST_ROWS = 7;

type Style = (text: string) => string;
interface Styles {
  bold: Style;
  dim: Style;
  red: Style;
}

/** The answer after a run: sentence, table of choice, what went wrong, where the report is. At most 20 lines, no line end after the last. */
export function renderTerminal(model: ReportModel, { color, width, reportPath }: TerminalOptions): string {
  const styles = pc.createColors(color);
  const choice = model.choices.find(({ key }) => key === model.defaultChoice)!;
  const head = [
    ...wrap(clean(richText(choice.answer)), width, 4).map(styles.bold),
    ...model.cautions
      .slice(0, MAX_CAUTIONS)
      .flatMap((text) => wrap(clean(text), width, 2))
      .map(styles.red),
  ];
  const problems = problemLines(model, width).map(styles.red);
  const gates = gateLines(model, width, styles);
  const versions = versionLines(model, width).map(styles.dim);
  const rest = [...versions, ...filterLines(model, width, styles), ...gates, ...problems];
  const legend = legendLines(model, signedLines(model, choice), width).map(styles.dim);
  const parity = parityLines(
    model,
    width,
    MAX_LINES - head.length - rest.length - legend.length - LEAST_ROWS,
  );
  const tail = [...parity, ...rest, `Report: ${clean(reportPath)}`];
  // Two blank lines and the table's head are what remains besides the rows.
  const room = MAX_LINES - head.length - legend.length - tail.length - 3;
  const table = tableLines(model, choice, Math.max(1, room), width, styles);
  // Not before lines are broken: a number is not divided between two.
  return [...head, '', ...table, ...legend, '', ...tail].join('\n').replaceAll('\u202f', ' ');
}

/** Everything in which a sign may stand. */
const signedLines = (model: ReportModel, choice: Choice): string[] => [
  richText(choice.answer),
  ...linesOf(model, choice, 0).flatMap((line) => ('cells' in line ? line.cells : [])),
];

/** What the names in the table stand for, by engine: the table itself has no room for it. */
function versionLines({ series }: ReportModel, width: number): string[] {
  const known = series.filter(({ about }) => about !== '').map(({ engine, about }) => `${engine} ${about}`);
  if (known.length === 0) return [];
  return wrap(clean(`Versions: ${[...new Set(known)].join('; ')}`), width, 2);
}

function parityLines({ results }: ReportModel, width: number, room: number): string[] {
  return (results.parity ?? [])
    .slice(0, Math.max(0, Math.min(MAX_PARITY, room)))
    .map((each) => cut(clean(`${each.name}: ${paritySentence(each)}`), width));
}

/** A row of figures, or the heading of those below it. */
type TableLine = { heading: string } | { cells: readonly string[] };

function tableLines(
  model: ReportModel,
  choice: Choice,
  room: number,
  width: number,
  styles: Styles,
): string[] {
  const all = linesOf(model, choice, width);
  const lines = all.length > room ? all.slice(0, Math.max(0, room - 1)) : all;
  const isRow = (line: TableLine) => 'cells' in line;
  const hidden = all.filter(isRow).length - lines.filter(isRow).length;
  const head = [
    choice.target === undefined ? 'highest recall' : `recall ${choice.label}`,
    ...CHOICE_MEASURES.map(heading),
    'setting',
  ];
  const cells = lines.flatMap((line) => ('cells' in line ? [line.cells] : []));
  const widths = head.map((title, column) =>
    Math.max(
      title.length,
      ...cells.map((row) => (row.length === 2 && column > 0 ? 0 : (row[column] ?? '').length)),
    ),
  );
  const align = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 || column === row.length - 1
          ? cell.padEnd(column === 0 ? widths[0]! : 0)
          : cell.padStart(widths[column]!),
      )
      .join('  ');
  return [
    styles.dim(cut(align(head), width)),
    ...lines.map((line) =>
      'cells' in line ? cut(align(line.cells), width) : styles.dim(cut(clean(line.heading), width)),
    ),
    ...(hidden > 0 ? [styles.dim(`… ${plural(hidden, 'more contender')} in the report`)] : []),
  ];
}

function linesOf({ results }: ReportModel, choice: Choice, width: number): TableLine[] {
  const { least, most, beside } = LONGEST_NAME;
  const names = shortNames(
    choice.rows.map(({ series }) => clean(series.label)),
    Math.min(most, Math.max(least, width - beside)),
  );
  const line = (row: ChoiceRow): TableLine => ({ cells: rowCells(row, choice, names) });
  return [
    ...choice.groups.flatMap((group) => {
      const words = choice.groups.length > 1 ? groupHeading(group, results) : undefined;
      return [...(words === undefined ? [] : [{ heading: words }]), ...group.rows.map(line)];
    }),
    ...choice.rows.filter(({ choice: { state } }) => state === 'unreached').map(line),
  ];
}

function heading(name: string): string {
  const { title = name, unit = 'ratio' } = definitionOf(name) ?? {};
  const label = unitLabel(unit);
  const short = title
    .replace(' latency', '')
    .replace(/^Throughput$/, '')
    .replace('Memory of the build', 'memory')
    .replace('Build time', 'build')
    .replace('Index size', 'index');
  return short === '' ? label : label === '' ? short : `${short} ${label}`;
}

/** Cells of a contender; one without a setting has its name and the reason only. */
function rowCells(
  { series, choice }: ChoiceRow,
  { best }: Choice,
  names: ReadonlyMap<string, string>,
): string[] {
  const label = names.get(clean(series.label))!;
  if (choice.state === 'unreached') return [label, clean(choice.reason)];
  const { point, figures } = choice;
  const cells = CHOICE_MEASURES.map((name) => {
    const measure = figures[name];
    if (measure === undefined) return '–';
    const text = `${formatMeasure(measure.value, definitionOf(name)?.unit ?? 'ratio')}${doubtSigns(point.flags, name)}`;
    if (best[name]?.keys.includes(series.key)) return `*${text}`;
    return best[name]?.close.includes(series.key) ? `≈${text}` : text;
  });
  return [label, ...cells, clean(point.setting === '' ? point.fullSetting : point.setting)];
}

/** What the signs mean that stand in the sentence or the table. */
function legendLines({ legend }: ReportModel, shown: readonly string[], width: number): string[] {
  return legend
    .filter(({ sign }) => shown.some((line) => line.includes(sign)))
    .map(({ sign, text }) => cut(`${sign} ${text}`, width));
}

/** Violations and leaks, which must be none, each with what it was counted in. */
function filterLines({ filters }: ReportModel, width: number, { red }: Styles): string[] {
  const { violations, leaks } = filters?.totals ?? {};
  const text = (count: Count | undefined, what: string, of: string) =>
    count === undefined
      ? []
      : [
          `${formatCount(count.value)} ${what} in ${formatCount(count.n)} ${of}${count.series.map((each, i) => `${i === 0 ? ': ' : ', '}${each}`).join('')}`,
        ];
  const parts = [
    ...text(violations, 'filter violations', 'rows'),
    ...text(leaks, 'leaks', 'rows of tenants’ queries'),
  ];
  if (parts.length === 0) return [];
  const line = cut(clean(`Filters: ${parts.join('; ')}`), width);
  return [(violations?.value ?? 0) + (leaks?.value ?? 0) > 0 ? red(line) : line];
}

/** The sentence, and the gates that did not pass, not too many. */
function gateLines({ verdicts }: ReportModel, width: number, { bold, red }: Styles): string[] {
  if (verdicts === undefined) return [];
  const style = verdicts.outcome === 'passed' ? bold : red;
  const marked = verdicts.verdicts.map((each) => ({ each, mark: markOf(each, verdicts.inconclusive) }));
  const order = ['error', 'fail', 'warn'] as const;
  const wrong = order.flatMap((mark) => marked.filter((one) => one.mark === mark));
  const lines = wrong
    .slice(0, MAX_GATES)
    .map(({ each }) => `  ${each.state} ${each.name}   found: ${each.found}`);
  const more = wrong.length > MAX_GATES ? [`  … ${wrong.length - MAX_GATES} more in the report`] : [];
  return [
    style(cut(clean(gateSentence(verdicts)), width)),
    ...[...lines, ...more].map((line) => cut(clean(line), width)),
  ];
}

function problemLines({ problems, counts }: ReportModel, width: number): string[] {
  const states = (['failed', 'aborted', 'skipped'] as const).filter((state) => counts[state] > 0);
  if (states.length === 0) return [];
  const summary = states.map((state) => `${plural(counts[state], 'trial')} ${state}`).join(', ');
  const shown = problems
    .slice(0, 3)
    .map(({ series, state, message }) => `  ${series.label} ${state}: ${message}`);
  const more = problems.length > 3 ? [`  … ${plural(problems.length - 3, 'more reason')} in the report`] : [];
  return [summary, ...shown, ...more].map((line) => cut(clean(line), width));
}

/** Names and messages come from data: a control character must not reach the terminal. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(1, width - 1))}…` : text;
}

/** Lines of at most `width` columns; where `most` lines are too few, the last one ends in an ellipsis. */
function wrap(text: string, width: number, most: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  const kept = lines.slice(0, most).map((entry) => cut(entry, width));
  return lines.length > most ? [...kept.slice(0, -1), cut(`${lines[most - 1]} …`, width)] : kept;
}
