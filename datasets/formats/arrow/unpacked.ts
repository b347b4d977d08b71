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
import { FlatTable } from './flatbuffer.js';

/** Fields of Arrow's messages by number (format/Message.fbs). */
const MESSAGE = { headerType: 1, header: 2, bodyLength: 3 };
const RECORD_BATCH = { rows: 0, nodes: 1, buffers: 2, compression: 3 };
const DICTIONARY_BATCH = { data: 1 };
const TYPES = { schema: 1, dictionary: 2, records: 3 };
const CONTINUATION = 0xffffffff;
const ABSURD = 2 ** 26;
/** No LZ4 block gets smaller. */
const MOST_LZ4_RATIO = 255;

export interface UnpackOptions {
  cacheFolder: string;
  signal?: AbortSignal | undefined;
  onChanged?: OnChanged;
}

/** An encapsulated message: its metadata, which may be changed in place, and where its body is. */
interface Message {
  metadata: Uint8Array<ArrayBuffer>;
  root: FlatTable;
  /** With vectors: of a record batch, or the one inside of a dictionary batch. */
  batch: FlatTable | undefined;
  body: { start: number; end: number };
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
  // All of them are looked at: the library counts through what a damaged one announces.
  for (const { metadata, root, batch } of messages(file)) {
    if (root.byte(MESSAGE.headerType) === 0) throw new Error('a message does not say what it holds');
    if (batch === undefined) continue;
    checkCounts(batch, metadata.length, file.size * 8);
    packed ||= batch.place(RECORD_BATCH.compression) !== undefined;
  }
  return packed;
}

/** @param most values that the file can hold: each takes a bit at least */
function checkCounts(batch: FlatTable, metadataBytes: number, most: number): void {
  const { nodes, buffers, rows } = RECORD_BATCH;
  const check = (count: number, limit: number, what: string) => {
    if (count < 0 || count > limit) throw new Error(`a batch announces ${count} ${what}`);
  };
  check(batch.int64(rows), most, 'rows');
  for (const field of [nodes, buffers])
    check(batch.vector(field).length * 16, metadataBytes, 'bytes of places');
  const { start, length } = batch.vector(nodes);
  for (let i = 0; i < length; i++) {
    check(Number(batch.view.getBigInt64(start + i * 16, true)), most, 'values');
  }
}

/** All messages of a file or stream in order; of what is neither, none (the library then says what is wrong). */
function* messages(file: RandomAccess): Generator<Message> {
  const magic = file.size < 8 ? '' : Buffer.from(file.read(0, 8)).toString('latin1', 0, 6);
  let at = magic === 'ARROW1' ? 8 : 0;
  while (at + 8 <= file.size) {
    const head = new DataView(file.read(at, at + 8).buffer);
    const length = head.getInt32(4, true);
    if (head.getUint32(0, true) !== CONTINUATION || length <= 0 || at + 8 + length > file.size) return;
    const metadata = file.read(at + 8, at + 8 + length);
    const root = FlatTable.root(metadata);
    const bodyLength = root.int64(MESSAGE.bodyLength);
    const start = at + 8 + length;
    if (bodyLength < 0 || start + bodyLength > file.size) throw new Error('a batch is longer than the file');
    yield { metadata, root, batch: batchOf(root), body: { start, end: start + bodyLength } };
    at = start + bodyLength;
  }
}

function batchOf(root: FlatTable): FlatTable | undefined {
  const type = root.byte(MESSAGE.headerType);
  const header = root.table(MESSAGE.header);
  if (type === TYPES.records) return header;
  return type === TYPES.dictionary ? header?.table(DICTIONARY_BATCH.data) : undefined;
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
  const stated = root.place(MESSAGE.bodyLength);
  if (stated !== undefined) root.view.setBigInt64(stated, BigInt(at), true);
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
