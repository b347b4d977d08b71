import type { SchemaTree } from 'hyparquet';
import { getMaxDefinitionLevel } from 'hyparquet/src/schema.js';
import { InputError } from '../../../common/errors.js';
import { dimensionsError } from '../../check.js';
import { decodeFloat16 } from '../../float16.js';
import { RowBuffer } from '../../row-buffer.js';
import { narrowRows } from '../narrow.js';
import { componentsOf, FORM_WORDS, formOf, numberOf, type VectorForm } from '../vector-forms.js';
import { CellCursor } from './cells.js';
import type { ParquetFile } from './file.js';
import type { VectorColumn } from './find-vector.js';
import { type LeafPage, leafPages } from './pages.js';
import { typeWords } from './schema.js';

type Place = (row: number) => string;

/** What the first row says of all. */
export interface VectorShape {
  dimensions: number;
  /** Of cells: how they hold the numbers. */
  form: VectorForm | undefined;
  /** In words: `list<float>`. */
  words: string;
}

/** From the schema for fixed-length bytes, from the first row for everything else. Throws InputError. */
export function vectorShape(file: ParquetFile, vector: VectorColumn, place: Place): VectorShape {
  if (vector.kind === 'columns') {
    return { dimensions: vector.paths.length, form: undefined, words: 'one column for each dimension' };
  }
  if (vector.kind === 'bytes') {
    const size = vector.path.at(-1)!.element.type_length ?? 0;
    const dimensions = size / (vector.component === 'float16' ? 2 : 4);
    return { dimensions, form: undefined, words: `${vector.component} in fixed-length bytes` };
  }
  if (vector.kind === 'cell') return cellShape(file, vector.name, vector.path, place);
  const column = vector.path.find((node, i) => i > 0 && isListHead(vector.path, i) && node !== undefined)!;
  return { dimensions: listLength(file, vector.path, place), form: undefined, words: typeWords(column) };
}

/** The node of a path from which on everything is one list. */
function isListHead(path: readonly SchemaTree[], at: number): boolean {
  return path.slice(at).every((node) => node.children.length <= 1);
}

function cellShape(file: ParquetFile, name: string, path: SchemaTree[], place: Place): VectorShape {
  const [first] = new CellCursor(file, path).take(1);
  const form = formOf(first);
  if (form === undefined) {
    const why =
      first instanceof Uint8Array ? `is binary of ${first.length} bytes` : componentsOf(first, 'text');
    throw new InputError(`has no vector: the column "${name}" ${typeof why === 'string' ? why : 'is text'}`, {
      where: place(0),
      got: first instanceof Uint8Array ? Buffer.from(first).toString('hex') : first,
      next: 'store a list of float32; such a list as text, base64 and binary float32 are read too',
    });
  }
  return { dimensions: componentsOf(first, form).length, form, words: FORM_WORDS[form] };
}

function listLength(file: ParquetFile, path: SchemaTree[], place: Place): number {
  let length = 0;
  for (const page of leafPages(file, path)) {
    rejectNulls(page, path, 0, place);
    const next = page.repetition.indexOf(0, length === 0 ? 1 : 0);
    if (next !== -1) return length + next;
    length += page.repetition.length;
  }
  return length;
}

/** Vectors in row order, in batches; the array is reused. */
export function* parquetVectors(
  file: ParquetFile,
  vector: VectorColumn,
  shape: VectorShape,
  batchSize: number,
  place: Place,
): Generator<Float32Array> {
  if (vector.kind === 'cell') return yield* cellVectors(file, vector, shape, batchSize, place);
  if (vector.kind === 'columns') return yield* columnVectors(file, vector.paths, batchSize, place);
  const { dimensions } = shape;
  const rows = new RowBuffer(dimensions, batchSize);
  const append =
    vector.kind === 'list'
      ? listAppender(rows, dimensions, vector.path, place)
      : bytesAppender(rows, dimensions, vector.component, vector.path, place);
  for (const page of leafPages(file, vector.path)) {
    append.page(page);
    for (let batch = rows.take(false); batch !== undefined; batch = rows.take(false)) yield batch;
  }
  append.end();
  const last = rows.take(true);
  if (last !== undefined) yield last;
}

