import { rowsOf, type Selection, wordsFor } from '../../filters/selection.js';

/** In place of the number of a selection: the query may find every point. */
export const NO_SELECTION = -1;

/** Which points each query may find: by query a number in `list`, or NO_SELECTION. */
export interface QuerySelections {
  of: Int32Array;
  /** Each filter once, however many queries have it: queries of one filter share its scan. */
  list: readonly Selection[];
}

/** The same for worker threads, which all read one copy. */
export interface SharedSelections {
  /** Int32, by query. */
  of: SharedArrayBuffer;
  /** Uint32: the words of each selection, one after the other. */
  words: SharedArrayBuffer;
  wordsPer: number;
}

export function sharedSelections({ of, list }: QuerySelections, rows: number): SharedSelections {
  const wordsPer = wordsFor(rows);
  const words = new SharedArrayBuffer(list.length * wordsPer * 4);
  for (const [i, selection] of list.entries()) new Uint32Array(words).set(selection.words, i * wordsPer);
  const numbers = new SharedArrayBuffer(of.byteLength);
  new Int32Array(numbers).set(of);
  return { of: numbers, words, wordsPer };
}

/** Queries that may find the same points. */
export interface QueryGroup {
  /** Number in the list, or NO_SELECTION. */
  selection: number;
  queries: readonly number[];
}

/** One thread's view of them. */
export class Selections {
  readonly groups: readonly QueryGroup[];
  /** By selection: passing rows of the tiles that this thread has seen. */
  readonly seen: Int32Array;
  readonly #words: readonly Uint32Array[];

  constructor({ of, words, wordsPer }: SharedSelections) {
    const all = new Uint32Array(words);
    const count = wordsPer === 0 ? 0 : all.length / wordsPer;
    this.#words = Array.from({ length: count }, (_, i) => all.subarray(i * wordsPer, (i + 1) * wordsPer));
    this.seen = new Int32Array(count);
    this.groups = queryGroups(new Int32Array(of));
  }

  /** Row numbers within the tile `first .. first + count` that pass, ascending. */
  rowsIn(selection: number, first: number, count: number): Int32Array {
    const rows = rowsOf(this.#words[selection]!, first, first + count);
    for (let i = 0; i < rows.length; i++) rows[i]! -= first;
    return rows;
  }

  /** One bit for each of the rows `first .. first + count`, in words of 32, lowest bit first. */
  wordsIn(selection: number, first: number, count: number): Uint32Array {
    const words = this.#words[selection]!;
    const [word, shift] = [first >>> 5, first & 31];
    const own = new Uint32Array(Math.ceil(count / 32));
    for (let i = 0; i < own.length; i++) {
      const low = words[word + i]! >>> shift;
      own[i] = shift === 0 ? low : low | ((words[word + i + 1] ?? 0) << (32 - shift));
    }
    return own;
  }

  /** How many of the rows `first .. first + count` pass. */
  countIn(selection: number, first: number, count: number): number {
    const words = this.wordsIn(selection, first, count);
    const beyond = words.length * 32 - count;
    let passing = 0;
    for (let i = 0; i < words.length; i++)
      passing += bitsOf(i === words.length - 1 ? words[i]! << beyond : words[i]!);
    return passing;
  }

  /** Whether a row of the dataset passes. */
  has(selection: number, row: number): boolean {
    return ((this.#words[selection]![row >>> 5]! >>> (row & 31)) & 1) === 1;
  }
}

function queryGroups(of: Int32Array): QueryGroup[] {
  const groups = new Map<number, number[]>();
  for (const [query, selection] of of.entries()) {
    const queries = groups.get(selection);
    if (queries === undefined) groups.set(selection, [query]);
    else queries.push(query);
  }
  return [...groups].map(([selection, queries]) => ({ selection, queries }));
}

/** The only group where no query has a filter. */
export function oneGroup(queries: number): QueryGroup[] {
  return [{ selection: NO_SELECTION, queries: Array.from({ length: queries }, (_, query) => query) }];
}

/** Bits that are set in a word of 32 (Warren, Hacker's Delight, §5-1). */
function bitsOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
