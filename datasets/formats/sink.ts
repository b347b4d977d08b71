import { once } from 'node:events';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { InputError } from '../../common/errors.js';
import { fileFailure } from '../../common/files.js';

/** Takes a file's bytes in order; memory is bounded by what is given at once. */
export interface ByteSink {
  write(bytes: Uint8Array | string): Promise<void>;
  /** Bytes taken so far, before packing. */
  readonly size: number;
  /** Everything is on disk when it resolves. Throws FailureError if it cannot be. */
  end(): Promise<void>;
  /** Closes the file without a word: the file is of no use. */
  abandon(): void;
}

/** How the name of a file says that it is packed. */
export function packingByName(path: string): 'gzip' | 'zstd' | undefined {
  if (/\.(gz|gzip)$/i.test(path)) return 'gzip';
  return /\.(zst|zstd)$/i.test(path) ? 'zstd' : undefined;
}

/**
 * A new file at `temporary`, packed as the name `path` says.
 * @throws InputError for zstd where this Node cannot write it, FailureError if the file cannot be made
 */
export function openSink(temporary: string, path: string): ByteSink {
  const packing = packingByName(path);
  const pack = packing === undefined ? undefined : packer(packing, path);
  const handle = guard(path, () => openSync(temporary, 'wx'));
  let size = 0;
  let open = true;
  let failure: unknown;
  const put = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
  };
  pack?.on('data', (chunk: Buffer) => {
    try {
      if (failure === undefined) put(chunk);
    } catch (error) {
      failure = error;
    }
  });
  const close = () => {
    if (open) closeSync(handle);
    open = false;
  };
  const throwFailure = () => {
    if (failure !== undefined) throw fileFailure(path, 'cannot be written', failure);
  };
  return {
    get size() {
      return size;
    },
    async write(given) {
      const bytes = typeof given === 'string' ? Buffer.from(given) : given;
      size += bytes.length;
      if (pack === undefined) return guard(path, () => put(bytes));
      // A copy: the caller may use its buffer again before it is packed.
      if (!pack.write(Buffer.from(bytes))) await once(pack, 'drain');
      throwFailure();
    },
    async end() {
      if (pack !== undefined) {
        pack.end();
        await once(pack, 'end');
        throwFailure();
      }
      guard(path, () => fsyncSync(handle));
      close();
    },
    abandon() {
      pack?.destroy();
      close();
    },
  };
}

function packer(packing: 'gzip' | 'zstd', path: string): Transform {
  if (packing === 'gzip') return zlib.createGzip();
  const zstd = (zlib as unknown as { createZstdCompress?: () => Transform }).createZstdCompress;
  if (zstd !== undefined) return zstd();
  throw new InputError(`zstd is written from Node 22.15 on, this is ${process.version}`, {
    where: path,
    next: 'end the name with .gz, or without packing',
  });
}

function guard<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileFailure(path, 'cannot be written', error);
  }
}
