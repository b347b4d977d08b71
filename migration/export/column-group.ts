import type { ColumnChunk, SchemaElement } from 'hyparquet';
import type { ParquetWriter } from 'hyparquet-writer';
import type { FieldType } from '../../datasets/dataset.js';
import {
  HELD,
  type PointColumns,
  type TextColumn,
  type Texts,
  type ValueColumn,
} from '../../engines/contract/columns.js';
import type { PointValue } from '../../engines/contract/points.js';
import { elementsOf, type VectorField } from '../../engines/contract/vectors.js';
import { idIn, valueAt, vectorAt } from '../../engines/kit/columns.js';
import { idType, type PointShape } from './canonical.js';
import { type PagedColumn, pagedField, plainNumbers, plainTexts, writeColumnPages } from './column-pages.js';
import {
  fieldColumn,
  floatingColumns,
  ID,
  ID_TYPE,
  METADATA,
  PARTS,
  type PartShape,
  SPARSE,
  vectorColumn,
} from './columns.js';
import { DETAILS, detailOf } from './details.js';
import { cellOf, fitsColumn, restOf } from './metadata-cells.js';
import { vectorCells } from './vector-cells.js';
import { hasPages, writeVectorBlock, writeVectorPages } from './vector-pages.js';

/** Writes one column of a row group. */
type Chunk = (writer: ParquetWriter['writer']) => ColumnChunk;

/** A column by the value: what has no typed form. */
interface Cells {
  name: string;
  data: unknown[];
}

/** A row group of columns, in the order of the schema. */
export function writeColumnGroup(
  parquet: ParquetWriter,
  shape: PartShape,
  ids: Pick<PointShape, 'ids'>,
  columns: PointColumns,
): void {
  const { writer } = parquet;
  const start = writer.offset;
  const floating = floatingColumns(shape);
  const chunks: ColumnChunk[] = [];
  for (const each of groupOf(shape, ids, columns)) {
    if (typeof each === 'function') chunks.push(each(writer));
    else chunks.push(...cellChunks(parquet, each, floating.has(each.name)));
  }
  const sum = (of: 'total_uncompressed_size' | 'total_compressed_size') =>
    chunks.reduce((total, { meta_data }) => total + meta_data![of], 0n);
  parquet.num_rows += BigInt(columns.count);
  parquet.row_groups.push({
    columns: chunks,
    total_byte_size: sum('total_uncompressed_size'),
    num_rows: BigInt(columns.count),
    total_compressed_size: BigInt(writer.offset - start),
  });
}

/** By the library, which makes a row group of it that is taken apart again. */
function cellChunks(parquet: ParquetWriter, cells: Cells, isFloating: boolean): ColumnChunk[] {
  void parquet.write({
    columnData: [
      // A dictionary of the library's would take -0 for 0.
      { ...cells, statistics: false, offsetIndex: false, ...(isFloating && { encoding: 'PLAIN' as const }) },
    ],
    rowGroupSize: cells.data.length,
  });
  const group = parquet.row_groups.pop()!;
  parquet.num_rows -= group.num_rows;
  return group.columns;
}

function groupOf(shape: PartShape, ids: Pick<PointShape, 'ids'>, columns: PointColumns): (Chunk | Cells)[] {
  const types = new Map(shape.fields.map(({ name, type }) => [name, type]));
  return [
    ...idColumns(shape, ids, columns),
    ...shape.vectors.flatMap((field) => vectorColumns(field, columns)),
    ...shape.fields.map(({ name, type }) => fieldChunk(name, type, columns)),
    restColumn(types, columns),
    ...PARTS.map((part) => partColumn(part, columns[part], columns.count)),
    ...DETAILS.map(({ name, type }): Chunk | Cells =>
      columns.details === undefined
        ? noValues(name, type === 'text' ? 'BYTE_ARRAY' : 'INT64', columns.count)
        : { name, data: columns.details.map((each) => detailOf(each, name) ?? null) },
    ),
  ];
}

function paged(column: PagedColumn, count: number): Chunk {
  return (writer) => writeColumnPages(writer, column, count);
}

function idColumns(
  { idColumn }: PartShape,
  shape: Pick<PointShape, 'ids'>,
  { ids, count }: PointColumns,
): (Chunk | Cells)[] {
  const column = { path: [ID], optional: false } as const;
  if (ids.type === 'text' && idColumn === 'text')
    return [paged({ ...column, type: 'BYTE_ARRAY', values: plainTexts(ids.texts) }, count)];
  if (ids.type === 'integer' && (idColumn === 'int64' || idColumn === 'uint64'))
    return [paged({ ...column, type: 'INT64', values: plainNumbers(ids.values) }, count)];
  const all = Array.from({ length: count }, (_, row) => idIn(ids, row));
  const isText = idColumn === 'text' || idColumn === 'typed text';
  return [
    { name: ID, data: isText ? all.map(String) : all },
    ...(idColumn === 'typed text' ? [{ name: ID_TYPE, data: all.map((id) => idType(shape, id)) }] : []),
  ];
}

