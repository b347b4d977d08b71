import { closeSync, createWriteStream, readSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline, type Readable, Transform } from 'node:stream';
import { pipeline as pipelineDone } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { FailureError, messageOf } from '../../common/errors.js';
import { openRegular, streamRegular } from '../../common/regular-file.js';
import { unreadable } from '../check.js';
import { hashFileCached } from '../hash.js';
import { isKept, type OnChanged, sealFile } from '../kept.js';
import { checkRatio, checkStream } from '../limits.js';

type Packing = 'gzip' | 'zstd';

const ENDINGS = ['.gz', '.gzip', '.zst', '.zstd'];
const CHUNK = 1 << 18;

/** The part of a name before an ending that says that a file is packed. */
export function withoutPacking(path: string): string {
  const ending = ENDINGS.find((each) => path.toLowerCase().endsWith(each));
  return ending === undefined ? path : path.slice(0, -ending.length);
}

/** How a file is packed, by its first bytes: names lie (pandas' `x.parquet.gzip` is plain Parquet). */
export function packingOf(path: string): Packing | undefined {
  const first = Buffer.alloc(4);
  let handle: number;
  try {
    handle = openRegular(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    readSync(handle, first, 0, 4, 0);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    closeSync(handle);
  }
  if (first[0] === 0x1f && first[1] === 0x8b) return 'gzip';
  return first.readUInt32LE() === 0xfd2fb528 ? 'zstd' : undefined;
}

/**
 * A file's bytes as a stream, unpacked. Errors of either arrive at the reader.
 * @param check throws if so few packed bytes become so many
 */
export function openBytes(path: string, check: typeof checkRatio = checkStream): Readable {
  const packing = packingOf(path);
  const file = streamRegular(path, { highWaterMark: CHUNK });
  if (packing === undefined) return file;
  const unpack = packing === 'gzip' ? zlib.createGunzip({ chunkSize: CHUNK }) : zstd();
  const { size } = statSync(path);
  // The callback is needed, or an error would be thrown as unhandled; the reader sees it as well.
  return pipeline(file, unpack, bombGuard(path, size, check), () => {});
}

/** Node's own decoder where it has one (from 22.15 on); the library's otherwise. */
function zstd(): Transform {
  const native = (zlib as unknown as { createZstdDecompress?: () => Transform }).createZstdDecompress;
  if (native !== undefined) return native();
  let bytes = 0;
  let ended = false;
  const decoder = new Decompress();
  return new Transform({
    transform(chunk: Buffer, _, done) {
      decoder.ondata = (data) => {
        this.push(Buffer.from(data));
      };
      try {
        if (bytes === 0) checkWindow(chunk);
        bytes += chunk.length;
        decoder.push(chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        if (!ended && bytes > 0) decoder.push(new Uint8Array(0), true);
        ended = true;
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

/** What zstd itself takes unasked; the decoder gives as much memory as a frame wants. */
const MOST_WINDOW = 2 ** 27;

/** Throws RangeError for a frame that wants more memory (RFC 8878, 3.1.1.1). */
function checkWindow(begin: Buffer): void {
  const descriptor = begin[4] ?? 0;
  // Single segments have no window of their own, and say their size instead.
  const isSingle = (descriptor & 0x20) !== 0;
  const idBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const at = 5 + (isSingle ? 0 : 1) + idBytes;
  if (begin.length < at + sizeBytes) return;
  const size =
    sizeBytes === 0
      ? 0
      : Uint8Array.from(begin.subarray(at, at + sizeBytes))
          .reverse()
          .reduce((sum, byte) => sum * 256 + byte, 0);
  const exponent = (begin[5] ?? 0) >> 3;
  const window = isSingle ? size : 2 ** (10 + exponent) * (1 + ((begin[5] ?? 0) & 7) / 8);
  if (window > MOST_WINDOW) throw new RangeError(`a frame wants ${window} bytes of memory`);
}

function bombGuard(path: string, packed: number, check: typeof checkRatio): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length;
      try {
        check(path, packed, size);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

/**
 * A file whose bytes can be read at any place: itself, or a copy in `<cache>/unpacked/` if it is packed. The copy is
 * kept under the hash of the packed file. Throws InputError if it is damaged, FailureError if the cache cannot be
 * written.
 *
 * @param name what the copy is called: with the ending of its format
 */
export async function unpackedFile(
  path: string,
  name: string,
  options: { cacheFolder: string; signal?: AbortSignal | undefined; onChanged?: OnChanged },
): Promise<string> {
  if (packingOf(path) === undefined) return path;
  const { sha256 } = await hashFileCached(path, options.cacheFolder, options.signal);
  const folder = join(options.cacheFolder, 'unpacked', sha256);
  const target = join(folder, basename(name));
  if (await isKept(target, options.onChanged)) return target;
  const temporary = `${target}.${process.pid}.${process.hrtime.bigint()}.tmp`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { signal } = options;
    await pipelineDone(
      openBytes(path, checkRatio),
      createWriteStream(temporary),
      ...(signal ? [{ signal }] : []),
    );
    await sealFile(target, temporary);
    await rename(temporary, target);
    return target;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!/^E(NOSPC|DQUOT|FBIG|ACCES|PERM|ROFS)$/.test(code))
      throw unreadable(path, error, 'cannot be unpacked');
    throw new FailureError(`cannot be unpacked: ${messageOf(error)}`, {
      where: folder,
      next: 'make room and the folder writable, or move the cache with VECPROOF_HOME',
      cause: error,
    });
  }
}
