import { closeSync, openSync, writeSync } from 'node:fs';
import type { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import * as zlib from 'node:zlib';

/** Takes bytes, and puts them into a file as one Zstandard frame. */
export interface ZstdFile {
  write(bytes: Uint8Array): Promise<void> | void;
  end(): Promise<void> | void;
  /** Closes the file in the middle of it. */
  abandon(): void;
}

/**
 * Node compresses from 22.15 on; before, the blocks of the frame are stored as they are, which every decoder reads.
 * One frame, as readers exist that take the end of the first for the end of the file.
 */
export function openZstd(path: string): ZstdFile {
  const file = openSync(path, 'w');
  const create = (zlib as unknown as { createZstdCompress?: () => Transform }).createZstdCompress;
  return create === undefined ? new StoredFrame(file) : new CompressedFrame(file, create());
}

class CompressedFrame implements ZstdFile {
  readonly #stream: Transform;
  readonly #file: number;
  #failure: unknown;

  constructor(file: number, stream: Transform) {
    this.#file = file;
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      try {
        writeAll(file, chunk);
      } catch (error) {
        stream.destroy(error as Error);
      }
    });
    stream.on('error', (error) => {
      this.#failure = error;
    });
  }

  /** Resolves when the bytes were compressed: what waits is bounded by one call's. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure as Error);
      else this.#stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  async end(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
    closeSync(this.#file);
  }

  abandon(): void {
    this.#stream.destroy();
    closeSync(this.#file);
  }
}

const MAGIC = 0xfd2fb528;
/** Of the block size that the format allows, and of the window that it announces. */
const BLOCK = 1 << 17;
const WINDOW_128K = (17 - 10) << 3;

/** RFC 8878: magic, no flags, a window, then blocks of type "raw"; an empty last one. */
class StoredFrame implements ZstdFile {
  readonly #file: number;

  constructor(file: number) {
    this.#file = file;
    const header = Buffer.alloc(6);
    header.writeUInt32LE(MAGIC, 0);
    header.writeUInt8(WINDOW_128K, 5);
    writeAll(file, header);
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += BLOCK) {
      const block = bytes.subarray(at, at + BLOCK);
      writeAll(this.#file, Buffer.concat([blockHeader(block.length, false), block]));
    }
  }

  end(): void {
    writeAll(this.#file, blockHeader(0, true));
    closeSync(this.#file);
  }

  abandon(): void {
    closeSync(this.#file);
  }
}

function blockHeader(size: number, last: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((size << 3) | (last ? 1 : 0), 0, 3);
  return header;
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
