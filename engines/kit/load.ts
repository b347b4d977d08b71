import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FailureError } from '../../common/errors.js';
import type { FieldSchema, MetadataColumns, MetadataValue } from '../../datasets/dataset.js';
import { conditionsOf, type Filter } from '../../filters/filter.js';
import type { LoadBatch } from '../contract/spec.js';

/**
 * Walks a batch in chunks of `size` points for engines that insert synchronously: between chunks the event loop
 * gets a turn, so that progress, deadlines and the signal are served. Rejects with the signal's reason.
 */
export async function inChunks(
  batch: LoadBatch,
  size: number,
  signal: AbortSignal,
  insert: (from: number, to: number) => void,
): Promise<void> {
  for (let from = 0; from < batch.count; from += size) {
    signal.throwIfAborted();
    insert(from, Math.min(batch.count, from + size));
    await nextTurn();
  }
  signal.throwIfAborted();
}

/** Throws FailureError unless the engine counts as many points as it was given. */
export function requireCount(engine: string, counted: number, loaded: number): void {
  if (counted === loaded) return;
  throw new FailureError(`holds ${counted} points after ${loaded} were loaded`, {
    where: engine,
    next: 'check the dataset for duplicate keys',
  });
}

/** Throws FailureError for a query of another length, which some clients read as several queries. */
export function requireDimensions(engine: string, vector: Float32Array, dimensions: number): void {
  if (vector.length === dimensions) return;
  throw new FailureError(`the query has ${vector.length} dimensions, the index ${dimensions}`, {
    where: engine,
  });
}

/** Throws FailureError if a filter is about a field that the collection was not given. */
export function requireFields(engine: string, filter: Filter, fields: readonly FieldSchema[]): void {
  const unknown = conditionsOf(filter).find(({ field }) => !fields.some(({ name }) => name === field.name));
  if (unknown === undefined) return;
  const names = fields.map(({ name }) => name).join(', ') || 'none';
  throw new FailureError(`the collection holds no field "${unknown.field.name}" (it holds ${names})`, {
    where: engine,
  });
}

/** The column of a field. Throws FailureError if the batch does not bring it: absent is not the same as null. */
export function batchColumn(
  engine: string,
  { metadata }: LoadBatch,
  { name }: FieldSchema,
): readonly (MetadataValue | undefined)[] {
  const column = metadata?.[name];
  if (column !== undefined) return column;
  throw new FailureError(`the batch has no field "${name}"`, { where: engine });
}

/** The batch's metadata for engines that do not tell a missing field from null. */
export function withNulls({ metadata = {} }: LoadBatch): MetadataColumns {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, values]) => [name, values.map((value) => value ?? null)]),
  );
}

/**
 * Waits for work that cannot be stopped, or rejects with the signal's reason as soon as it is raised; the engine
 * then goes on by itself until its process ends.
 */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** As `abortable`, where there is a signal; else the work itself, at no cost. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? work : abortable(work, signal);
}

/** Bytes of all files below a folder. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
