import { createHash } from 'node:crypto';
import { changeView } from '../changes.js';
import { formatCount, listed } from '../format.js';
import type { ComparedFigure, ComparedPart, ComparedRow, ComparedTable } from '../model/comparison.js';
import { asset, styleOf, templateOf } from '../page-template.js';
import { cell, heading } from './cells.js';
import { partView, switchCss } from './datasets.js';

export interface ComparisonReport {
  parts: readonly ComparedPart[];
  tables: readonly ComparedTable[];
  command: string;
  vecproof: string;
}

/**
 * One file for several runs: what each says in a sentence, the settings that several have side by side, and a switch between the
 * whole reports, each a document of its own inside the page.
 */
export function renderComparison({ parts, tables, command, vecproof }: ComparisonReport): string {
  const runs = new Set(parts.map(({ run }) => run)).size;
  const views = parts.map((part, i) => ({
    number: i,
    checked: i === 0,
    run: part.run,
    name: `${part.run} · ${part.model.title}`,
    ...runView(part),
    ...partView(part.model),
  }));
  return templateOf('html/assets/comparison.hbs', { partials: 'html/assets' })({
    title: `${runs} runs compared`,
    style: styleOf('html/assets/datasets.css', 'html/assets/comparison.css') + switchCss(parts.length),
    scriptHash: createHash('sha256').update(asset('html/assets/script.js')).digest('base64'),
    parts: views,
    differences: differencesOf(parts),
    tables: tables.map(tableView),
    command,
    footer: `vecproof ${vecproof}`,
  });
}

function runView({ model: { results } }: ComparedPart) {
  const { run } = results;
  return {
    id: run.id,
    started: run.started.slice(0, 16).replace('T', ' '),
    dataset: results.dataset.name,
    state: run.state,
  };
}

/** Facts that are not the same of all runs. */
function differencesOf(parts: readonly ComparedPart[]) {
  const facts: readonly [string, (part: ComparedPart) => string][] = [
    ['vecproof', ({ model }) => model.results.run.vecproof],
    ['Node.js', ({ model }) => model.results.environment.node],
    [
      'Processor',
      ({ model: { results } }) => `${results.environment.cpu}, ${results.environment.cores} cores`,
    ],
    ['Machine', ({ model }) => model.results.environment.host ?? 'not known'],
    ['Kernel', ({ model }) => model.results.environment.kernel],
    [
      'Points',
      ({ model }) =>
        `${formatCount(model.results.dataset.count)}, ${model.results.dataset.hash.slice(0, 12)}`,
    ],
    [
      'Queries',
      ({ model }) =>
        `${formatCount(model.results.queries.count)}, ${model.results.queries.hash.slice(0, 12)}`,
    ],
    ['Contenders', ({ model }) => model.series.map(({ label, about }) => `${label} ${about}`).join('; ')],
  ];
  return facts
    .map(([name, of]) => ({ name, values: parts.map(of) }))
    .filter(({ values }) => new Set(values).size > 1);
}

function tableView(table: ComparedTable) {
  const { otherMachines, single, rows } = table;
  return {
    ...table,
    empty: rows.length === 0,
    headings: table.measures.map(heading),
    rows: rows.map((row) => rowView(row, table)),
    notes: [
      ...(otherMachines.length > 0
        ? [
            `Times and memory of run ${listed(otherMachines.map(String))} are of another machine: only recall is held against the first.`,
          ]
        : []),
      ...(single > 0 ? [`${formatCount(single)} settings are in one run alone, see its report.`] : []),
    ],
  };
}

function rowView({ label, setting, figures }: ComparedRow, { measures, runs }: ComparedTable) {
  const own = figures.flatMap((figure, i) =>
    figure === undefined
      ? []
      : [{ run: runs[i]!, cells: measures.map((name) => figureView(name, figure[name])) }],
  );
  return { label, setting, span: own.length, first: own[0], rest: own.slice(1) };
}

function figureView(name: string, figure: ComparedFigure | undefined) {
  const shown = cell(name, figure?.measure, figure?.flags ?? []);
  return figure?.change === undefined
    ? { figure: shown }
    : { figure: shown, change: changeView(name, figure.change) };
}
