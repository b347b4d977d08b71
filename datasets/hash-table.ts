/**
 * A set of 64-bit hashes in an open-addressing table: 16 to 32 bytes for each entry. Equal hashes are as good as equal
 * values for counting; who must be certain compares the values.
 */
export class HashTable64 {
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  readonly #mask: number;

  /** @param capacity number of entries that will come at most */
  constructor(capacity: number) {
    let size = 16;
    while (size < capacity * 2) size *= 2;
    this.#low = new Uint32Array(size);
    this.#high = new Uint32Array(size);
    this.#mask = size - 1;
  }

  /** @returns whether it was there already */
  add(hash: readonly [low: number, high: number]): boolean {
    return this.#find(hash, true);
  }

  has(hash: readonly [low: number, high: number]): boolean {
    return this.#find(hash, false);
  }

  #find([low, high]: readonly [number, number], insert: boolean): boolean {
    // Hash 0/0 marks a free slot.
    const value = low === 0 && high === 0 ? 1 : low;
    for (let slot = value & this.#mask; ; slot = (slot + 1) & this.#mask) {
      if (this.#low[slot] === value && this.#high[slot] === high) return true;
      if (this.#low[slot] !== 0 || this.#high[slot] !== 0) continue;
      if (insert) {
        this.#low[slot] = value;
        this.#high[slot] = high;
      }
      return false;
    }
  }
}

/** Two 32-bit halves mixed as in cyrb53 (public domain), over UTF-16 code units. */
export function hashOfText(text: string): [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  return mixed(a, b);
}

/** The same over the bits of a vector's float32 components; 0 and -0 are the same number. */
export function hashOfVector(bits: Uint32Array, from: number, dimensions: number): [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = from; i < from + dimensions; i++) {
    const code = bits[i] === 0x80000000 ? 0 : bits[i]!;
    a = Math.imul(a ^ code, 2654435761);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ code, 1597334677);
    b = (b << 17) | (b >>> 15);
  }
  return mixed(a, b);
}

function mixed(first: number, second: number): [number, number] {
  const a = Math.imul(first ^ (first >>> 16), 2246822507) ^ Math.imul(second ^ (second >>> 13), 3266489909);
  const b = Math.imul(second ^ (second >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [a >>> 0, b >>> 0];
}
