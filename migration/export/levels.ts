/** Levels of values in Parquet pages, as runs of up to eight bits each (RLE without bit packing). */
export class LevelRuns {
  #bytes = Buffer.allocUnsafe(64);
  #length = 0;

  add(length: number, level: number): this {
    if (this.#length + 8 > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(this.#bytes.length * 2);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    let rest = length * 2;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#length++] = rest;
    this.#bytes[this.#length++] = level;
    return this;
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** One run. */
export function run(length: number, level: number): Buffer {
  return new LevelRuns().add(length, level).bytes();
}
