import type { FieldSchema } from '../../datasets/dataset.js';
import type { LoadBatch } from '../contract/spec.js';
import { rowValues } from './copy-values.js';

/** What is used of pg's connection while it copies. */
export interface CopyConnection {
  query(sql: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
  stream: { writableNeedDrain: boolean; once(event: 'drain' | 'close', then: () => void): void };
}

/** A query that `pg` hands over to us: sends the chunks when the server asks for them, as fast as it takes them. */
export class CopyIn {
  /** Resolves when the server has taken everything; rejects with its error, or with the signal's reason. */
  readonly done: Promise<void>;
  readonly #sql: string;
  readonly #chunks: Iterable<Buffer>;
  readonly #signal: AbortSignal;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #failure: unknown;

  constructor(sql: string, chunks: Iterable<Buffer>, signal: AbortSignal) {
    this.#sql = sql;
    this.#chunks = chunks;
    this.#signal = signal;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: CopyConnection): void {
    connection.query(this.#sql);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    void this.#send(connection);
  }

  handleError(error: unknown): void {
    this.#reject(this.#failure ?? error);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#resolve();
  }

  async #send(connection: CopyConnection): Promise<void> {
    try {
      for (const chunk of this.#chunks) {
        this.#signal.throwIfAborted();
        connection.sendCopyFromChunk(chunk);
        await drained(connection);
      }
      this.#signal.throwIfAborted();
      connection.endCopyFrom();
    } catch (error) {
      // The server answers with an error of its own; the one told is ours.
      this.#failure = error;
      connection.sendCopyFail('stopped by the client');
    }
  }
}

/** Lets the event loop turn, and waits while the socket is full; a socket that closed is reported as an error elsewhere. */
function drained({ stream }: CopyConnection): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writableNeedDrain) return void setImmediate(resolve);
    stream.once('drain', resolve);
    stream.once('close', resolve);
  });
}

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const CHUNK_ROWS = 512;

/**
 * A batch as a whole stream in PostgreSQL's binary COPY format: an int4 key, a vector, whose binary form is its
 * dimension (int16), 16 unused bits and big-endian float32, and a column for each field.
 */
export function* copyStream(
  batch: LoadBatch,
  dimensions: number,
  fields: readonly FieldSchema[] = [],
): Generator<Buffer> {
  // Signature, flags, length of the header's extension.
  yield Buffer.concat([SIGNATURE, Buffer.alloc(8)]);
  for (let from = 0; from < batch.count; from += CHUNK_ROWS) {
    const to = Math.min(batch.count, from + CHUNK_ROWS);
    if (fields.length === 0) yield rows(batch, from, to, dimensions, 2);
    else yield rowsWithFields(batch, from, to, dimensions, fields);
  }
  yield Buffer.from([0xff, 0xff]);
}

function rowsWithFields(
  batch: LoadBatch,
  from: number,
  to: number,
  dimensions: number,
  fields: readonly FieldSchema[],
): Buffer {
  const parts: Buffer[] = [];
  for (let row = from; row < to; row++) {
    parts.push(rows(batch, row, row + 1, dimensions, 2 + fields.length));
    parts.push(rowValues(fields, batch.metadata ?? {}, row));
  }
  return Buffer.concat(parts);
}

/** Keys and vectors of rows that have `columns` columns in all. */
function rows(
  { keys, vectors }: LoadBatch,
  from: number,
  to: number,
  dimensions: number,
  columns: number,
): Buffer {
  const size = 2 + 4 + 4 + 4 + vectorBytes(dimensions);
  const buffer = Buffer.allocUnsafe((to - from) * size);
  for (let row = from, at = 0; row < to; row++) {
    at = buffer.writeInt16BE(columns, at);
    at = buffer.writeInt32BE(4, at);
    at = buffer.writeInt32BE(keys[row]!, at);
    at = buffer.writeInt32BE(vectorBytes(dimensions), at);
    at = writeVector(buffer, at, vectors, row * dimensions, dimensions);
  }
  return buffer;
}

function vectorBytes(dimensions: number): number {
  return 4 + 4 * dimensions;
}

function writeVector(buffer: Buffer, at: number, values: Float32Array, from: number, count: number): number {
  at = buffer.writeInt16BE(count, at);
  at = buffer.writeInt16BE(0, at);
  const bytes = Buffer.from(values.buffer, values.byteOffset + from * 4, count * 4);
  bytes.copy(buffer, at);
  // The machine's own order is little-endian on everything Node runs on in practice; the wire's is not.
  buffer.subarray(at, at + count * 4).swap32();
  return at + count * 4;
}

/** A vector as a parameter in binary format. */
export function vectorParameter(vector: Float32Array): Buffer {
  const buffer = Buffer.allocUnsafe(vectorBytes(vector.length));
  writeVector(buffer, 0, vector, 0, vector.length);
  return buffer;
}
