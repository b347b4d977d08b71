import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as zlib from 'node:zlib';
import { decompress } from 'fzstd';
import { fileFailure } from '../../../common/files.js';
import { unreadable } from '../../check.js';
import { hashFileCached } from '../../hash.js';
import { isKept, type OnChanged, sealFile } from '../../kept.js';
import { checkRatio } from '../../limits.js';
import { throwIfInterrupted } from '../../source.js';
import { unpackLz4Frame } from '../lz4.js';
import { openRandomAccess, type RandomAccess } from '../random-access.js';
import { CONTINUATION, type Message, messages, RECORD_BATCH, setBodyLength } from './messages.js';

const ABSURD = 2 ** 26;
/** No LZ4 block gets smaller. */
const MOST_LZ4_RATIO = 255;

export interface UnpackOptions {
  cacheFolder: string;
  signal?: AbortSignal | undefined;
  onChanged?: OnChanged;
}

/**
 * A file whose buffers are not packed: itself, or a stream of the same batches in `<cache>/unpacked/`, as the library
 * reads no packed buffers. Throws InputError for damaged files, FailureError if the cache cannot be written.
 */
export async function unpackedArrow(path: string, options: UnpackOptions): Promise<string> {
  const file = openRandomAccess(path);
  try {
    if (!isPacked(file)) return path;
    const { sha256 } = await hashFileCached(path, options.cacheFolder, options.signal);
    const folder = join(options.cacheFolder, 'unpacked', sha256);
    const target = join(folder, `${basename(path)}.arrows`);
    if (await isKept(target, options.onChanged)) return target;
    await writeUnpacked(file, folder, target, options.signal);
    return target;
  } catch (error) {
    if (error instanceof Error && 'exitCode' in error) throw error;
    throw unreadable(path, error, 'is not a readable Arrow file');
  } finally {
    file.close();
  }
}

function isPacked(file: RandomAccess): boolean {
  let packed = false;
  // All of them are looked at, so that a damaged one is noticed before anything else.
  for (const { batch } of messages(file)) packed ||= batch?.place(RECORD_BATCH.compression) !== undefined;
  return packed;
}

/**
 * A file as a stream of its messages, which have been looked at: the library itself would follow any place that a footer
 * names. Throws Error for messages that cannot be.
 */
export async function* checkedStream(file: RandomAccess): AsyncGenerator<Uint8Array> {
  for (const { metadata, body } of messages(file)) {
    yield new Uint8Array(Uint32Array.of(CONTINUATION, metadata.length).buffer);
    yield metadata;
    if (body.end > body.start) yield file.read(body.start, body.end);
  }
  yield new Uint8Array(Uint32Array.of(CONTINUATION, 0).buffer);
}

async function writeUnpacked(
  file: RandomAccess,
  folder: string,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const temporary = `${target}.${process.pid}.${process.hrtime.bigint()}.tmp`;
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error) => {
    throw fileFailure(folder, 'cannot be made', error);
  });
  let total = 0;
  try {
    const handle = openSync(temporary, 'wx');
    const put = (bytes: Uint8Array) => {
      for (let done = 0; done < bytes.length; ) done += guarded(target, () => writeSync(handle, bytes, done));
    };
    try {
      for (const message of messages(file)) {
        throwIfInterrupted(signal);
        const body =
          message.batch === undefined
            ? file.read(message.body.start, message.body.end)
            : unpackBody(file, message, total);
        total += body.length;
        checkRatio(file.path, file.size, total);
        put(new Uint8Array(Uint32Array.of(CONTINUATION, message.metadata.length).buffer));
        put(message.metadata);
        put(body);
      }
      put(new Uint8Array(Uint32Array.of(CONTINUATION, 0).buffer));
    } finally {
      closeSync(handle);
    }
    await sealFile(target, temporary);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * Unpacks a batch's buffers, and has its metadata say where they are now.
 * @param before bytes of the batches before
 */
function unpackBody(file: RandomAccess, { root, batch, body }: Message, before: number): Uint8Array {
  const packed = file.read(body.start, body.end);
  const compression = batch!.table(RECORD_BATCH.compression);
  if (compression === undefined) return packed;
  const codec = compression.byte(0);
  const { start, length } = batch!.vector(RECORD_BATCH.buffers);
  const { view } = batch!;
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < length; i++) {
    const place = start + i * 16;
    const from = Number(view.getBigInt64(place, true));
    const bytes = Number(view.getBigInt64(place + 8, true));
    if (from < 0 || bytes < 0 || from + bytes > packed.length)
      throw new Error('a buffer is outside of its batch');
    const plain = unpackBuffer(file, packed.subarray(from, from + bytes), codec, before + at);
    const padding = (8 - (plain.length % 8)) % 8;
    parts.push(plain, new Uint8Array(padding));
    view.setBigInt64(place, BigInt(at), true);
    view.setBigInt64(place + 8, BigInt(plain.length), true);
    at += plain.length + padding;
  }
  batch!.clear(RECORD_BATCH.compression);
  setBodyLength(root, at);
  return Buffer.concat(parts);
}

/** Each buffer has its unpacked length before it; -1: it is not packed. */
function unpackBuffer(file: RandomAccess, bytes: Uint8Array, codec: number, before: number): Uint8Array {
  if (bytes.length === 0) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = Number(view.getBigInt64(0, true));
  const data = bytes.subarray(8);
  if (size === -1) return data;
  if (size < 0) throw new Error(`a buffer of ${size} bytes was announced`);
  // What is absurd for any codec is told as that.
  if (size > ABSURD) checkRatio(file.path, file.size, before + size);
  if (codec === 0) {
    // Nothing is allocated for what cannot be there.
    if (size > data.length * MOST_LZ4_RATIO)
      throw new Error(`a buffer cannot hold the ${size} bytes that were announced`);
    checkRatio(file.path, file.size, before + size);
    return unpackLz4Frame(data, size);
  }
  if (codec !== 1) throw new Error(`its buffers are packed with codec ${codec}, which is not known`);
  checkRatio(file.path, file.size, before + size);
  const native = (
    zlib as unknown as { zstdDecompressSync?: (data: Uint8Array, options: object) => Uint8Array }
  ).zstdDecompressSync;
  const plain =
    native === undefined
      ? decompress(data, new Uint8Array(size))
      : native(data, { maxOutputLength: Math.max(size, 1) });
  if (plain.length !== size) throw new Error(`a buffer has ${plain.length} bytes, ${size} were announced`);
  return plain;
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileFailure(path, 'cannot be written', error);
  }
}
