import { InterruptedError } from '../common/errors.js';
import type { FieldSchema, MetadataColumns, PointBatch, PointsOptions } from './dataset.js';
import type { ColumnsRead } from './formats/names.js';
import type { NumberType } from './formats/numbers.js';

/**
 * What one file format gives: vectors with ids and metadata, in row order. Points and query sets are read
 * through the same interface.
 */
export interface VectorSource {
  readonly count: number;
  readonly dimensions: number;
  readonly fields: readonly FieldSchema[];
  /** What was taken for id, vector and text. */
  readonly columns: ColumnsRead;
  /** Number type of the components, where the file has one; text has none. */
  readonly component?: NumberType | undefined;
  /** How the files are read, as far as it changes what comes out; part of the dataset's hash. */
  readonly reading: unknown;
  /** Where row `row` is, in the file's own words. */
  place(row: number): string;
  /** Batches in row order; `vectors` is reused from batch to batch. */
  read(options: PointsOptions): AsyncIterable<PointBatch>;
  close(): Promise<void>;
}

/** Throws InterruptedError once the signal was given: reading and converting stop between two batches. */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new InterruptedError('interrupted while reading the dataset');
}

/** Row numbers as ids: `start`, `start + 1`, … */
export function rowIds(start: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(start + i));
}

/** Columns of a file that holds one table of numbers and nothing else. */
export function tableColumns(vector: string): ColumnsRead {
  return { id: null, vector, text: null, idCandidates: [], notes: [] };
}

/** Everything of a (small) source at once: query sets are held in memory. */
export async function readAll(
  source: VectorSource,
  signal?: AbortSignal,
): Promise<{ ids: string[]; vectors: Float32Array; fields: MetadataColumns }> {
  const ids: string[] = [];
  const vectors = new Float32Array(source.count * source.dimensions);
  const names = source.fields.map((field) => field.name);
  const fields: Record<string, unknown[]> = Object.fromEntries(names.map((name) => [name, []]));
  for await (const batch of source.read({ batchSize: 4096, metadata: names, signal })) {
    vectors.set(batch.vectors, batch.start * source.dimensions);
    for (const id of batch.ids) ids.push(id);
    for (const name of names) for (const value of batch.metadata?.[name] ?? []) fields[name]!.push(value);
  }
  return { ids, vectors, fields: fields as MetadataColumns };
}
