import { hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileFailure } from '../../common/files.js';
import { readRegular } from '../../common/regular-file.js';
import type { PointColumns } from '../../engines/contract/columns.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point } from '../../engines/contract/points.js';
import { canonicalPoint, type IdType, type PointShape } from '../export/canonical.js';
import { CanonicalRows } from '../export/column-bytes.js';
import { type NearField, nearValues, withoutNear } from '../export/near.js';

/** What is kept of a point while two sides are compared: its id, and a digest of each part of it. */
export interface Digest {
  type: IdType;
  id: PointId;
  /** Its place in the scan of its side. */
  row: number;
  vectors: string;
  metadata: string;
  parts: string;
  /** Numbers of the vectors that are compared within a tolerance, in the order of the fields. */
  near: readonly (Float32Array | undefined)[];
}

/** Bytes of a part's digest: two that differ are taken for equal once in 2^128 pairs. */
const DIGEST = 16;
/** Bytes of a row's number, and of all before the digests: with the record's length. */
const ROW = 6;
export const HEAD = 4 + ROW;
/** Of the number of an id's bytes in its canonical form, which the record's own length tells. */
const ID_LENGTH = 4;
/** Points of a bucket, about: what is compared in memory at a time. */
const BUCKET = 50_000;
/** Bytes of all buckets that wait to be written, and of one. */
const WAITING = 32 * 2 ** 20;
const FLUSH = 1 << 20;

export function bucketsFor(points: number): number {
  return Math.max(1, Math.min(512, Math.ceil(points / BUCKET)));
}

/**
 * Digests of one side in files, by a hash of their id: the same id is in the same bucket on both sides. Memory is
 * bounded by one bucket while reading, and by 32 MiB for all of them while writing.
 */
export class Buckets {
  readonly #folder: string;
  readonly #side: string;
  readonly #waiting: { records: Buffer; bytes: number }[];
  readonly #near: readonly NearField[];
  readonly #flushAt: number;
  rows = 0;

  constructor(folder: string, side: string, buckets: number, near: readonly NearField[] = []) {
    this.#near = near;
    this.#folder = folder;
    this.#side = side;
    this.#waiting = Array.from({ length: buckets }, () => ({ records: Buffer.alloc(0), bytes: 0 }));
    this.#flushAt = Math.min(FLUSH, Math.floor(WAITING / buckets));
  }

  /** Those of a side that were written to their end elsewhere. */
  static written(
    folder: string,
    side: string,
    { count, near, rows }: { count: number; near: readonly NearField[]; rows: number },
  ): Buckets {
    const buckets = new Buckets(folder, side, count, near);
    buckets.rows = rows;
    return buckets;
  }

