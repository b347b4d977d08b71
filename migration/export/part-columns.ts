import { isUtf8 } from 'node:buffer';
import { parquetSchema, type RowGroup, type SchemaTree } from 'hyparquet';
import { reading } from '../../common/reading.js';
import type { FieldType } from '../../datasets/dataset.js';
import { openParquetFile, type ParquetFile } from '../../datasets/formats/parquet/file.js';
import {
  HELD,
  type IdValues,
  type PointColumns,
  type PointDetails,
  type TextColumn,
  type Texts,
  type ValueColumn,
  type VectorValues,
} from '../../engines/contract/columns.js';
import type { Point, PointValue } from '../../engines/contract/points.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import { record } from '../../engines/kit/check.js';
import { textAt, valueAt } from '../../engines/kit/columns.js';
import { floatsToBrains, floatsToHalves } from '../../engines/kit/half.js';
import { sliceColumns } from '../../engines/kit/slice-columns.js';
import { fieldColumn, ID, METADATA, PARTS, vectorColumn } from './columns.js';
import { DETAILS, setDetail } from './details.js';
import { parseMetadata } from './metadata-json.js';
import { ALL_ROWS, damaged, type ReadShape, type RowRange } from './part-reader.js';
import { readBlock, readLists, readScalars, type StoredColumn, type StoredType } from './stored-columns.js';
import { hasPages } from './vector-pages.js';

/** Whether parts of a shape can be read as columns: ids of one type, and vectors that are lists of floats. */
export function canReadColumns({ idColumn, vectors }: ReadShape): boolean {
  return idColumn !== 'typed text' && vectors.every(hasPages);
}

/**
 * Reads a part as columns, a row group at a time.
 * @param range row groups outside of it are not read
 * @throws InputError naming the file if it is damaged or not what the manifest says
 */
export async function* readPartColumns(
  path: string,
  shape: ReadShape,
  { from, to }: RowRange = ALL_ROWS,
): AsyncGenerator<PointColumns> {
  let file: ParquetFile | undefined;
  try {
    file = await openParquetFile(path);
    const opened = file;
    const part = new Part(opened, shape);
    let start = 0;
    for (const group of opened.metadata.row_groups) {
      const count = Number(group.num_rows);
      const wanted = { from: Math.max(0, from - start), to: Math.min(count, to - start) };
      start += count;
      if (wanted.from >= wanted.to) continue;
      const columns = reading(path, opened.buffer.byteLength, () => part.columns(group));
      yield wanted.from === 0 && wanted.to === count
        ? columns
        : sliceColumns(columns, shape.vectors, wanted.from, wanted.to);
    }
  } catch (error) {
    throw damaged(path, error);
  } finally {
    file?.close();
  }
}

class Part {
  readonly #file: ParquetFile;
  readonly #shape: ReadShape;
  readonly #root: SchemaTree;
  /** What `metadata` says, by its text: most that it says is said again and again. */
  readonly #rests = new Map<string, readonly [string, PointValue][]>();

  constructor(file: ParquetFile, shape: ReadShape) {
    this.#file = file;
    this.#shape = shape;
    this.#root = parquetSchema(file.metadata);
  }

