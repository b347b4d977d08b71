import { InputError } from '../../../common/errors.js';
import { unreadable } from '../../check.js';
import type { FieldSchema, PointBatch, PointsOptions } from '../../dataset.js';
import { rowIds, throwIfInterrupted, type VectorSource } from '../../source.js';
import { idText } from '../ids.js';
import type { ColumnChoice } from '../names.js';
import { componentInWords } from '../numbers.js';
import { isRowFault, throwBadRows } from './bad-rows.js';
import { CellCursor } from './cells.js';
import { openColumns } from './columns.js';
import { openParquetFile, type ParquetFile } from './file.js';
import { type ParquetLayout, parquetLayout } from './layout.js';
import { parquetVectors, type VectorShape, vectorShape } from './vectors.js';

/**
 * Opens a Parquet file with one vector per row, from this project or from another tool (pyarrow, pandas, DuckDB,
 * Spark, …). Throws InputError if it cannot be read or has no certain vector column.
 */
export async function openParquet(path: string, choice: ColumnChoice = {}): Promise<VectorSource> {
  const file = await openParquetFile(path);
  try {
    return await parquetSource(file, choice);
  } catch (error) {
    file.close();
    throw unreadable(path, error, 'is not a readable Parquet file');
  }
}

async function parquetSource(file: ParquetFile, choice: ColumnChoice): Promise<VectorSource> {
  const layout = parquetLayout(file.path, file.metadata, choice);
  const place = (row: number) => `${file.path} row ${row}`;
  const count = Number(file.metadata.num_rows);
  if (count === 0) throw new InputError('has no rows', { where: file.path, next: 'give a file with points' });
  const shape = await shapeOf(file, layout, place);
  const { dimensions } = shape;
  const { name } = layout.vector;
  return {
    count,
    dimensions,
    fields: layout.fields,
    columns: { ...layout.columns, vector: `column "${name}" (${shape.words}, ${dimensions})` },
    component: componentInWords(shape.words),
    reading: { format: 'parquet', vector: name, id: layout.id?.at(-1)?.element.name ?? null },
    place,
    read: (options) => readBatches(file, layout, { count, ...shape }, options, place),
    async close() {
      file.close();
    },
  };
}

/** Nulls on the first page are found here. */
async function shapeOf(file: ParquetFile, layout: ParquetLayout, place: (row: number) => string) {
  try {
    return vectorShape(file, layout.vector, place);
  } catch (error) {
    if (isRowFault(error)) await throwBadRows(file, layout, undefined, place);
    throw error;
  }
}

async function* readBatches(
  file: ParquetFile,
  layout: ParquetLayout,
  size: { count: number } & VectorShape,
  options: PointsOptions,
  place: (row: number) => string,
): AsyncGenerator<PointBatch> {
  const fields = wantedFields(layout, options);
  let start = 0;
  try {
    const columns = await openColumns(file);
    const idCells = layout.id && new CellCursor(file, layout.id);
    const vectors = parquetVectors(file, layout.vector, size, options.batchSize, place);
    for (const batch of vectors) {
      throwIfInterrupted(options.signal);
      const count = batch.length / size.dimensions;
      const end = start + count;
      const ids =
        idCells === undefined ? rowIds(start, count) : readIds(idCells, layout, start, count, place);
      const metadata = fields && (await columns.metadata(fields, start, end));
      yield { start, count, ids, vectors: batch, ...(metadata && { metadata }) };
      start = end;
    }
  } catch (error) {
    throwIfInterrupted(options.signal);
    if (isRowFault(error)) await throwBadRows(file, layout, size.dimensions, place);
    throw error instanceof Error && 'exitCode' in error
      ? error
      : unreadable(file.path, error, `is damaged at or after row ${start}`);
  }
  if (start !== size.count) {
    throw new InputError(`ends after ${start} rows, its footer says ${size.count}`, {
      where: file.path,
      next: 'the file is damaged: write or download it again',
    });
  }
}

function readIds(
  cells: CellCursor,
  { id }: ParquetLayout,
  start: number,
  count: number,
  place: (row: number) => string,
): string[] {
  const { name } = id!.at(-1)!.element;
  return cells.take(count).map((value, i) => idText(value, name, () => place(start + i)));
}

function wantedFields(layout: ParquetLayout, options: PointsOptions): FieldSchema[] | undefined {
  return options.metadata?.map((name) => {
    const field = layout.fields.find((each) => each.name === name);
    if (field === undefined) throw new Error(`unknown metadata field ${name}`);
    return field;
  });
}
