import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError, InputError, messageOf } from '../common/errors.js';
import { type InvalidFound, InvalidVectors, throwInvalid } from './check.js';
import type { Dataset, PreparedVectors } from './dataset.js';
import { DuplicateFinder } from './duplicates.js';
import { hashFile } from './hash.js';
import { changed, type OnChanged } from './kept.js';
import { requireSpace } from './limits.js';
import { openPreparedVectors, PREPARED_FILE } from './prepared.js';
import { throwIfInterrupted } from './source.js';

export { openPreparedMetadata, type PreparedMetadata, prepareMetadata } from './metadata.js';
export { openPreparedVectors } from './prepared.js';

export interface PrepareOptions {
  cacheFolder: string;
  signal?: AbortSignal | undefined;
  /** Points converted so far, and all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Told where what is kept is not as it was written. */
  onChanged?: OnChanged;
}

/** What was found while converting; kept beside the vectors, so that a cached copy is judged the same way. */
interface Findings {
  version: 3;
  count: number;
  dimensions: number;
  /** Vectors that cannot be compared; zero ones under cosine only. */
  invalid: InvalidFound;
  /** Of the vectors. */
  sha256: string;
}

const FINDINGS_FILE = 'vectors.json';

/**
 * Converts a dataset to float32 rows in `<cache>/vectors/<hash>/` and checks every vector on the way; a copy that
 * is there already is used, if it is still what was written: it is hashed each time. Memory is bounded by a batch (and up to 32 bytes per point that has an id of its own).
 * Throws InputError for non-finite or zero (cosine) vectors, repeated ids and wrong counts, naming the place, and
 * FailureError if the cache cannot be written; nothing half-written stays.
 */
export async function prepareVectors(dataset: Dataset, options: PrepareOptions): Promise<PreparedVectors> {
  const { hash, count, dimensions, metric } = dataset.info;
  const folder = join(options.cacheFolder, 'vectors', hash);
  let findings = await readFindings(folder, count, dimensions, options);
  if (findings === undefined) findings = await convert(dataset, folder, options);
  else options.onProgress?.(count, count);
  throwInvalid(findings.invalid, metric, count, 'points');
  return openPreparedVectors(folder, count, dimensions);
}

async function readFindings(
  folder: string,
  count: number,
  dimensions: number,
  { signal, onChanged }: PrepareOptions,
): Promise<Findings | undefined> {
  const info = await stat(join(folder, PREPARED_FILE)).catch(() => undefined);
  if (info?.size !== count * dimensions * 4) return undefined;
  const text = await readFile(join(folder, FINDINGS_FILE), 'utf8').catch(() => '{}');
  const found = parseFindings(text);
  if (found.version !== 3 || found.count !== count || found.invalid === undefined) return undefined;
  const path = join(folder, PREPARED_FILE);
  const { sha256 } = await hashFile(path, signal);
  if (sha256 === found.sha256) return found as Findings;
  changed(path, onChanged);
  return undefined;
}

async function convert(dataset: Dataset, folder: string, options: PrepareOptions): Promise<Findings> {
  const suffix = `${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  const vectors = join(folder, `${PREPARED_FILE}.${suffix}`);
  const facts = join(folder, `${FINDINGS_FILE}.${suffix}`);
  try {
    await guardWrite(folder, async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await removeLeftovers(folder);
      requireSpace(folder, dataset.info.count * dataset.info.dimensions * 4);
    });
    const findings = await writeVectors(dataset, vectors, folder, options);
    // What no metric can compare is never kept.
    throwInvalid(findings.invalid, dataset.info.metric, findings.count, 'points');
    await guardWrite(folder, async () => {
      await writeFile(facts, JSON.stringify(findings));
      // The vectors last: only when they are there is the copy taken for complete.
      await rename(facts, join(folder, FINDINGS_FILE));
      await rename(vectors, join(folder, PREPARED_FILE));
    });
    return findings;
  } catch (error) {
    // Nothing may hide the error that brought us here.
    for (const path of [vectors, facts]) await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeVectors(
  dataset: Dataset,
  path: string,
  folder: string,
  { signal, onProgress }: PrepareOptions,
): Promise<Findings> {
  const { count, dimensions } = dataset.info;
  const place = (row: number) => dataset.place?.(row) ?? `${dataset.info.name} row ${row}`;
  const duplicates = new DuplicateFinder(count);
  let done = 0;
  const invalid = new InvalidVectors(dimensions, place);
  const hash = createHash('sha256');
  const file = await guardWrite(folder, () => open(path, 'wx'));
  try {
    for await (const batch of dataset.points({ batchSize: batchRows(dimensions), unchecked: true, signal })) {
      throwIfInterrupted(signal);
      invalid.add(batch.vectors, batch.count, batch.start);
      duplicates.add(batch.ids);
      done += batch.count;
      if (done > count) throw wrongCount(dataset, done);
      const { buffer, byteOffset, byteLength } = batch.vectors;
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      hash.update(bytes);
      await guardWrite(folder, () => writeAll(file, bytes));
      onProgress?.(done, count);
    }
  } finally {
    await file.close();
  }
  if (done !== count) throw wrongCount(dataset, done);
  await duplicates.confirm(dataset, place, signal);
  return { version: 3, count, dimensions, invalid: invalid.found, sha256: hash.digest('hex') };
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}

/** About 4 MiB per batch. */
function batchRows(dimensions: number): number {
  return Math.min(8192, Math.max(16, Math.floor((1 << 20) / dimensions)));
}

function wrongCount(dataset: Dataset, found: number): InputError {
  return new InputError(`gave ${found} points, ${dataset.info.count} were announced`, {
    where: dataset.info.source,
    next: 'the file is damaged or changes while it is read',
  });
}

/** Errors of writing become FailureError; those of reading the dataset pass outside of this. */
async function guardWrite<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FailureError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
    throw new FailureError(
      full ? 'no space left for converted vectors' : `cannot write: ${messageOf(error)}`,
      {
        where: folder,
        next: full
          ? 'free space there, or move the cache with VECPROOF_HOME'
          : 'make the folder writable, or move the cache with VECPROOF_HOME',
        cause: error,
      },
    );
  }
}

/** Removes temporary files of processes that are gone (killed while converting). */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const owner = /\.(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) await rm(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What the cache holds; a damaged file counts as none, so that the vectors are checked and converted again. */
function parseFindings(text: string): Partial<Findings> {
  try {
    return JSON.parse(text) as Partial<Findings>;
  } catch {
    return {};
  }
}
