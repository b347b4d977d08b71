import { bucketOf, HEAD } from './digests.js';

/** Records of two buckets that are left once those are out that are the same on both sides; by their places. */
export interface Unlike {
  same: number;
  source: number[];
  target: number[];
}

/** Of the digests of a record's parts. */
const DIGESTS = 48;

/**
 * Takes out what needs no look: ids that stand once on each side, with the same digests. Works on the bytes, without a
 * value for each record. Where an id stands twice on a side, nothing is taken out: which of them is compared with which
 * is decided elsewhere.
 *
 * @param hasNear numbers that may differ a little stand before the id: nothing is taken out
 */
export function unlikeRecords(source: Buffer, target: Buffer, hasNear: boolean): Unlike {
  const [mine, theirs] = [placesIn(source), placesIn(target)];
  const all = { same: 0, source: mine, target: theirs };
  if (hasNear) return all;
  const table = new Table(target, theirs);
  if (table.hasTwice || new Table(source, mine).hasTwice) return all;
  const taken = new Set<number>();
  const left: number[] = [];
  let same = 0;
  for (const at of mine) {
    const other = table.find(source, at);
    if (other !== undefined && sameDigests(source, at, target, other)) {
      taken.add(other);
      same++;
    } else left.push(at);
  }
  return { same, source: left, target: same === theirs.length ? [] : theirs.filter((at) => !taken.has(at)) };
}

function placesIn(bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at)) places.push(at);
  return places;
}

function sameDigests(a: Buffer, at: number, b: Buffer, other: number): boolean {
  return a.compare(b, other + HEAD, other + HEAD + DIGESTS, at + HEAD, at + HEAD + DIGESTS) === 0;
}

/** Places of records by their ids: open addressing, half empty. */
class Table {
  readonly #bytes: Buffer;
  readonly #slots: Int32Array;
  readonly #mask: number;
  hasTwice = false;

  constructor(bytes: Buffer, places: readonly number[]) {
    this.#bytes = bytes;
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, places.length * 2)));
    this.#slots = new Int32Array(size).fill(-1);
    this.#mask = size - 1;
    for (const at of places) {
      const slot = this.#slotOf(bytes, at);
      if (this.#slots[slot] === -1) this.#slots[slot] = at;
      else this.hasTwice = true;
    }
  }

  /** The place of the record with the id of another one. */
  find(bytes: Buffer, at: number): number | undefined {
    const found = this.#slots[this.#slotOf(bytes, at)]!;
    return found === -1 ? undefined : found;
  }

  /** Where the record of an id is, or would be. */
  #slotOf(bytes: Buffer, at: number): number {
    const from = at + HEAD + DIGESTS;
    const to = at + bytes.readUInt32LE(at);
    for (let slot = bucketOf(bytes, from, to) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const other = this.#slots[slot]!;
      if (other === -1) return slot;
      const start = other + HEAD + DIGESTS;
      const end = other + this.#bytes.readUInt32LE(other);
      if (this.#bytes.compare(bytes, from, to, start, end) === 0) return slot;
    }
  }
}