function vectorColumns(field: VectorField, { vectors, count }: PointColumns): (Chunk | Cells)[] {
  const found = vectors[field.name];
  if (hasPages(field)) {
    if (found?.type === 'dense') return [(writer) => writeVectorBlock(writer, field, found, count)];
    const values = found?.values ?? Array.from({ length: count }, () => undefined);
    return [(writer) => writeVectorPages(writer, field, values)];
  }
  const size = elementsOf(field);
  const cells = Array.from({ length: count }, (_, row) =>
    vectorCells(field, found && vectorAt(found, size, row)),
  );
  const column = vectorColumn(field.name);
  const names = field.kind === 'sparse' ? [column + SPARSE.indices, column + SPARSE.values] : [column];
  return names.map((name, at) => ({ name, data: cells.map((each) => each[at]) }));
}

const PHYSICAL = {
  string: 'BYTE_ARRAY',
  integer: 'INT64',
  timestamp: 'INT64',
  float: 'DOUBLE',
  boolean: 'BOOLEAN',
} as const satisfies Partial<Record<FieldType, SchemaElement['type']>>;

function physical(type: FieldType): (typeof PHYSICAL)[keyof typeof PHYSICAL] {
  return PHYSICAL[(type.endsWith('[]') ? type.slice(0, -2) : type) as keyof typeof PHYSICAL];
}

function fieldChunk(name: string, type: FieldType, { fields, count }: PointColumns): Chunk | Cells {
  const column = Object.hasOwn(fields, name) ? fields[name] : undefined;
  const path = [fieldColumn(name)];
  if (column === undefined)
    return noValues(fieldColumn(name), physical(type), count, type.endsWith('[]') ? 'list' : 'one');
  if (column.type === type) return paged(pagedField(path, physical(type), column), count);
  return {
    name: fieldColumn(name),
    data: Array.from({ length: count }, (_, row) => {
      const value = valueAt(column, row);
      return value === undefined || value === null || !fitsColumn(type, value) ? null : cellOf(type, value);
    }),
  };
}

/** A column without a value, in a few bytes. */
function noValues(
  name: string,
  type: PagedColumn['type'],
  count: number,
  kind: 'one' | 'list' = 'one',
): Chunk {
  const states = new Uint8Array(count).fill(HELD.missing);
  const column = { type, optional: true, states, values: plainTexts(noTexts(count)) };
  if (kind === 'one') return paged({ ...column, path: [name] }, count);
  return paged({ ...column, path: [name, 'list', 'element'], offsets: new Int32Array(count + 1) }, count);
}

function noTexts(rows: number): Texts {
  return { bytes: new Uint8Array(0), offsets: new Int32Array(rows + 1) };
}

function partColumn(name: string, column: TextColumn | undefined, count: number): Chunk {
  if (column === undefined) return noValues(name, 'BYTE_ARRAY', count);
  return paged(
    {
      type: 'BYTE_ARRAY',
      path: [name],
      optional: true,
      states: column.states,
      values: plainTexts(column.texts),
    },
    count,
  );
}

/** JSON of what the columns do not say: nulls, and values that are not of their column's type. */
function restColumn(
  types: ReadonlyMap<string, FieldType>,
  { fields, ids, count }: PointColumns,
): Chunk | Cells {
  const told = Object.entries(fields).filter(([name, column]) => !saysAll(column, types.get(name)));
  if (told.length === 0) return noValues(METADATA, 'BYTE_ARRAY', count);
  return {
    name: METADATA,
    data: Array.from({ length: count }, (_, row) => {
      const rest: Record<string, PointValue> = Object.create(null);
      for (const [name, column] of told) {
        // A value of the column's own type is in the column.
        const value = isInColumn(column, types.get(name), row) ? undefined : valueAt(column, row);
        if (value !== undefined) rest[name] = value;
      }
      return restOf(idIn(ids, row), rest, types);
    }),
  };
}

function saysAll(column: ValueColumn, type: FieldType | undefined): boolean {
  return column.type !== null && column.type === type && column.states?.includes(HELD.null) !== true;
}

function isInColumn(column: ValueColumn, type: FieldType | undefined, row: number): boolean {
  if (column.type === null || column.type !== type) return false;
  return column.states === undefined || column.states[row] !== HELD.null;
}
