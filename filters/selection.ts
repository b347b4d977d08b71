/** The rows that a filter lets through: one bit each. */
export class Selection {
  /** Rows that there are, passing or not. */
  readonly length: number;
  /** Bit `row % 32` of word `row / 32`; bits behind the last row are 0. */
  readonly words: Uint32Array;

  constructor(length: number, words = new Uint32Array(wordsFor(length))) {
    this.length = length;
    this.words = words;
  }

  static all(length: number): Selection {
    return new Selection(length).complement();
  }

  has(row: number): boolean {
    return ((this.words[row >>> 5]! >>> (row & 31)) & 1) === 1;
  }

  add(row: number): void {
    this.words[row >>> 5]! |= 1 << (row & 31);
  }

  /** Number of rows that pass. */
  count(): number {
    let count = 0;
    for (const word of this.words) count += bitCount(word);
    return count;
  }

  /** The rows that pass, ascending; with bounds only those of `from .. to`. */
  rows(from = 0, to = this.length): Int32Array {
    return rowsOf(this.words, from, to);
  }

  and(other: Selection): Selection {
    return new Selection(
      this.length,
      this.words.map((word, i) => word & other.words[i]!),
    );
  }

  or(other: Selection): Selection {
    return new Selection(
      this.length,
      this.words.map((word, i) => word | other.words[i]!),
    );
  }

  complement(): Selection {
    const words = this.words.map((word) => ~word);
    const rest = this.length & 31;
    if (rest !== 0) words[words.length - 1]! &= (1 << rest) - 1;
    return new Selection(this.length, words);
  }
}

/** Words that hold a bit for each of `length` rows. */
export function wordsFor(length: number): number {
  return (length + 31) >>> 5;
}

/** The set bits of `from .. to`, ascending. */
export function rowsOf(words: Uint32Array, from: number, to: number): Int32Array {
  const rows = new Int32Array(to - from);
  let found = 0;
  for (let at = from >>> 5; at < wordsFor(to); at++) {
    for (let word = words[at]!; word !== 0; word &= word - 1) {
      const row = (at << 5) + 31 - Math.clz32(word & -word);
      if (row >= from && row < to) rows[found++] = row;
    }
  }
  return rows.subarray(0, found);
}

function bitCount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
