/**
 * Messages of PostgreSQL's own output plugin, `pgoutput`, protocol version 1, as far as they say which rows have changed:
 * PostgreSQL's manual, "Logical Replication Message Formats". Values are texts; what a row does not carry along (a TOASTed
 * value that an UPDATE left alone) is undefined.
 */
export type Message =
  | { type: 'begin' | 'other' }
  /** `end`: everything before it was seen. */
  | { type: 'commit'; end: bigint }
  | { type: 'relation'; relation: number; schema: string; name: string; columns: readonly Column[] }
  | { type: 'insert' | 'update' | 'delete'; relation: number; old: Cells | undefined; new: Cells | undefined }
  | { type: 'truncate'; relations: readonly number[] }
  | { type: 'message'; prefix: string; content: string };

export interface Column {
  name: string;
  /** It is part of the replica identity, and so in the old row. */
  isKey: boolean;
}

export type Cells = readonly (string | null | undefined)[];

/** @throws RangeError for what is cut off */
export function readMessage(bytes: Buffer): Message {
  const reader = new Reader(bytes);
  switch (reader.letter()) {
    case 'B':
      return { type: 'begin' };
    case 'C':
      // Flags and the commit's own position.
      reader.skip(1 + 8);
      return { type: 'commit', end: reader.int64() };
    case 'R':
      return readRelation(reader);
    case 'I':
      return { type: 'insert', relation: reader.int32(), old: undefined, new: reader.tuple('N') };
    case 'U':
      return { type: 'update', relation: reader.int32(), old: reader.tuple('KO'), new: reader.tuple('N') };
    case 'D':
      return { type: 'delete', relation: reader.int32(), old: reader.tuple('KO'), new: undefined };
    case 'T': {
      const count = reader.int32();
      reader.skip(1);
      return { type: 'truncate', relations: Array.from({ length: count }, () => reader.int32()) };
    }
    case 'M':
      reader.skip(1 + 8);
      return { type: 'message', prefix: reader.text(), content: reader.bytes(reader.int32()).toString() };
    default:
      return { type: 'other' };
  }
}

function readRelation(reader: Reader): Message {
  const [relation, schema, name] = [reader.int32(), reader.text(), reader.text()];
  reader.skip(1);
  const columns = Array.from({ length: reader.int16() }, () => {
    const isKey = (reader.int8() & 1) === 1;
    const column = { name: reader.text(), isKey };
    // Type and its modifier.
    reader.skip(4 + 4);
    return column;
  });
  return { type: 'relation', relation, schema, name, columns };
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  int8(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  int64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigUInt64BE(this.#at - 8);
  }

  letter(): string {
    return String.fromCharCode(this.int8());
  }

  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new RangeError('a text does not end');
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  bytes(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new RangeError('a value is cut off');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** The row that one of these letters announces; undefined: there is another letter. */
  tuple(letters: string): Cells | undefined {
    if (!letters.includes(String.fromCharCode(this.#bytes.readUInt8(this.#at)))) return undefined;
    this.skip(1);
    return Array.from({ length: this.int16() }, () => this.#cell());
  }

  #cell(): string | null | undefined {
    const kind = this.letter();
    if (kind === 'n') return null;
    return kind === 'u' ? undefined : this.bytes(this.int32()).toString();
  }
}