  columns(group: RowGroup): PointColumns {
    const count = Number(group.num_rows);
    const { vectors, fields } = this.#shape;
    const values = record<ValueColumn>();
    for (const { name, type } of fields)
      if (this.#has(fieldColumn(name))) values[name] = this.#field(group, name, type);
    this.#addRest(group, values, count);
    return {
      count,
      ids: this.#ids(group),
      vectors: Object.fromEntries(vectors.map((field) => [field.name, this.#vector(group, field)])),
      fields: values,
      ...Object.fromEntries(PARTS.map((part) => [part, this.#text(group, part)])),
      details: this.#details(group, count),
    };
  }

  #has(column: string): boolean {
    return this.#root.children.some(({ element }) => element.name === column);
  }

  /** From the root to the leaf of a column that has one. */
  #path(column: string): SchemaTree[] {
    const path = [this.#root];
    let next = this.#root.children.find(({ element }) => element.name === column);
    if (next === undefined) throw new Error(`has no column "${column}"`);
    for (; next !== undefined; [next] = next.children) path.push(next);
    return path;
  }

  #scalars(group: RowGroup, column: string, type: StoredType): StoredColumn {
    return checked(readScalars(this.#file, group, this.#path(column), type));
  }

  #ids(group: RowGroup): IdValues {
    const { idColumn } = this.#shape;
    const { values } = this.#scalars(group, ID, idColumn === 'text' ? 'string' : 'integer');
    if (values.type === 'string') return { type: 'text', texts: values.texts };
    const numbers = values.values as BigInt64Array;
    return {
      type: 'integer',
      values: idColumn === 'uint64' ? new BigUint64Array(numbers.buffer, 0, numbers.length) : numbers,
    };
  }

  #vector(group: RowGroup, field: VectorField): VectorValues {
    const { values, present } = readBlock(
      this.#file,
      group,
      this.#path(vectorColumn(field.name)),
      field.dimensions,
    );
    if (field.type === 'f16') return { type: 'dense', values: floatsToHalves(values), present };
    return { type: 'dense', values: field.type === 'bf16' ? floatsToBrains(values) : values, present };
  }

  #field(group: RowGroup, name: string, type: FieldType): ValueColumn {
    const column = fieldColumn(name);
    if (!type.endsWith('[]')) {
      const { values, states } = this.#scalars(group, column, type as StoredType);
      return { ...values, states };
    }
    const element = type.slice(0, -2) as StoredType;
    const { values, states, offsets } = checked(readLists(this.#file, group, this.#path(column), element));
    return { type: type as 'string[]', offsets: offsets!, elements: values, states };
  }

  #text(group: RowGroup, column: string): TextColumn | undefined {
    const { values, states } = this.#scalars(group, column, 'string');
    const { texts } = values as { texts: Texts };
    return states?.includes(HELD.value) === false ? undefined : { texts, states };
  }

  /** Nulls, and values that are not of their column's type. */
  #addRest(group: RowGroup, fields: Record<string, ValueColumn>, count: number): void {
    const column = this.#text(group, METADATA);
    if (column === undefined) return;
    for (let row = 0; row < count; row++) {
      if (column.states !== undefined && column.states[row] !== HELD.value) continue;
      for (const [name, value] of this.#restOf(textAt(column.texts, row)))
        fields[name] = withValue(fields[name], row, value, count);
    }
  }

  #restOf(text: string): readonly [string, PointValue][] {
    const known = this.#rests.get(text);
    if (known !== undefined) return known;
    const entries = Object.entries(parseMetadata(text, this.#shape.timestamps));
    if (this.#rests.size < 1000) this.#rests.set(text, entries);
    return entries;
  }

  #details(group: RowGroup, count: number): PointDetails[] | undefined {
    let details: Point[] | undefined;
    for (const { name, type } of DETAILS) {
      if (!this.#has(name)) continue;
      const { values, states } = this.#scalars(group, name, type === 'text' ? 'string' : type);
      if (states?.includes(HELD.value) === false) continue;
      details ??= Array.from({ length: count }, () => ({}) as Point);
      for (let row = 0; row < count; row++) {
        if (states !== undefined && states[row] !== HELD.value) continue;
        const value = values.type === 'string' ? textAt(values.texts, row) : values.values[row];
        setDetail(details[row]!, name, value as string | bigint);
      }
    }
    return details;
  }
}

/** A column with another value in one row: null keeps its type, anything else makes it one of type null. */
function withValue(
  column: ValueColumn | undefined,
  row: number,
  value: PointValue,
  count: number,
): ValueColumn {
  if (column === undefined || (column.type !== null && value !== null)) {
    const values = Array.from({ length: count }, (_, at) => column && valueAt(column, at));
    values[row] = value;
    return { type: null, values };
  }
  if (column.type === null) {
    (column.values as (PointValue | undefined)[])[row] = value;
    return column;
  }
  const states = column.states ?? new Uint8Array(count).fill(HELD.value);
  states[row] = HELD.null;
  return column.states === undefined ? { ...column, states } : column;
}

function checked(column: StoredColumn): StoredColumn {
  const { values } = column;
  if (values.type !== 'string') return column;
  const { bytes, offsets } = values.texts;
  if (isUtf8(bytes.subarray(offsets[0], offsets.at(-1)))) return column;
  throw new Error('a text is not UTF-8');
}
