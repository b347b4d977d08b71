import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { InputError } from '../../../common/errors.js';
import { throwIfInterrupted } from '../../abort.js';
import { unreadable } from '../../check.js';
import type { PointBatch, PointsOptions } from '../../dataset.js';
import { decodeFloat16 } from '../../float16.js';
import { rowIds, type VectorSource } from '../../source.js';
import type { Records } from '../jsonl/records.js';
import { NPY_PREFIX, type NpyHeader, npyHeaderBytes, parseNpyHeader } from './header.js';

/**
 * Opens a C-order npy file of float16, float32, float64, int8 or uint8, either byte order. Ids are row numbers
 * unless `records` (one per row) gives ids and metadata. Throws InputError.
 */
export function openNpy(path: string, records?: Records): VectorSource {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const header = readHeader(handle, path);
    checkRecords(path, header, records);
    return npySource(handle, path, header, records);
  } catch (error) {
    closeSync(handle);
    throw unreadable(path, error);
  }
}

function npySource(
  handle: number,
  path: string,
  header: NpyHeader,
  records: Records | undefined,
): VectorSource {
  return {
    count: header.count,
    dimensions: header.dimensions,
    fields: records?.fields ?? [],
    reading: { format: 'npy', records: records?.reading ?? null },
    place: (row) =>
      records === undefined ? `${path} row ${row}` : `${path} row ${row} (${records.place(row)})`,
    read: (options) => readBatches(handle, path, header, records, options),
    async close() {
      closeSync(handle);
    },
  };
}

function readHeader(handle: number, path: string): NpyHeader {
  const { start, end } = npyHeaderBytes(path, readBytes(handle, path, 0, NPY_PREFIX));
  const text = Buffer.from(readBytes(handle, path, start, end)).toString('latin1');
  const header = parseNpyHeader(path, text, end);
  const needed = end + header.count * header.dimensions * header.itemBytes;
  const { size } = fstatSync(handle);
  if (size !== needed) {
    throw new InputError(`has ${size} bytes, ${header.count} x ${header.dimensions} values need ${needed}`, {
      where: path,
      next: 'the file is damaged or incomplete: write or download it again',
    });
  }
  return header;
}

function checkRecords(path: string, header: NpyHeader, records: Records | undefined): void {
  if (records === undefined || records.count === header.count) return;
  throw new InputError(`has ${header.count} rows, ${records.path} has ${records.count} lines`, {
    where: path,
    next: 'give one line for every vector, in the same order',
  });
}

async function* readBatches(
  handle: number,
  path: string,
  header: NpyHeader,
  records: Records | undefined,
  options: PointsOptions,
): AsyncGenerator<PointBatch> {
  const { count, dimensions, itemBytes, offset } = header;
  const rowBytes = dimensions * itemBytes;
  const vectors = new Float32Array(Math.min(options.batchSize, count) * dimensions);
  const lines = records?.read(options);
  try {
    for (let start = 0; start < count; start += options.batchSize) {
      throwIfInterrupted(options.signal);
      const rows = Math.min(options.batchSize, count - start);
      const from = offset + start * rowBytes;
      const batch = rows * dimensions === vectors.length ? vectors : new Float32Array(rows * dimensions);
      decode(readBytes(handle, path, from, from + rows * rowBytes), header, batch);
      const described = (await lines?.next())?.value ?? { ids: rowIds(start, rows) };
      yield { start, count: rows, vectors: batch, ...described };
    }
  } finally {
    await lines?.return(undefined);
  }
}

function decode(bytes: Uint8Array<ArrayBuffer>, header: NpyHeader, into: Float32Array): void {
  const { type, littleEndian } = header;
  if (type === 'f2') decodeFloat16(bytes, into.length, into, 0, littleEndian);
  else if (type === 'u1') into.set(bytes);
  else if (type === 'i1') into.set(new Int8Array(bytes.buffer));
  else if (littleEndian) {
    into.set(type === 'f4' ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer));
  } else {
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < into.length; i++) {
      into[i] = type === 'f4' ? view.getFloat32(i * 4) : view.getFloat64(i * 8);
    }
  }
}

function readBytes(handle: number, path: string, start: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    const got = readSync(handle, bytes, done, bytes.length - done, start + done);
    if (got === 0) {
      throw new InputError(`ends at byte ${start + done}, ${end} are needed`, {
        where: path,
        next: 'the file is damaged or incomplete: write or download it again',
      });
    }
    done += got;
  }
  return bytes;
}
