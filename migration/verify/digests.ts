import { hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileFailure } from '../../common/files.js';
import { readRegular } from '../../common/regular-file.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point } from '../../engines/contract/points.js';
import { canonicalPoint, type IdType, idType, type PointShape } from '../export/canonical.js';
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
const HEAD = 4 + ROW;
/** Points of a bucket, about: what is compared in memory at a time. */
const BUCKET = 200_000;
const FLUSH = 1 << 20;

export function bucketsFor(points: number): number {
  return Math.max(1, Math.min(512, Math.ceil(points / BUCKET)));
}

/**
 * Digests of one side in files, by a hash of their id: the same id is in the same bucket on both sides. Memory is
 * bounded by one bucket while reading, and by a megabyte for each while writing.
 */
export class Buckets {
  readonly #folder: string;
  readonly #side: string;
  readonly #waiting: { records: Buffer; bytes: number }[];
  readonly #near: readonly NearField[];
  rows = 0;

  constructor(folder: string, side: string, buckets: number, near: readonly NearField[] = []) {
    this.#near = near;
    this.#folder = folder;
    this.#side = side;
    this.#waiting = Array.from({ length: buckets }, () => ({ records: Buffer.alloc(0), bytes: 0 }));
  }

  add(shape: PointShape, point: Point): void {
    const { id, vectors, metadata, parts } = canonicalPoint(shape, withoutNear(this.#near, point));
    const near = nearValues(this.#near, point.vectors).map(nearBytes);
    const text = String(point.id);
    const most = HEAD + 1 + 3 * DIGEST + 3 * text.length + near.reduce((sum, each) => sum + each.length, 0);
    const bucket = bucketOf(id) % this.#waiting.length;
    const waiting = this.#waiting[bucket]!;
    if (waiting.bytes + most > waiting.records.length) {
      const larger = Buffer.allocUnsafe(Math.max(1 << 16, waiting.records.length * 2, waiting.bytes + most));
      waiting.records.copy(larger, 0, 0, waiting.bytes);
      waiting.records = larger;
    }
    const { records, bytes: start } = waiting;
    records.writeUIntLE(this.rows, start + 4, ROW);
    let at = start + HEAD;
    for (const part of [vectors, metadata, parts]) {
      hash('sha256', part, 'buffer').copy(records, at, 0, DIGEST);
      at += DIGEST;
    }
    for (const each of near) at += each.copy(records, at);
    records[at++] = idType(shape, point.id).charCodeAt(0);
    at += records.write(text, at, 'utf8');
    records.writeUInt32LE(at - start, start);
    waiting.bytes = at;
    this.rows++;
    if (waiting.bytes >= FLUSH) this.#flush(bucket);
  }

  /** Writes what waits; nothing is added afterwards. */
  finish(): void {
    this.#waiting.forEach((_, bucket) => {
      this.#flush(bucket);
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
    const path = this.#path(bucket);
    const bytes = readRegular(path, Number.POSITIVE_INFINITY);
    const digests: Digest[] = [];
    for (let at = 0; at < bytes.length; ) {
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
      digests.push({
        type,
        id: type === 'integer' ? BigInt(text) : text,
        row: bytes.readUIntLE(at + 4, ROW),
        vectors: part(0),
        metadata: part(1),
        parts: part(2),
        near,
      });
      at = end;
    }
    return digests;
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
function bucketOf(id: Buffer): number {
  let sum = 0x811c9dc5;
  for (const byte of id) sum = Math.imul(sum ^ byte, 0x01000193);
  // Its low bits alone are not spread well.
  return (sum ^ (sum >>> 15)) >>> 0;
}