/** One text or binary value per row. */
function* cellVectors(
  file: ParquetFile,
  { name, path }: { name: string; path: SchemaTree[] },
  { dimensions, form }: VectorShape,
  batchSize: number,
  place: Place,
): Generator<Float32Array> {
  const cells = new CellCursor(file, path);
  const count = Number(file.metadata.num_rows);
  for (let start = 0; start < count; start += batchSize) {
    const values = cells.take(Math.min(batchSize, count - start));
    const batch = new Float32Array(values.length * dimensions);
    for (const [i, value] of values.entries()) {
      const components = componentsOf(value, form!);
      if (typeof components === 'string') {
        throw new InputError(`has no vector: the column "${name}" ${components}`, {
          where: place(start + i),
          next: 'give every point a vector, or remove it',
        });
      }
      if (components.length !== dimensions) {
        throw dimensionsError(place(start + i), dimensions, components.length);
      }
      narrowRows(components, batch, i * dimensions, dimensions, () => place(start + i));
    }
    yield batch;
  }
}

/** One column for each dimension. */
function* columnVectors(
  file: ParquetFile,
  paths: readonly SchemaTree[][],
  batchSize: number,
  place: Place,
): Generator<Float32Array> {
  const cursors = paths.map((path) => new CellCursor(file, path));
  const count = Number(file.metadata.num_rows);
  for (let start = 0; start < count; start += batchSize) {
    const rows = Math.min(batchSize, count - start);
    const values = new Float64Array(rows * paths.length);
    for (const [column, cursor] of cursors.entries()) {
      for (const [i, value] of cursor.take(rows).entries()) {
        if (typeof value !== 'number' && typeof value !== 'bigint') {
          throw new InputError(`has no vector: its column "${paths[column]!.at(-1)!.element.name}" is null`, {
            where: place(start + i),
            next: 'give every point all of its components, or remove it',
          });
        }
        values[i * paths.length + column] = Number(value);
      }
    }
    const batch = new Float32Array(values.length);
    narrowRows(values, batch, 0, paths.length, (row) => place(start + row));
    yield batch;
  }
}

interface Appender {
  page(page: LeafPage): void;
  /** After the last page: the last row must be whole. */
  end(): void;
}

function bytesAppender(
  rows: RowBuffer,
  dimensions: number,
  component: 'float16' | 'float32',
  path: SchemaTree[],
  place: Place,
): Appender {
  let row = 0;
  const floats = new Float32Array(dimensions);
  const raw = new Uint8Array(floats.buffer);
  return {
    page(page) {
      rejectNulls(page, path, row, place);
      const { data, at } = rows.reserve(page.values.length * dimensions);
      for (let i = 0; i < page.values.length; i++) {
        const bytes = page.values[i] as Uint8Array;
        if (component === 'float16') decodeFloat16(bytes, dimensions, data, at + i * dimensions);
        else {
          raw.set(bytes);
          data.set(floats, at + i * dimensions);
        }
      }
      row += page.values.length;
      rows.commit(page.values.length * dimensions);
    },
    end() {},
  };
}

function listAppender(rows: RowBuffer, dimensions: number, path: SchemaTree[], place: Place): Appender {
  const leaf = path[path.length - 1]!;
  const nested = path.filter((node) => node.element.repetition_type === 'REPEATED').length > 1;
  let row = -1;
  let filled = dimensions;
  return {
    page(page) {
      rejectNulls(page, path, row + 1, place);
      const values = toNumbers(page, leaf, (at) => place(row + startsTo(page, at)));
      const { repetition } = page;
      const { data, at } = rows.reserve(values.length);
      data.set(values, at);
      if (nested) checkOneList(repetition, row, place);
      // From row start to row start: indexOf is many times as fast as looking at every level.
      for (let from = 0; from < values.length; ) {
        if (repetition[from] === 0) {
          if (filled !== dimensions) throw dimensionsError(place(row), dimensions, filled);
          row++;
          filled = 0;
        }
        const next = repetition.indexOf(0, from + 1);
        const to = next === -1 ? values.length : next;
        filled += to - from;
        from = to;
      }
      if (values instanceof Float64Array) checkRange(values, repetition, row, dimensions, place);
      // A row longer than the first one is noticed here at the latest, before anything of it is handed out.
      if (filled > dimensions) throw dimensionsError(place(row), dimensions, filled);
      rows.commit(values.length);
    },
    end() {
      if (filled !== dimensions) throw dimensionsError(place(row), dimensions, filled);
    },
  };
}

