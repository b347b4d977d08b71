import { InputError } from '../../../common/errors.js';
import { LONGEST_LINE } from '../../limits.js';
import { readLines } from '../lines.js';

/** What separates cells, told from the first line: the one of these that it has most often. */
export function separatorOf(line: string): string {
  const outside = line.replaceAll(/"[^"]*"/g, '');
  const counts = [',', '\t', ';', '|'].map((each) => [each, outside.split(each).length] as const);
  return counts.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

/**
 * Rows of a CSV file (RFC 4180): cells in double quotes may hold separators, line breaks and doubled quotes. Blank lines
 * are skipped; memory is bounded by a row. Throws InputError naming the line.
 *
 * @returns each row with the number of its first line, from 1, and its characters
 */
export async function* readCsv(
  path: string,
): AsyncGenerator<{ line: number; cells: string[]; size: number }> {
  let row: Row | undefined;
  let separator: string | undefined;
  let number = 0;
  let from = 0;
  for await (const raw of readLines(path)) {
    number++;
    const line = number === 1 ? raw.replace(/^\uFEFF/, '') : raw;
    if (row === undefined) {
      if (line.trim() === '') continue;
      from = number;
      separator ??= separatorOf(line);
      row = new Row(separator);
    }
    row.add(line);
    if (row.isOpen) {
      if (row.size > LONGEST_LINE) throw unclosed(path, from);
      continue;
    }
    yield { line: from, cells: row.cells, size: row.size };
    row = undefined;
  }
  if (row !== undefined) throw unclosed(path, from);
}

/** The cells of a row; undefined while a quote is open. */
export function cellsOf(text: string, separator: string): string[] | undefined {
  const row = new Row(separator);
  row.add(text);
  return row.isOpen ? undefined : row.cells;
}

/** A row that is read line by line: each line is looked at once, however many a quoted cell has. */
class Row {
  readonly cells: string[] = [];
  /** Whether a quote is open, so that the next line belongs to it. */
  isOpen = false;
  size = 0;
  readonly #separator: string;
  #cell: string[] = [];

  constructor(separator: string) {
    this.#separator = separator;
  }

  add(line: string): void {
    this.size += line.length + 1;
    if (!this.isOpen && !line.includes('"')) {
      for (const cell of line.split(this.#separator)) this.cells.push(cell);
      return;
    }
    let at = 0;
    if (this.isOpen) {
      this.#cell.push('\n');
      at = this.#quoted(line, 0);
    }
    while (at !== -1) at = line[at] === '"' ? this.#quoted(line, at + 1) : this.#plain(line, at);
  }

  /** From within quotes. @returns where the next cell begins; -1: the line is at its end */
  #quoted(line: string, start: number): number {
    for (let open = start; ; ) {
      const close = line.indexOf('"', open);
      this.isOpen = close === -1;
      this.#cell.push(line.slice(open, close === -1 ? undefined : close));
      if (close === -1) return -1;
      if (line[close + 1] !== '"') return this.#plain(line, close + 1);
      this.#cell.push('"');
      open = close + 2;
    }
  }

  #plain(line: string, start: number): number {
    const end = line.indexOf(this.#separator, start);
    this.#cell.push(line.slice(start, end === -1 ? undefined : end));
    this.cells.push(this.#cell.join(''));
    this.#cell = [];
    return end === -1 ? -1 : end + 1;
  }
}

function unclosed(path: string, line: number): InputError {
  return new InputError('has a quote that is never closed', {
    where: `${path}:${line}`,
    next: 'double the quotes inside of a cell, or quote none of it',
  });
}
