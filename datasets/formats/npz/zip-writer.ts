import { crc32 } from 'node:zlib';
import type { ByteSink } from '../sink.js';

interface Member {
  name: Buffer;
  start: number;
  size: number;
  crc: number;
}

/** Bit 3: size and checksum follow the data, as they are not known before; bit 11: names are UTF-8. */
const FLAGS = 0x0808;
/** Version 4.5 of the format has sizes of 64 bits, which are used throughout. */
const VERSION = 45;
const FULL = 0xffffffff;

/** Writes a zip archive of stored members (APPNOTE 6.3), one after the other, to a stream. */
export class ZipWriter {
  readonly #sink: ByteSink;
  readonly #members: Member[] = [];
  #open: Member | undefined;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Begins a member; what is written until the next call is its content. */
  async member(name: string): Promise<void> {
    await this.#close();
    this.#open = { name: Buffer.from(name), start: this.#sink.size, size: 0, crc: 0 };
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(VERSION, 4);
    head.writeUInt16LE(FLAGS, 6);
    head.writeUInt16LE(0x21, 12); // 1 January 1980: the same input gives the same bytes.
    head.writeUInt32LE(FULL, 18);
    head.writeUInt32LE(FULL, 22);
    head.writeUInt16LE(this.#open.name.length, 26);
    head.writeUInt16LE(20, 28);
    // The extra field 1 says that sizes have 64 bits; they stand behind the data.
    await this.#sink.write(Buffer.concat([head, this.#open.name, extra([0, 0])]));
  }

  async write(bytes: Uint8Array): Promise<void> {
    const member = this.#open!;
    member.crc = crc32(bytes, member.crc);
    member.size += bytes.length;
    await this.#sink.write(bytes);
  }

  /** The directory, and the end of the archive. */
  async end(): Promise<void> {
    await this.#close();
    const start = this.#sink.size;
    for (const member of this.#members) await this.#sink.write(entry(member));
    const size = this.#sink.size - start;
    await this.#sink.write(ends(this.#members.length, size, start));
  }

  async #close(): Promise<void> {
    const member = this.#open;
    if (member === undefined) return;
    this.#open = undefined;
    this.#members.push(member);
    const tail = Buffer.alloc(24);
    tail.writeUInt32LE(0x08074b50, 0);
    tail.writeUInt32LE(member.crc, 4);
    tail.writeBigUInt64LE(BigInt(member.size), 8);
    tail.writeBigUInt64LE(BigInt(member.size), 16);
    await this.#sink.write(tail);
  }
}

function extra(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + values.length * 8);
  bytes.writeUInt16LE(1, 0);
  bytes.writeUInt16LE(values.length * 8, 2);
  for (const [i, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 4 + i * 8);
  return bytes;
}

function entry({ name, start, size, crc }: Member): Buffer {
  const fields = extra([size, size, start]);
  const head = Buffer.alloc(46);
  head.writeUInt32LE(0x02014b50, 0);
  head.writeUInt16LE(VERSION, 4);
  head.writeUInt16LE(VERSION, 6);
  head.writeUInt16LE(FLAGS, 8);
  head.writeUInt16LE(0x21, 14);
  head.writeUInt32LE(crc, 16);
  head.writeUInt32LE(FULL, 20);
  head.writeUInt32LE(FULL, 24);
  head.writeUInt16LE(name.length, 28);
  head.writeUInt16LE(fields.length, 30);
  head.writeUInt32LE(FULL, 42);
  return Buffer.concat([head, name, fields]);
}

function ends(members: number, size: number, start: number): Buffer {
  const wide = Buffer.alloc(56);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  wide.writeUInt16LE(VERSION, 12);
  wide.writeUInt16LE(VERSION, 14);
  wide.writeBigUInt64LE(BigInt(members), 24);
  wide.writeBigUInt64LE(BigInt(members), 32);
  wide.writeBigUInt64LE(BigInt(size), 40);
  wide.writeBigUInt64LE(BigInt(start), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(start + size), 8);
  locator.writeUInt32LE(1, 16);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members, 8);
  end.writeUInt16LE(members, 10);
  end.writeUInt32LE(FULL, 12);
  end.writeUInt32LE(FULL, 16);
  return Buffer.concat([wide, locator, end]);
}