  add(shape: PointShape, point: Point): void {
    const { id, vectors, metadata, parts } = canonicalPoint(shape, withoutNear(this.#near, point));
    const near = nearValues(this.#near, point.vectors).map(nearBytes);
    // The letter of its type, the number of its bytes, and its text.
    this.#write(id, [vectors, metadata, parts], near);
  }

  /** The rows of columns; not where vectors are compared within a tolerance. */
  addColumns(shape: PointShape, columns: PointColumns): void {
    const rows = new CanonicalRows(shape, columns);
    for (let row = 0; row < columns.count; row++) {
      const { bytes, id, vectors, metadata } = rows.parts(row);
      const parts = [
        bytes.subarray(id, vectors),
        bytes.subarray(vectors, metadata),
        bytes.subarray(metadata),
      ];
      this.#write(bytes.subarray(0, id), parts, []);
    }
  }

  /** @param id as its canonical bytes */
  #write(id: Buffer, parts: readonly Buffer[], near: readonly Buffer[]): void {
    const bucket = bucketOf(id) % this.#waiting.length;
    const waiting = this.#waiting[bucket]!;
    const size = near.reduce((sum, each) => sum + each.length, HEAD + 3 * DIGEST + id.length);
    if (waiting.bytes + size > waiting.records.length) {
      const larger = Buffer.allocUnsafe(Math.max(1 << 16, waiting.records.length * 2, waiting.bytes + size));
      waiting.records.copy(larger, 0, 0, waiting.bytes);
      waiting.records = larger;
    }
    const { records, bytes: start } = waiting;
    records.writeUInt32LE(size - ID_LENGTH, start);
    records.writeUIntLE(this.rows, start + 4, ROW);
    let at = start + HEAD;
    for (const part of parts) {
      // A string of bytes costs half of what a buffer does.
      at += records.write(hash('sha256', part, 'binary'), at, DIGEST, 'latin1');
    }
    for (const each of near) at += each.copy(records, at);
    records[at++] = id[0]!;
    at += id.copy(records, at, 1 + ID_LENGTH);
    waiting.bytes = at;
    this.rows++;
    if (waiting.bytes >= this.#flushAt) this.#flush(bucket);
  }

  /** Writes what waits; nothing is added afterwards. */
  finish(): void {
    this.#waiting.forEach((waiting, bucket) => {
      this.#flush(bucket);
      waiting.records = Buffer.alloc(0);
    });
  }

  #flush(bucket: number): void {
    const path = this.#path(bucket);
    try {
      const file = openSync(path, 'a');
      try {
        const { records, bytes } = this.#waiting[bucket]!;
        for (let done = 0; done < bytes; ) done += writeSync(file, records, done, bytes - done);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw fileFailure(path, 'cannot be written', error);
    }
    this.#waiting[bucket]!.bytes = 0;
  }

  /** The digests of a bucket. */
  take(bucket: number): Digest[] {
    const bytes = this.bytes(bucket);
    const digests: Digest[] = [];
    for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at)) digests.push(this.#digestAt(bytes, at));
    return digests;
  }

  /** A bucket as it was written: records with their length, row, digests, numbers that may differ a little, and id. */
  bytes(bucket: number): Buffer {
    return readRegular(this.#path(bucket), Number.POSITIVE_INFINITY);
  }

  /** Of some records of a bucket. */
  digestsAt(bytes: Buffer, places: readonly number[]): Digest[] {
    return places.map((at) => this.#digestAt(bytes, at));
  }

  #digestAt(bytes: Buffer, at: number): Digest {
    const end = at + bytes.readUInt32LE(at);
    const part = (n: number) =>
      bytes.toString('latin1', at + HEAD + n * DIGEST, at + HEAD + (n + 1) * DIGEST);
    const near: (Float32Array | undefined)[] = [];
    let next = at + HEAD + 3 * DIGEST;
    for (const _ of this.#near) {
      const [values, behind] = nearFrom(bytes, next);
      near.push(values);
      next = behind;
    }
    const type = TYPES[String.fromCharCode(bytes[next]!)]!;
    const text = bytes.toString('utf8', next + 1, end);
    return {
      type,
      id: type === 'integer' ? BigInt(text) : text,
      row: bytes.readUIntLE(at + 4, ROW),
      vectors: part(0),
      metadata: part(1),
      parts: part(2),
      near,
    };
  }

  #path(bucket: number): string {
    return join(this.#folder, `${this.#side}-${bucket}`);
  }
}

const TYPES: Readonly<Record<string, IdType>> = { i: 'integer', s: 'string', u: 'uuid' };

/** Their number, plus one so that 0 is none, and the numbers. */
function nearBytes(values: Float32Array | undefined): Buffer {
  const bytes = Buffer.alloc(4 + (values?.byteLength ?? 0));
  if (values === undefined) return bytes;
  bytes.writeUInt32LE(values.length + 1);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 4);
  return bytes;
}

function nearFrom(bytes: Buffer, at: number): [values: Float32Array | undefined, behind: number] {
  const length = bytes.readUInt32LE(at) - 1;
  if (length < 0) return [undefined, at + 4];
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = bytes.readFloatLE(at + 4 + i * 4);
  return [values, at + 4 + length * 4];
}

/** FNV-1a, of 32 bits: the same id is in the same bucket on both sides. */
export function bucketOf(id: Buffer, from = 0, to = id.length): number {
  let sum = 0x811c9dc5;
  for (let at = from; at < to; at++) sum = Math.imul(sum ^ id[at]!, 0x01000193);
  // Its low bits alone are not spread well.
  return (sum ^ (sum >>> 15)) >>> 0;
}
