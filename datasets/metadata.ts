import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError, InputError, messageOf } from '../common/errors.js';
import { readRegular } from '../common/regular-file.js';
import { unreadable } from './check.js';
import type { Dataset, FieldSchema, FieldType, MetadataColumns, MetadataValue } from './dataset.js';
import { hashText } from './hash.js';
import { isKept, type OnChanged, sealFile } from './kept.js';
import { checkRatio, spaceOf } from './limits.js';
import { throwIfInterrupted } from './source.js';

/** One JSON array a line and point: its id, then one value for each field. */
const LINES = 'metadata.jsonl';
/** Where each line begins, and where the last one ends: `count + 1` little-endian float64. */
const OFFSETS = 'offsets.f64';
const BATCH = 4096;
/** Bytes of lines that are held before they are written. */
const MOST_WAITING = 8 * 2 ** 20;

/**
 * Metadata fields of a dataset on disk (`.cache/metadata/<hash>/<fields>/`), for every process that needs some of them:
 * whole batches in row order, or one row at a time.
 */
export interface PreparedMetadata {
  readonly folder: string;
  readonly fields: readonly FieldSchema[];
  readonly count: number;
  /** Rows `start .. start+rows`. Synchronous positional reads. */
  read(start: number, rows: number): { ids: string[]; columns: MetadataColumns };
  close(): void;
}

export interface MetadataOptions {
  cacheFolder: string;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Told where what is kept is not as it was written. */
  onChanged?: OnChanged;
}

/**
 * Writes ids and the given fields of all points to the cache once; a copy that is there already is used. Memory is
 * bounded by a batch and eight bytes per point. Throws InputError for a field that the dataset lacks, FailureError if
 * the cache cannot be written.
 *
 * @param names fields; none: the ids alone
 */
export async function prepareMetadata(
  dataset: Dataset,
  names: readonly string[],
  options: MetadataOptions,
): Promise<PreparedMetadata> {
  const { hash, count, fields } = dataset.info;
  const wanted = fields.filter(({ name }) => names.includes(name));
  const key = hashText(JSON.stringify(wanted.map(({ name, type }) => [name, type]))).slice(0, 16);
  const folder = join(options.cacheFolder, 'metadata', hash, key);
  const kept = await tryOpen(folder, wanted, count, options);
  if (kept !== undefined) return kept;
  await write(dataset, wanted, folder, options);
  return openPreparedMetadata(folder, wanted, count);
}

async function tryOpen(
  folder: string,
  fields: readonly FieldSchema[],
  count: number,
  { onChanged }: MetadataOptions,
) {
  for (const name of [LINES, OFFSETS]) if (!(await isKept(join(folder, name), onChanged))) return undefined;
  try {
    return openPreparedMetadata(folder, fields, count);
  } catch {
    // Not there, or a copy that was cut off: it is written again.
    return undefined;
  }
}

