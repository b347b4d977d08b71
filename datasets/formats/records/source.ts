import { InputError } from '../../../common/errors.js';
import type { MetadataColumns, PointBatch, PointsOptions } from '../../dataset.js';
import { fieldValue } from '../../field-values.js';
import { rowIds, throwIfInterrupted, type VectorSource } from '../../source.js';
import { idText } from '../ids.js';
import { narrowRows } from '../narrow.js';
import { componentInWords } from '../numbers.js';
import { type JsonObject, type RecordReader, valueAt } from './reader.js';
import { placeOf, type RecordScan, type ScanOptions, scanRecords, vectorOf } from './scan.js';

/**
 * Opens a file of records as vectors with ids and metadata. It is read once completely to learn its size and types.
 * Throws InputError naming the place.
 */
export async function openRecordSource(
  reader: RecordReader,
  options: Omit<ScanOptions, 'vectors'>,
): Promise<VectorSource> {
  const scan = await scanRecords(reader, { ...options, vectors: true });
  const { count, fields, columns, id } = scan;
  const vector = scan.vector!;
  const name = vector.kind === 'value' ? vector.name : vector.names;
  return {
    count,
    dimensions: vector.dimensions,
    fields,
    columns,
    component: typeof name === 'string' ? componentInWords(reader.typeOf?.(name) ?? '') : undefined,
    reading: { format: reader.format, vector: name, id },
    place: (row) => placeOf(reader, scan, row),
    read: (batch) => readBatches(reader, scan, batch),
    async close() {},
  };
}

async function* readBatches(
  reader: RecordReader,
  scan: RecordScan,
  options: PointsOptions,
): AsyncGenerator<PointBatch> {
  const vector = scan.vector!;
  const { dimensions } = vector;
  let vectors = new Float32Array(0);
  for await (const { start, records } of recordBatches(reader, scan, options)) {
    const place = (i: number) => placeOf(reader, scan, start + i);
    if (vectors.length !== records.length * dimensions)
      vectors = new Float32Array(records.length * dimensions);
    for (const [i, record] of records.entries()) {
      const components = vectorOf(record, vector, place(i));
      narrowRows(components, vectors, i * dimensions, dimensions, () => place(i));
    }
    yield {
      start,
      count: records.length,
      vectors,
      ...describe(scan, records, start, options.metadata, place),
    };
  }
}

/** Of the records of a batch as they stand in the file. */
const MOST_BYTES = 32 * 2 ** 20;

/** Parsed records, at most `batchSize` at a time. Throws InputError if there are not as many as when the file was opened. */
export async function* recordBatches(
  reader: RecordReader,
  scan: RecordScan,
  { batchSize, signal }: PointsOptions,
): AsyncGenerator<{ start: number; records: JsonObject[] }> {
  let records: JsonObject[] = [];
  let start = 0;
  let bytes = 0;
  for await (const { record, size = 0 } of reader.read(scan.prepared)) {
    records.push(record);
    bytes += size;
    if (records.length < batchSize && bytes < MOST_BYTES) continue;
    bytes = 0;
    throwIfInterrupted(signal);
    yield { start, records };
    start += records.length;
    records = [];
  }
  if (records.length > 0) yield { start, records };
  if (start + records.length === scan.count) return;
  throw new InputError(`has ${start + records.length} records, it had ${scan.count} when it was opened`, {
    where: reader.path,
    next: 'let no other program change the file while it is used',
  });
}

/** Ids and the wanted fields of parsed records. */
export function describe(
  { id, fields }: RecordScan,
  records: readonly JsonObject[],
  start: number,
  names: readonly string[] | undefined,
  place: (i: number) => string,
): { ids: string[]; metadata?: MetadataColumns } {
  const ids =
    id === null
      ? rowIds(start, records.length)
      : records.map((record, i) => idText(valueAt(record, id), id, () => place(i)));
  if (names === undefined) return { ids };
  const columns = names.map((name) => {
    const field = fields.find((each) => each.name === name)!;
    return [
      name,
      records.map((record, i) => fieldValue(valueAt(record, name), field, () => place(i))),
    ] as const;
  });
  return { ids, metadata: Object.fromEntries(columns) };
}
