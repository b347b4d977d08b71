import { throwIfInterrupted } from '../../abort.js';
import type { FieldSchema, MetadataColumns, PointsOptions } from '../../dataset.js';
import { fieldValue } from '../../field-values.js';
import { rowIds } from '../../source.js';
import { readLines } from '../lines.js';
import { type JsonlScan, type JsonObject, lineId, parseLine, scanJsonl } from './scan.js';
import { lineValue } from './types.js';

/** Ids and metadata of consecutive lines. */
export interface RecordBatch {
  ids: string[];
  metadata?: MetadataColumns;
}

/** A jsonl file that describes the rows of another file. */
export interface Records {
  readonly path: string;
  readonly count: number;
  readonly fields: readonly FieldSchema[];
  readonly reading: unknown;
  place(row: number): string;
  read(options: PointsOptions): AsyncGenerator<RecordBatch>;
}

/** Opens a jsonl file for its ids and metadata alone. */
export async function openRecords(
  path: string,
  options: { cacheFolder: string; signal?: AbortSignal | undefined },
): Promise<Records> {
  const scan = await scanJsonl(path, { ...options, vectors: false });
  return {
    path,
    count: scan.count,
    fields: scan.fields,
    reading: { format: 'jsonl', id: scan.id },
    place: (row) => `${path}:${row + 1}`,
    async *read(batch) {
      for await (const { start, records } of recordBatches(path, batch)) {
        yield describe(path, scan, start, records, batch.metadata);
      }
    },
  };
}

/** Parsed lines, `batchSize` at a time. */
export async function* recordBatches(
  path: string,
  { batchSize, signal }: PointsOptions,
): AsyncGenerator<{ start: number; records: JsonObject[] }> {
  let records: JsonObject[] = [];
  let start = 0;
  for await (const line of readLines(path)) {
    records.push(parseLine(path, start + records.length + 1, line));
    if (records.length < batchSize) continue;
    throwIfInterrupted(signal);
    yield { start, records };
    start += records.length;
    records = [];
  }
  if (records.length > 0) yield { start, records };
}

/** Ids and the wanted fields of parsed lines. */
export function describe(
  path: string,
  scan: JsonlScan,
  start: number,
  records: readonly JsonObject[],
  fields: readonly string[] | undefined,
): RecordBatch {
  const { id } = scan;
  const ids =
    id === null
      ? rowIds(start, records.length)
      : records.map((record, i) => lineId(`${path}:${start + i + 1}`, record, id));
  if (fields === undefined) return { ids };
  const columns = fields.map((name) => {
    const field = scan.fields.find((each) => each.name === name)!;
    const place = (i: number) => `${path}:${start + i + 1}`;
    return [
      name,
      records.map((record, i) => fieldValue(lineValue(record, name), field, () => place(i))),
    ] as const;
  });
  return { ids, metadata: Object.fromEntries(columns) };
}
