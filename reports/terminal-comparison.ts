import { oneLine } from '../common/visible.js';
import { definitionOf } from '../harness/model/measures/catalogue.js';
import { changeView } from './changes.js';
import { formatMeasure, plural, unitLabel } from './format.js';
import { richText } from './model/answer.js';
import type { ComparedFigure, ComparedPart, ComparedRow, ComparedTable } from './model/comparison.js';

/** More are in the page. */
const MOST_ROWS = 8;
/** What a line has room for. */
const TOLD = ['throughput', 'latency.p95'];

/** What each run says, and the settings that several share. No line end after the last line. */
export function renderComparisonText(
  parts: readonly ComparedPart[],
  tables: readonly ComparedTable[],
): string {
  const answers = parts.map(({ run, model }) => {
    const choice = model.choices.find(({ key }) => key === model.defaultChoice)!;
    return oneLine(`${run}  ${model.results.run.id}: ${richText(choice.answer)}`);
  });
  const shared = tables.flatMap((table) => ['', ...tableLines(table)]);
  const nothing = ['', 'No two runs asked the same: other points, queries, metric, depth or workload.'];
  return [...answers, ...(tables.length === 0 ? nothing : shared)].join('\n');
}

function tableLines(table: ComparedTable): string[] {
  const { rows, otherMachines, single } = table;
  const more = rows.length - MOST_ROWS;
  return [
    oneLine(`${table.dataset}, ${table.workload}: ${plural(rows.length, 'setting')} in more than one run`),
    ...rows.slice(0, MOST_ROWS).flatMap((row) => rowLines(row, table)),
    ...(more > 0 ? [`  ${more} more in the page`] : []),
    ...(single > 0 ? [`  ${plural(single, 'setting')} in one run alone`] : []),
    ...(otherMachines.length > 0
      ? [
          `  times of run ${otherMachines.join(', ')} are another machine’s: only recall is held against the first`,
        ]
      : []),
  ];
}

function rowLines({ label, setting, figures }: ComparedRow, table: ComparedTable): string[] {
  const names = [table.recallName, ...TOLD];
  return [
    oneLine(`  ${label} ${setting}`),
    ...figures.flatMap((figure, i) =>
      figure === undefined
        ? []
        : [`    ${table.runs[i]}  ${names.flatMap((name) => figureText(name, figure[name])).join(', ')}`],
    ),
  ];
}

function figureText(name: string, figure: ComparedFigure | undefined): string[] {
  if (figure === undefined) return [];
  const definition = definitionOf(name);
  const unit = unitLabel(definition?.unit ?? 'ratio');
  const value = formatMeasure(figure.measure.value, definition?.unit ?? 'ratio');
  const change = figure.change && changeView(name, figure.change);
  const against = change === undefined ? '' : ` (${change.text} ${change.sign})`;
  return [`${definition?.head[0] ?? name} ${value}${unit === '' ? '' : ` ${unit}`}${against}`];
}