async function write(
  dataset: Dataset,
  fields: readonly FieldSchema[],
  folder: string,
  { signal, onProgress }: MetadataOptions,
): Promise<void> {
  const { count } = dataset.info;
  const suffix = `${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  const paths = [LINES, OFFSETS].map((name) => ({
    to: join(folder, name),
    from: join(folder, `${name}.${suffix}`),
  }));
  const offsets = new Float64Array(count + 1);
  const { stored, used } = spaceOf(dataset.info);
  const points = dataset.points({ batchSize: BATCH, metadata: fields.map(({ name }) => name), signal });
  try {
    await guard(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }));
    const file = await guard(folder, () => open(paths[0]!.from, 'wx'));
    let end = 0;
    try {
      for await (const batch of points) {
        throwIfInterrupted(signal);
        if (batch.start + batch.count > count) throw wrongCount(dataset, batch.start + batch.count);
        let lines: Buffer[] = [];
        let waiting = 0;
        const put = async () => {
          await guard(folder, () => file.appendFile(Buffer.concat(lines)));
          lines = [];
          waiting = 0;
        };
        for (let i = 0; i < batch.count; i++) {
          const values = fields.map(({ name }) => encode(batch.metadata?.[name]?.[i] ?? null));
          const line = Buffer.from(`${JSON.stringify([batch.ids[i], ...values])}\n`);
          end += line.length;
          offsets[batch.start + i + 1] = end;
          lines.push(line);
          waiting += line.length;
          if (stored > 0) checkRatio(dataset.info.source, stored, used + end);
          if (waiting > MOST_WAITING) await put();
        }
        await put();
        onProgress?.(batch.start + batch.count, count);
      }
    } finally {
      await file.close();
    }
    if (offsets[count] !== end) throw wrongCount(dataset, offsets.indexOf(end));
    await guard(folder, async () => {
      const file = await open(paths[1]!.from, 'wx');
      await file.writeFile(new Uint8Array(offsets.buffer)).finally(() => file.close());
      // The offsets last: only when they are there is the copy taken for complete.
      for (const { from, to } of paths) {
        await sealFile(to, from);
        await rename(from, to);
      }
    });
  } catch (error) {
    for (const { from } of paths) await rm(from, { force: true }).catch(() => undefined);
    throw error;
  }
}

function wrongCount(dataset: Dataset, found: number): InputError {
  return new InputError(`gave ${found} points, ${dataset.info.count} were announced`, {
    where: dataset.info.source,
    next: 'the file is damaged or changes while it is read',
  });
}

async function guard<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new FailureError(`metadata cannot be kept: ${messageOf(error)}`, {
      where: folder,
      next: 'make room and the folder writable, or move the cache with VECPROOF_HOME',
      cause: error,
    });
  }
}

/** Opens prepared metadata in this or any other process. Throws InputError if it is not there or not whole. */
export function openPreparedMetadata(
  folder: string,
  fields: readonly FieldSchema[],
  count: number,
): PreparedMetadata {
  let handle: number;
  let offsets: Float64Array;
  try {
    const bytes = readRegular(join(folder, OFFSETS), Number.POSITIVE_INFINITY);
    if (bytes.length !== (count + 1) * 8) throw new Error(`${OFFSETS} has ${bytes.length} bytes`);
    offsets = new Float64Array(Uint8Array.from(bytes).buffer);
    handle = openSync(join(folder, LINES), 'r');
  } catch (error) {
    throw unreadable(folder, error);
  }
  if (fstatSync(handle).size !== offsets[count]) {
    closeSync(handle);
    throw new InputError('was cut off', { where: join(folder, LINES), next: 'delete the folder' });
  }
  return {
    folder,
    fields,
    count,
    read: (start, rows) => readRows(handle, offsets, fields, start, rows),
    close: () => closeSync(handle),
  };
}

function readRows(
  handle: number,
  offsets: Float64Array,
  fields: readonly FieldSchema[],
  start: number,
  rows: number,
) {
  const [from, to] = [offsets[start]!, offsets[start + rows]!];
  const bytes = Buffer.allocUnsafe(to - from);
  for (let done = 0; done < bytes.length; ) {
    const got = readSync(handle, bytes, done, bytes.length - done, from + done);
    if (got === 0) throw new FailureError('prepared metadata became shorter while it was read');
    done += got;
  }
  const ids: string[] = [];
  const columns: Record<string, MetadataValue[]> = Object.fromEntries(fields.map(({ name }) => [name, []]));
  for (const line of bytes.toString('utf8').split('\n').slice(0, rows)) {
    const [id, ...values] = JSON.parse(line) as [string, ...MetadataValue[]];
    ids.push(id);
    for (const [i, { name, type }] of fields.entries()) columns[name]!.push(decode(values[i]!, type));
  }
  return { ids, columns };
}

/** What JSON has no sign for becomes text: 64-bit integers, and floats that are no number. */
function encode(value: MetadataValue): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  return Array.isArray(value) ? value.map(encode) : value;
}

function decode(value: MetadataValue, type: FieldType): MetadataValue {
  if (value === null) return null;
  if (Array.isArray(value)) {
    const element = type.slice(0, -2) as FieldType;
    return value.map((each) => decode(each, element));
  }
  if (type === 'timestamp') return BigInt(value as string);
  if (typeof value === 'string' && type === 'integer') return BigInt(value);
  if (typeof value === 'string' && type === 'float') return Number(value);
  return value;
}
