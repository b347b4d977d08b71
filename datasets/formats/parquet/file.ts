import { closeSync, fstatSync, readSync } from 'node:fs';
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync } from 'hyparquet';
import { stillReading } from '../../../common/reading.js';
import { openRegular } from '../../../common/regular-file.js';
import { unreadable } from '../../check.js';
import { checkFooter } from './checks.js';

/** An open Parquet file: its footer and positional reads. Errors are InputError and name the file. */
export interface ParquetFile {
  readonly path: string;
  readonly metadata: FileMetaData;
  readonly buffer: AsyncBuffer;
  /** Bytes `start .. end`; throws if the file ends before. */
  read(start: number, end: number): Uint8Array<ArrayBuffer>;
  close(): void;
}

export async function openParquetFile(path: string): Promise<ParquetFile> {
  let handle: number | undefined;
  try {
    const opened = openRegular(path);
    handle = opened;
    const byteLength = fstatSync(opened).size;
    const read = (start: number, end: number) => readRange(opened, start, end, byteLength);
    const buffer: AsyncBuffer = {
      byteLength,
      slice: (start, end) => read(start < 0 ? byteLength + start : start, end ?? byteLength).buffer,
    };
    const metadata = await parquetMetadataAsync(buffer);
    checkFooter(metadata, byteLength);
    return { path, metadata, buffer, read, close: () => closeSync(opened) };
  } catch (error) {
    if (handle !== undefined) closeSync(handle);
    throw unreadable(path, error, 'is not a readable Parquet file');
  }
}

function readRange(handle: number, start: number, end: number, byteLength: number): Uint8Array<ArrayBuffer> {
  if (!(start >= 0 && end <= byteLength && start <= end)) {
    throw new Error(`bytes ${start} to ${end} are needed, the file has ${byteLength}`);
  }
  stillReading();
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    const got = readSync(handle, bytes, done, bytes.length - done, start + done);
    if (got === 0) throw new Error(`the file ends at byte ${start + done}, ${end} are needed`);
    done += got;
  }
  return bytes;
}
