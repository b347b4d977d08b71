import { InputError } from '../../../common/errors.js';
import { type ColumnChoice, ID_NAMES, pickName, ROW_NUMBER } from '../names.js';
import type { JsonObject, RecordReader } from '../records/reader.js';
import { readCsv } from './parse.js';

type Kind = 'integer' | 'float' | 'boolean' | 'string' | 'empty';

interface Prepared {
  names: string[];
  kinds: Kind[];
  heading: boolean;
}

const INTEGER = /^(0|-?[1-9]\d*)$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Rows of a CSV file as records. A first row of numbers alone is data, and the columns are called `0`, `1`, …; otherwise it
 * is the heading. A column has one type in the whole file, told in a pass of its own: integers, numbers, true and false, or
 * text (`007` stays text); an empty cell is null. The id's column is text as it stands, as `1.0`, `1e3` and `007` are other ids
 * than `1`, `1000` and `7`; integers only where every one of its cells is how that integer is written.
 */
export function csvReader(path: string, columns: ColumnChoice = {}): RecordReader {
  const place = (number: number) => `${path}:${number}`;
  return {
    path,
    format: 'csv',
    place,
    prepare: () => prepare(path, columns),
    notes: (prepared) => notesOf(prepared as Prepared),
    async *read(prepared) {
      const { names, kinds, heading } = prepared as Prepared;
      let first = true;
      for await (const { line, cells, size } of readCsv(path)) {
        if (first && heading) {
          first = false;
          continue;
        }
        first = false;
        yield { number: line, record: recordOf(names, kinds, cells), size };
      }
    },
  };
}

async function prepare(path: string, choice: ColumnChoice): Promise<Prepared> {
  let names: string[] | undefined;
  let heading = false;
  let kinds: Kind[] = [];
  for await (const { line, cells } of readCsv(path)) {
    if (names === undefined) {
      heading = !cells.every((cell) => FLOAT.test(cell.trim()));
      names = heading ? headingOf(path, cells) : cells.map((_, i) => String(i));
      kinds = names.map(() => 'empty');
      if (heading) continue;
    }
    if (cells.length !== names.length) {
      throw new InputError(`has ${cells.length} cells, the first row has ${names.length}`, {
        where: `${path}:${line}`,
        next: 'give every row as many cells, and quote those that hold separators',
      });
    }
    for (const [i, cell] of cells.entries()) kinds[i] = common(kinds[i]!, kindOf(cell));
  }
  const id = names?.indexOf(idName(names, choice) ?? '') ?? -1;
  if (id >= 0 && kinds[id] !== 'integer' && kinds[id] !== 'empty') kinds[id] = 'string';
  return { names: names ?? [], kinds, heading };
}

function notesOf({ heading, kinds: [first, ...rest] }: Prepared): string[] {
  if (heading || first !== 'integer' || rest.length === 0 || rest.some((kind) => kind !== 'float')) return [];
  return [
    'has no heading, and only its first column holds whole numbers: it is read as the first component of the vector; if it is the id, give the file a heading (id, 0, 1, …)',
  ];
}

/** The column that can become the id, by the same rule as later by its values. */
function idName(names: readonly string[], { id, vector }: ColumnChoice): string | undefined {
  if (id === ROW_NUMBER) return undefined;
  if (id !== undefined && names.includes(id)) return id;
  return pickName(
    names.filter((name) => name !== vector),
    ID_NAMES,
  );
}

/** pandas writes its row index under an empty name. */
function headingOf(path: string, cells: readonly string[]): string[] {
  const names = cells.map((cell, i) => (cell.trim() === '' ? `Unnamed: ${i}` : cell.trim()));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return names;
  throw new InputError(`has the column "${twice}" twice`, {
    where: `${path}:1`,
    next: 'give one of the two another name',
  });
}

function kindOf(cell: string): Kind {
  if (cell === '') return 'empty';
  if (INTEGER.test(cell)) return 'integer';
  if (FLOAT.test(cell)) return /^-?0\d/.test(cell) ? 'string' : 'float';
  return /^(true|false)$/i.test(cell) ? 'boolean' : 'string';
}

function common(a: Kind, b: Kind): Kind {
  if (a === b || b === 'empty') return a;
  if (a === 'empty') return b;
  const numbers = (a === 'integer' || a === 'float') && (b === 'integer' || b === 'float');
  return numbers ? 'float' : 'string';
}

function recordOf(names: readonly string[], kinds: readonly Kind[], cells: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name, i) => [name, cellValue(cells[i] ?? '', kinds[i]!)]));
}

function cellValue(cell: string, kind: Kind): unknown {
  if (cell === '') return null;
  switch (kind) {
    case 'integer':
      return Number.isSafeInteger(Number(cell)) ? Number(cell) : BigInt(cell);
    case 'float':
      return Number(cell);
    case 'boolean':
      return cell.toLowerCase() === 'true';
    default:
      return cell;
  }
}
