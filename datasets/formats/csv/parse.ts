import { InputError } from '../../../common/errors.js';
import { readLines } from '../lines.js';

/** A quoted cell that does not end within so many characters was never meant to be one. */
const LONGEST = 64 * 2 ** 20;

/** What separates cells, told from the first line: the one of these that it has most often. */
export function separatorOf(line: string): string {
  const outside = line.replaceAll(/"(?:[^"]|"")*"/g, '');
  const counts = [',', '\t', ';', '|'].map((each) => [each, outside.split(each).length] as const);
  return counts.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

/**
 * Rows of a CSV file (RFC 4180): cells in double quotes may hold separators, line breaks and doubled quotes. Blank lines
 * are skipped; memory is bounded by a row. Throws InputError naming the line.
 *
 * @returns each row with the number of its first line, from 1
 */
export async function* readCsv(path: string): AsyncGenerator<{ line: number; cells: string[] }> {
  let separator: string | undefined;
  let number = 0;
  let pending = '';
  let from = 0;
  for await (const raw of readLines(path)) {
    number++;
    const line = number === 1 ? raw.replace(/^\uFEFF/, '') : raw;
    if (pending === '') {
      if (line.trim() === '') continue;
      from = number;
    }
    const text = pending === '' ? line : `${pending}\n${line}`;
    separator ??= separatorOf(text);
    const cells = cellsOf(text, separator);
    if (cells === undefined) {
      if (text.length > LONGEST) throw unclosed(path, from);
      pending = text;
      continue;
    }
    pending = '';
    yield { line: from, cells };
  }
  if (pending !== '') throw unclosed(path, from);
}

/** The cells of a row; undefined while a quote is open. */
export function cellsOf(text: string, separator: string): string[] | undefined {
  if (!text.includes('"')) return text.split(separator);
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let cell = '';
      let open = at + 1;
      for (;;) {
        const close = text.indexOf('"', open);
        if (close === -1) return undefined;
        cell += text.slice(open, close);
        at = close + 1;
        if (text[at] !== '"') break;
        cell += '"';
        open = at + 1;
      }
      const end = text.indexOf(separator, at);
      cells.push(cell + text.slice(at, end === -1 ? undefined : end));
      if (end === -1) return cells;
      at = end + 1;
    } else {
      const end = text.indexOf(separator, at);
      cells.push(text.slice(at, end === -1 ? undefined : end));
      if (end === -1) return cells;
      at = end + 1;
    }
  }
}

function unclosed(path: string, line: number): InputError {
  return new InputError('has a quote that is never closed', {
    where: `${path}:${line}`,
    next: 'double the quotes inside of a cell, or quote none of it',
  });
}
