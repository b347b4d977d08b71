import type { FieldSchema, MetadataColumns, PointsOptions } from '../../dataset.js';
import type { ColumnsRead } from '../names.js';
import type { RecordReader } from './reader.js';
import { placeOf, type ScanOptions, scanRecords } from './scan.js';
import { describe, recordBatches } from './source.js';

/** Ids and metadata of consecutive rows. */
export interface RecordBatch {
  ids: string[];
  metadata?: MetadataColumns;
}

/** A file of records that describes the rows of another file. */
export interface Records {
  readonly path: string;
  readonly count: number;
  readonly fields: readonly FieldSchema[];
  readonly columns: ColumnsRead;
  readonly reading: unknown;
  place(row: number): string;
  read(options: PointsOptions): AsyncGenerator<RecordBatch>;
}

/** Opens a file of records for its ids and metadata alone. */
export async function openRecords(
  reader: RecordReader,
  options: Omit<ScanOptions, 'vectors'>,
): Promise<Records> {
  const scan = await scanRecords(reader, { ...options, vectors: false });
  return {
    path: reader.path,
    count: scan.count,
    fields: scan.fields,
    columns: scan.columns,
    reading: { format: reader.format, id: scan.id },
    place: (row) => placeOf(reader, scan, row),
    async *read(batch) {
      for await (const { start, records } of recordBatches(reader, scan, batch)) {
        yield describe(scan, records, start, batch.metadata, (i) => placeOf(reader, scan, start + i));
      }
    },
  };
}
