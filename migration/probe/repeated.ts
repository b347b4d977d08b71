import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileFailure } from '../../common/files.js';

/** Bytes of a key's digest: two keys are taken for the same once in 2^128 pairs. */
const DIGEST = 16;
/** Keys of a bucket, about: what is compared in memory at a time. */
const BUCKET = 200_000;
const FLUSH = 1 << 18;
const READ = 1 << 22;
/** Notes of one key that are kept. */
const NOTES = 64;

/** Keys that came more than once, with what was noted at each. */
export interface Repeats {
  /** Keys and different ones. */
  total: number;
  distinct: number;
  /** Sum of the digests of the different keys modulo 2^128, which does not depend on their order; hexadecimal. */
  sum: string;
}

/**
 * Finds keys that repeat among any number of them: digests go to files by their first bits, and one file at a time is
 * looked at. Memory is bounded by a bucket of about 200,000.
 */
export class RepeatedKeys {
  readonly #folder: string;
  readonly #name: string;
  readonly #waiting: { chunks: Buffer[]; bytes: number; made: boolean }[];
  #total = 0;

  /**
   * @param folder for its files, removed by whoever made it
   * @param expected keys, about
   */
  constructor(folder: string, name: string, expected: number) {
    this.#folder = folder;
    this.#name = name;
    const buckets = Math.max(1, Math.min(512, Math.ceil(expected / BUCKET)));
    this.#waiting = Array.from({ length: buckets }, () => ({ chunks: [], bytes: 0, made: false }));
  }

  /** @param note kept with it, to tell its places apart */
  add(key: Uint8Array | string, note: string): void {
    this.#total++;
    const digest = createHash('sha256').update(key).digest();
    const text = Buffer.from(note);
    const record = Buffer.allocUnsafe(4 + DIGEST + text.length);
    record.writeUInt32LE(record.length);
    digest.copy(record, 4, 0, DIGEST);
    text.copy(record, 4 + DIGEST);
    const bucket = digest.readUInt32LE(28) % this.#waiting.length;
    const waiting = this.#waiting[bucket]!;
    waiting.chunks.push(record);
    waiting.bytes += record.length;
    // A single bucket stays in memory until it is large.
    if (waiting.bytes >= (this.#waiting.length === 1 ? FLUSH * 64 : FLUSH)) this.#flush(bucket);
  }

  /**
   * Ends the counting.
   * @param each called for every key that came more than once, with the notes of its first places and how often it came
   */
  finish(each: (notes: readonly string[], times: number) => void = () => {}): Repeats {
    let distinct = 0;
    let sum = 0n;
    for (let bucket = 0; bucket < this.#waiting.length; bucket++) {
      const groups = new Map<string, { notes: string[]; times: number }>();
      for (const [digest, note] of this.#records(bucket)) {
        const group = groups.get(digest);
        if (group === undefined) groups.set(digest, { notes: [note], times: 1 });
        else {
          group.times++;
          if (group.notes.length < NOTES) group.notes.push(note);
        }
      }
      distinct += groups.size;
      for (const [digest, { notes, times }] of groups) {
        sum += BigInt(`0x${digest}`);
        if (times > 1) each(notes, times);
      }
      sum %= 1n << 128n;
    }
    return { total: this.#total, distinct, sum: sum.toString(16).padStart(32, '0') };
  }

  *#records(bucket: number): Iterable<[digest: string, note: string]> {
    const { chunks, made } = this.#waiting[bucket]!;
    this.#waiting[bucket] = { chunks: [], bytes: 0, made };
    let rest: Buffer = Buffer.alloc(0);
    for (const chunk of made ? [...chunks, this.#path(bucket)] : chunks) {
      for (const bytes of typeof chunk === 'string' ? pieces(chunk) : [chunk]) {
        rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
        let at = 0;
        while (rest.length - at >= 4 && rest.length - at >= rest.readUInt32LE(at)) {
          const end = at + rest.readUInt32LE(at);
          yield [rest.toString('hex', at + 4, at + 4 + DIGEST), rest.toString('utf8', at + 4 + DIGEST, end)];
          at = end;
        }
        rest = rest.subarray(at);
      }
    }
  }

  #flush(bucket: number): void {
    const path = this.#path(bucket);
    try {
      const file = openSync(path, 'a');
      try {
        writeSync(file, Buffer.concat(this.#waiting[bucket]!.chunks));
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw fileFailure(path, 'cannot be written', error);
    }
    this.#waiting[bucket] = { chunks: [], bytes: 0, made: true };
  }

  #path(bucket: number): string {
    return join(this.#folder, `${this.#name}-${bucket}`);
  }
}

function* pieces(path: string): Iterable<Buffer> {
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(READ);
      const length = readSync(file, buffer, 0, READ, null);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}
