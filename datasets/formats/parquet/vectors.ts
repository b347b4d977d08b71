import type { SchemaTree } from 'hyparquet';
import { getMaxDefinitionLevel } from 'hyparquet/src/schema.js';
import { InputError } from '../../../common/errors.js';
import { dimensionsError } from '../../check.js';
import { decodeFloat16 } from '../../float16.js';
import { RowBuffer } from '../../row-buffer.js';
import type { ParquetFile } from './file.js';
import type { ParquetLayout } from './layout.js';
import { type LeafPage, leafPages } from './pages.js';

type Place = (row: number) => string;
type Vector = ParquetLayout['vector'];

/** Number of dimensions: from the schema for fixed-length bytes, from the first row for lists. */
export function vectorDimensions(file: ParquetFile, vector: Vector, place: Place): number {
  if (vector.bytes !== undefined) {
    const size = vector.leaf.element.type_length ?? 0;
    return size / (vector.bytes === 'float16' ? 2 : 4);
  }
  let length = 0;
  for (const page of leafPages(file, vector.path)) {
    rejectNulls(page, vector.path, 0, place);
    const next = page.repetition.indexOf(0, length === 0 ? 1 : 0);
    if (next !== -1) return length + next;
    length += page.repetition.length;
  }
  return length;
}

/** Vectors in row order, in batches; the array is reused. */
export function* parquetVectors(
  file: ParquetFile,
  vector: Vector,
  dimensions: number,
  batchSize: number,
  place: Place,
): Generator<Float32Array> {
  const rows = new RowBuffer(dimensions, batchSize);
  const append =
    vector.bytes === undefined
      ? listAppender(rows, dimensions, vector.path, place)
      : bytesAppender(rows, dimensions, vector.bytes, vector.path, place);
  for (const page of leafPages(file, vector.path)) {
    append.page(page);
    for (let batch = rows.take(false); batch !== undefined; batch = rows.take(false)) yield batch;
  }
  append.end();
  const last = rows.take(true);
  if (last !== undefined) yield last;
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
  let row = -1;
  let filled = dimensions;
  return {
    page(page) {
      rejectNulls(page, path, row + 1, place);
      const values = toNumbers(page.values, leaf);
      const { repetition } = page;
      const { data, at } = rows.reserve(values.length);
      for (let i = 0; i < values.length; i++) {
        if (repetition[i] === 0) {
          if (filled !== dimensions) throw dimensionsError(place(row), dimensions, filled);
          row++;
          filled = 0;
        }
        filled++;
        data[at + i] = values[i]!;
      }
      // A row longer than the first one is noticed here at the latest, before anything of it is handed out.
      if (filled > dimensions) throw dimensionsError(place(row), dimensions, filled);
      rows.commit(values.length);
    },
    end() {
      if (filled !== dimensions) throw dimensionsError(place(row), dimensions, filled);
    },
  };
}

/** Numbers of a page: 64-bit integers and halves are converted, everything else is used as it is. */
function toNumbers(values: LeafPage['values'], leaf: SchemaTree): ArrayLike<number> {
  if (leaf.element.logical_type?.type === 'FLOAT16') {
    const out = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) decodeFloat16(values[i] as Uint8Array, 1, out, i);
    return out;
  }
  if (leaf.element.type !== 'INT64') return values as ArrayLike<number>;
  return Float64Array.from(values as ArrayLike<bigint>, Number);
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
