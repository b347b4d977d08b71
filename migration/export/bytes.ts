const SHORT = 40;

/** Text that has no UTF-8. */
export class BrokenText extends Error {
  readonly text: string;

  constructor(text: string) {
    super('half of a surrogate pair');
    this.text = text;
  }
}

/** Bytes that grow: canonical values one after the other. */
export class Bytes {
  #buffer = Buffer.allocUnsafe(4096);
  #length = 0;

  letter(letter: string): void {
    this.#need(1);
    this.#buffer[this.#length++] = letter.charCodeAt(0);
  }

  u32(value: number): void {
    this.#need(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  double(value: number): void {
    this.letter('d');
    this.#need(8);
    this.#length = this.#buffer.writeDoubleLE(Number.isNaN(value) ? Number.NaN : value, this.#length);
  }

  text(letter: string, text: string): void {
    this.letter(letter);
    this.#need(4 + text.length * 3);
    const size = this.#buffer.write(text, this.#length + 4, 'utf8');
    if (size > text.length && /\p{Surrogate}/u.test(text)) throw new BrokenText(text);
    this.#buffer.writeUInt32LE(size, this.#length);
    this.#length += 4 + size;
  }

  /** Typed arrays of this machine, which is little-endian (checked when the module is loaded). */
  raw(values: Uint32Array | Float32Array | Uint16Array | Int8Array | Uint8Array): void {
    this.#need(values.byteLength);
    this.#buffer.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), this.#length);
    this.#length += values.byteLength;
  }

  /** Texts of other memory, which are UTF-8 already. */
  utf8(letter: string, from: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.letter(letter);
    this.#need(4 + size);
    this.#length = this.#buffer.writeUInt32LE(size, this.#length);
    this.#copy(from, start, end);
  }

  /** Bytes as they are. */
  bytes(from: Uint8Array, start = 0, end = from.length): void {
    this.#need(end - start);
    this.#copy(from, start, end);
  }

  /** An integer that is a safe one, with the number of its digits. */
  digits(letter: string, value: number): void {
    this.letter(letter);
    this.#need(24);
    const start = this.#length + 4;
    let at = start;
    let rest = Math.abs(value);
    let digits = 1;
    for (let limit = 10; rest >= limit; limit *= 10) digits++;
    if (value < 0) this.#buffer[at++] = 45;
    at += digits;
    for (let place = at - 1; digits > 0; digits--) {
      const tenth = Math.floor(rest / 10);
      this.#buffer[place--] = 48 + (rest - tenth * 10);
      rest = tenth;
    }
    this.#buffer.writeUInt32LE(at - start, this.#length);
    this.#length = at;
  }

  /** Calls into the engine for a few bytes cost more than the bytes. */
  #copy(from: Uint8Array, start: number, end: number): void {
    if (end - start <= SHORT) for (let i = start; i < end; i++) this.#buffer[this.#length++] = from[i]!;
    else {
      this.#buffer.set(from.subarray(start, end), this.#length);
      this.#length += end - start;
    }
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** What was written, valid until more is. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** A copy of what was written, and an end of it. */
  take(): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #need(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1) throw new Error('needs a little-endian machine');
