import { oneLine } from '../../common/visible.js';
import { styleOf, templateOf, withTexts } from '../page-template.js';

/** How a page or a row looks: always with a sign beside the colour. */
export type Mark = 'good' | 'warn' | 'bad' | 'plain';
export const SIGNS: Readonly<Record<Mark, string>> = { good: '✓', warn: '!', bad: '✗', plain: '·' };

export interface Cell {
  text: string;
  /** Of a first column: the row's name. */
  head?: boolean;
  number?: boolean;
  code?: boolean;
  sign?: string;
  /** In a quieter ink behind it. */
  quiet?: string;
}

export interface Table {
  title?: string;
  /** For screen readers. */
  label: string;
  columns: readonly { name: string; number?: boolean }[];
  rows: readonly { cells: readonly Cell[]; mark?: Mark }[];
  /** Shown when it is opened. */
  closed?: boolean;
  /** Of long texts: on a narrow screen each cell stands below the one before, behind its column's name. */
  stacked?: boolean;
}

/** A page about one step of a migration. */
export interface Page {
  kind: string;
  title: string;
  /** The answer in a sentence. */
  answer: string;
  state: Mark;
  figures: readonly { term: string; value: string; detail?: string }[];
  sections: readonly { title: string; lead?: string; tables: readonly Table[] }[];
  footer: string;
}

/** One HTML file: no network, no script, under a content security policy. Texts of data are escaped, control signs shown. */
export function renderPage(page: Page): string {
  const template = templateOf('migration/assets/page.hbs', { partials: 'migration/assets' });
  return template({
    ...withTexts({ ...page, sections: page.sections.map(withNames) }, oneLine),
    sign: SIGNS[page.state],
    style: styleOf('migration/assets/page.css'),
  });
}

/** Cells of stacked tables with the names of their columns. */
function withNames(section: Page['sections'][number]) {
  const named = (table: Table) =>
    table.stacked !== true
      ? table
      : {
          ...table,
          rows: table.rows.map((row) => ({
            ...row,
            cells: row.cells.map((cell, i) => ({ ...cell, name: table.columns[i]!.name })),
          })),
        };
  return { ...section, tables: section.tables.map(named) };
}

export const head = (text: string, rest: Partial<Cell> = {}): Cell => ({ text, head: true, ...rest });
export const text = (value: string, rest: Partial<Cell> = {}): Cell => ({ text: value, ...rest });
export const figure = (value: string | number, rest: Partial<Cell> = {}): Cell => ({
  text: String(value),
  number: true,
  ...rest,
});
export const columns = (...names: readonly string[]): Table['columns'] =>
  names.map((name) => (name.startsWith('#') ? { name: name.slice(1), number: true } : { name }));
