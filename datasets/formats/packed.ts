import { closeSync, createReadStream, createWriteStream, openSync, readSync, statSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline, type Readable, Transform } from 'node:stream';
import { pipeline as pipelineDone } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { FailureError, InputError, messageOf } from '../../common/errors.js';
import { unreadable } from '../check.js';
import { hashFileCached } from '../hash.js';

type Packing = 'gzip' | 'zstd';

const ENDINGS = ['.gz', '.gzip', '.zst', '.zstd'];
/** What is larger, and more than so many times its packed size, is no data set but a bomb. */
const MOST_RATIO = 1000;
const HARMLESS = 2 ** 30;

/**
 * Throws InputError if so few packed bytes are said to hold so many: nothing is allocated or unpacked for them then.
 * @param harmless bytes that are fine however they are packed
 */
export function checkRatio(path: string, packed: number, bytes: number, harmless = HARMLESS): void {
  if (bytes < harmless || bytes < packed * MOST_RATIO) return;
  throw new InputError(`unpacks to more than ${MOST_RATIO} times its size`, {
    where: path,
    got: `${packed} bytes become ${bytes} and more`,
    next: 'if it really is a data set, unpack it yourself and give the unpacked file',
  });
}

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
    handle = openSync(path, 'r');
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

/** A file's bytes as a stream, unpacked. Errors of either arrive at the reader. */
export function openBytes(path: string): Readable {
  const packing = packingOf(path);
  const file = createReadStream(path, { highWaterMark: CHUNK });
  if (packing === undefined) return file;
  const unpack = packing === 'gzip' ? zlib.createGunzip({ chunkSize: CHUNK }) : zstd();
  const { size } = statSync(path);
  // The callback is needed, or an error would be thrown as unhandled; the reader sees it as well.
  return pipeline(file, unpack, bombGuard(path, size), () => {});
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

function bombGuard(path: string, packed: number): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length;
      try {
        checkRatio(path, packed, size);
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
  options: { cacheFolder: string; signal?: AbortSignal | undefined },
): Promise<string> {
  if (packingOf(path) === undefined) return path;
  const { sha256 } = await hashFileCached(path, options.cacheFolder, options.signal);
  const folder = join(options.cacheFolder, 'unpacked', sha256);
  const target = join(folder, basename(name));
  if ((await stat(target).catch(() => undefined)) !== undefined) return target;
  const temporary = `${target}.${process.pid}.${process.hrtime.bigint()}.tmp`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { signal } = options;
    await pipelineDone(openBytes(path), createWriteStream(temporary), ...(signal ? [{ signal }] : []));
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