/** @param row number of the row that the page before ended in */
function checkOneList(repetition: Uint8Array, row: number, place: Place): void {
  const at = repetition.indexOf(1);
  if (at === -1) return;
  const starts = repetition.subarray(0, at).filter((level) => level === 0).length;
  throw severalLists(place(row + starts));
}

function severalLists(where: string): InputError {
  return new InputError('the vector is a list of several lists: one vector per point is needed', {
    where,
    next: 'average them, or give each a point of its own',
  });
}

/** Doubles that float32 cannot hold, which would be infinite, or zero where nothing of the row is left. */
function checkRange(
  values: Float64Array,
  repetition: Uint8Array,
  lastRow: number,
  dimensions: number,
  place: Place,
): void {
  const extreme = values.some((value) => value !== 0 && (Math.abs(value) > 3e38 || Math.abs(value) < 1e-44));
  if (!extreme) return;
  const rowsHere = repetition.filter((level) => level === 0).length;
  const from = repetition.indexOf(0);
  // A row that began on the page before is looked at as far as it is here.
  if (from > 0) {
    const head = values.subarray(0, from);
    narrowRows(head, new Float32Array(from), 0, from, () => place(lastRow - rowsHere));
  }
  const body = values.subarray(Math.max(from, 0));
  narrowRows(body, new Float32Array(body.length), 0, dimensions, (row) =>
    place(lastRow - rowsHere + 1 + row),
  );
}

/** Numbers of a page: 64-bit integers and halves are converted, everything else is used as it is. */
function toNumbers({ values }: LeafPage, leaf: SchemaTree, where: (at: number) => string): ArrayLike<number> {
  if (leaf.element.logical_type?.type === 'FLOAT16') {
    const out = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) decodeFloat16(values[i] as Uint8Array, 1, out, i);
    return out;
  }
  if (leaf.element.type === 'BYTE_ARRAY')
    return Float64Array.from(values as Uint8Array[], (bytes, at) => numberOfText(bytes, () => where(at)));
  if (leaf.element.type === 'DOUBLE') {
    return values instanceof Float64Array ? values : Float64Array.from(values as ArrayLike<number>);
  }
  if (leaf.element.type !== 'INT64') return values as ArrayLike<number>;
  return Float64Array.from(values as ArrayLike<bigint>, Number);
}

const utf8 = new TextDecoder();

function numberOfText(bytes: Uint8Array, where: () => string): number {
  const text = utf8.decode(bytes);
  const number = numberOf(text);
  if (number !== undefined) return number;
  throw new InputError('the vector has a component that is a text and no number', {
    where: where(),
    got: text,
    next: 'store a list of float32, or choose the column of the vectors with --vector (dataset.vector in a suite)',
  });
}

/** Rows that begin in a page up to a value. */
function startsTo({ repetition }: LeafPage, at: number): number {
  return repetition.subarray(0, at + 1).filter((level) => level === 0).length;
}

/** A null or empty vector, or a null component, shows as a definition level below the highest. */
function rejectNulls(page: LeafPage, path: SchemaTree[], row: number, place: Place): void {
  if (page.definition.length === 0) return;
  const highest = getMaxDefinitionLevel(path);
  const at = page.definition.findIndex((level) => level !== highest);
  if (at === -1) return;
  const starts = page.repetition.slice(0, at + 1).filter((level) => level === 0).length;
  const found = page.repetition.length === 0 ? row + at : row + Math.max(starts, 1) - 1;
  throw new InputError('the vector is null, empty or has a null component', {
    where: place(found),
    next: 'remove the point or give it a vector',
  });
}
