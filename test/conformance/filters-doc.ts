import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../common/files.js';
import { packageRoot } from '../../common/paths.js';
import type { FieldType } from '../../datasets/dataset.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { CONDITION_OPERATORS, LOGICAL_OPERATORS } from '../../filters/filter.js';
import { refusals } from '../../filters/support.js';
import { TABLE } from '../../harness/conformance/filters/table.js';

export const FILTERS_DOC = join(packageRoot, 'docs', 'filters.md');
const BEGIN = '<!-- engines: begin -->';
const END = '<!-- engines: end -->';

/** What stands between the markers: operator x engine, and why what is missing is missing. */
export function renderEngines(definitions: readonly EngineDefinition[]): string {
  const filtering = definitions.filter(({ capabilities }) => hasFilters(capabilities));
  const without = definitions.filter(({ capabilities }) => !hasFilters(capabilities));
  const rows = [...CONDITION_OPERATORS, ...LOGICAL_OPERATORS].map((op) => [
    `\`$${op}\``,
    ...filtering.map((definition) => cell(definition, op)),
  ]);
  return [
    ...(filtering.length > 0 ? table(['operator', ...filtering.map(({ name }) => name)], rows) : []),
    '',
    `Without filters, so that queries with one are refused: ${without.map(({ name }) => name).join(', ') || 'none'}.`,
    '',
    ...filtering.flatMap(reasons),
  ]
    .join('\n')
    .trim();
}

function hasFilters({ filters }: EngineDefinition['capabilities']): boolean {
  return Object.keys(filters.operators).length > 0;
}

/** `exact`, `unsupported`, or the types it is exact for. */
function cell({ capabilities }: EngineDefinition, op: string): string {
  const cases = TABLE.filter((each) => each.op === op);
  const exact = (type: FieldType) =>
    cases
      .filter((each) => each.type === type)
      .every(({ filter }) => refusals(filter, capabilities.filters).length === 0);
  const types = [...new Set(cases.map(({ type }) => type))];
  const fitting = types.filter(exact);
  if (fitting.length === types.length) return 'exact';
  return fitting.length === 0 ? 'unsupported' : `exact: ${fitting.map((type) => `\`${type}\``).join(', ')}`;
}

/** Each reason once. */
function reasons({ title, capabilities }: EngineDefinition): string[] {
  const found = new Set(TABLE.flatMap(({ filter }) => refusals(filter, capabilities.filters)));
  const lines = [...found].map((reason) => `- ${reason}`);
  return [`**${title}**`, '', ...(lines.length > 0 ? lines : ['- everything']), ''];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** The committed lines between the markers. */
export async function committedEngines(): Promise<string> {
  const page = await readFile(FILTERS_DOC, 'utf8');
  return page.slice(page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)).trim();
}

export async function writeEngines(text: string): Promise<void> {
  const page = await readFile(FILTERS_DOC, 'utf8');
  const [before, after] = [page.slice(0, page.indexOf(BEGIN) + BEGIN.length), page.slice(page.indexOf(END))];
  writeFileAtomic(FILTERS_DOC, `${before}\n\n${text}\n\n${after}`);
}
