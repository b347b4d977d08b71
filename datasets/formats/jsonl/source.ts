import { InputError } from '../../../common/errors.js';
import type { PointBatch, PointsOptions } from '../../dataset.js';
import type { VectorSource } from '../../source.js';
import { describe, recordBatches } from './records.js';
import { checkVector, type JsonlScan, type JsonObject, scanJsonl } from './scan.js';

/**
 * Opens a file with one JSON object per line (`.gz` too): id, vector (or embedding, values, …) and further keys as
 * metadata. It is read once completely to learn its size and types. Throws InputError naming file and line.
 */
export async function openJsonl(
  path: string,
  options: { cacheFolder: string; signal?: AbortSignal | undefined },
): Promise<VectorSource> {
  const scan = await scanJsonl(path, { ...options, vectors: true });
  const vector = scan.vector!;
  return {
    count: scan.count,
    dimensions: vector.dimensions,
    fields: scan.fields,
    reading: { format: 'jsonl', vector: vector.key, id: scan.id },
    place: (row) => `${path}:${row + 1}`,
    read: (batch) => readBatches(path, scan, vector, batch),
    async close() {},
  };
}

async function* readBatches(
  path: string,
  scan: JsonlScan,
  vector: { key: string; dimensions: number },
  options: PointsOptions,
): AsyncGenerator<PointBatch> {
  let vectors = new Float32Array(0);
  let rows = 0;
  for await (const { start, records } of recordBatches(path, options)) {
    const count = records.length;
    if (vectors.length !== count * vector.dimensions) vectors = new Float32Array(count * vector.dimensions);
    fill(path, start, records, vector, vectors);
    rows += count;
    yield { start, count, vectors, ...describe(path, scan, start, records, options.metadata) };
  }
  if (rows === scan.count) return;
  throw new InputError(`has ${rows} lines, it had ${scan.count} when it was opened`, {
    where: path,
    next: 'let no other program change the file while it is used',
  });
}

function fill(
  path: string,
  start: number,
  records: readonly JsonObject[],
  vector: { key: string; dimensions: number },
  into: Float32Array,
): void {
  for (const [i, record] of records.entries()) {
    const value = record[vector.key];
    checkVector(`${path}:${start + i + 1}`, value, vector);
    into.set(value, i * vector.dimensions);
  }
}
