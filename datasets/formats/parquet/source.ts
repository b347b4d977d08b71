import { InputError } from '../../../common/errors.js';
import { throwIfInterrupted } from '../../abort.js';
import { unreadable } from '../../check.js';
import type { FieldSchema, PointBatch, PointsOptions } from '../../dataset.js';
import { rowIds, type VectorSource } from '../../source.js';
import { openColumns } from './columns.js';
import { openParquetFile, type ParquetFile } from './file.js';
import { type ParquetLayout, parquetLayout } from './layout.js';
import { parquetVectors, vectorDimensions } from './vectors.js';

/**
 * Opens a Parquet file with one vector per row, from this project or from another tool (pyarrow, pandas, DuckDB,
 * Spark, …). Throws InputError if it cannot be read or has no certain vector column.
 */
export async function openParquet(path: string): Promise<VectorSource> {
  const file = await openParquetFile(path);
  try {
    return await parquetSource(file);
  } catch (error) {
    file.close();
    throw unreadable(path, error, 'is not a readable Parquet file');
  }
}

async function parquetSource(file: ParquetFile): Promise<VectorSource> {
  const layout = parquetLayout(file.path, file.metadata);
  const place = (row: number) => `${file.path} row ${row}`;
  const count = Number(file.metadata.num_rows);
  if (count === 0) throw new InputError('has no rows', { where: file.path, next: 'give a file with points' });
  const dimensions = vectorDimensions(file, layout.vector, place);
  return {
    count,
    dimensions,
    fields: layout.fields,
    reading: { format: 'parquet', vector: layout.vector.name, id: layout.id ?? null },
    place,
    read: (options) => readBatches(file, layout, { count, dimensions }, options, place),
    async close() {
      file.close();
    },
  };
}

async function* readBatches(
  file: ParquetFile,
  layout: ParquetLayout,
  size: { count: number; dimensions: number },
  options: PointsOptions,
  place: (row: number) => string,
): AsyncGenerator<PointBatch> {
  const fields = wantedFields(layout, options);
  let start = 0;
  try {
    const columns = await openColumns(file);
    const vectors = parquetVectors(file, layout.vector, size.dimensions, options.batchSize, place);
    for (const batch of vectors) {
      throwIfInterrupted(options.signal);
      const count = batch.length / size.dimensions;
      const end = start + count;
      const ids = layout.id === undefined ? rowIds(start, count) : await columns.ids(layout.id, start, end);
      const metadata = fields && (await columns.metadata(fields, start, end));
      yield { start, count, ids, vectors: batch, ...(metadata && { metadata }) };
      start = end;
    }
  } catch (error) {
    throwIfInterrupted(options.signal);
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

function wantedFields(layout: ParquetLayout, options: PointsOptions): FieldSchema[] | undefined {
  return options.metadata?.map((name) => {
    const field = layout.fields.find((each) => each.name === name);
    if (field === undefined) throw new Error(`unknown metadata field ${name}`);
    return field;
  });
}
