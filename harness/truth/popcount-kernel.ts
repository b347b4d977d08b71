import { jaccardDistance } from '../measures/distance.js';
import type { ScanJob, ScanTile } from './kernel.js';
import { NO_SELECTION, oneGroup, type QueryGroup } from './selections.js';
import type { Tile, Vectors } from './tile.js';
import { Arena, loadModule, type ModuleMemory } from './wasm-memory.js';

/** What harness/truth/wasm/bits.as.ts exports; numbers are addresses unless they count something. */
interface BitsModule extends ModuleMemory {
  pack(values: number, count: number, width: number, words: number, into: number, ones: number): void;
  near(...given: Scan): number;
  alike(...given: Scan): number;
}

/** Rows, their ones, their number, words a row; the query, its ones, what a row must reach; where to. */
type Scan = [number, number, number, number, number, number, number, number, number];

/** Rows that stay in the cache while all queries pass by; after each such block, what has been found bounds the next one. */
const BLOCK_BYTES = 64 * 2 ** 10;
const MOST_BLOCK = 4096;
/** Floats that are packed at a time. */
const SCRATCH_BYTES = 2 ** 20;
/** Below this share of a tile, the rows of a filter are compared by themselves; above, all rows are and some left out. */
const GATHERED = 1 / 2;
/** Below this difference, quotients of two numbers of bits are equal: vectors have at most 2^20 of them. */
const ROUNDED = 2 ** -45;
const MOST_BITS = 2 ** 20;

/** Vectors packed in the module's memory. */
interface Packed {
  at: number;
  ones: number;
  count: number;
}

/** Compares bits by counting them in 64-bit words, in our own WebAssembly: exact integers. */
export function popcountKernel(): ScanTile {
  const module = loadModule('bits') as BitsModule;
  return (job, tile) => new BitScan(module, job, tile).run();
}

class BitScan {
  readonly #module: BitsModule;
  readonly #arena: Arena;
  readonly #job: ScanJob;
  readonly #tile: Tile;
  readonly #words: number;
  readonly #block: number;
  readonly #scratch: number;

  constructor(module: BitsModule, job: ScanJob, tile: Tile) {
    if (tile.dimensions > MOST_BITS) throw new Error(`vectors have more than ${MOST_BITS} bits`);
    this.#module = module;
    this.#arena = new Arena(module);
    this.#job = job;
    this.#tile = tile;
    this.#words = Math.ceil(tile.dimensions / 64);
    this.#block = Math.min(MOST_BLOCK, Math.max(64, Math.floor(BLOCK_BYTES / (this.#words * 8))));
    this.#scratch = this.#arena.take(Math.max(SCRATCH_BYTES, tile.dimensions * 4));
  }

  run(): void {
    const { queries, selections } = this.#job;
    const tile = this.#tile;
    const asked = this.#pack(queries);
    const rows = this.#pack(tile);
    const [found, both] = [this.#arena.take(this.#block * 4), this.#arena.take(this.#block * 4)];
    const some = this.#room(selections?.groups, rows);
    for (const group of selections?.groups ?? oneGroup(queries.count)) {
      const { selection } = group;
      const passing =
        selection === NO_SELECTION ? undefined : selections!.rowsIn(selection, tile.first, tile.count);
      const few = passing !== undefined && passing.length < GATHERED * tile.count;
      const base = few ? this.#gather(rows, passing, some!) : rows;
      this.#scan(asked, base, group, { found, both, numbers: few ? passing : undefined });
    }
  }

  /** Where rows of a filter are copied to, where there are filters. */
  #room(groups: readonly QueryGroup[] | undefined, { count }: Packed): Packed | undefined {
    if (groups === undefined) return undefined;
    return { at: this.#arena.take(count * this.#words * 8), ones: this.#arena.take(count * 4), count: 0 };
  }

  #pack({ values, count, dimensions }: Vectors): Packed {
    const module = this.#module;
    const at = this.#arena.take(count * this.#words * 8);
    const ones = this.#arena.take(count * 4);
    const step = Math.max(1, Math.floor(SCRATCH_BYTES / (dimensions * 4)));
    for (let first = 0; first < count; first += step) {
      const some = Math.min(step, count - first);
      const from = values.subarray(first * dimensions, (first + some) * dimensions);
      new Float32Array(module.memory.buffer, this.#scratch, from.length).set(from);
      module.pack(
        this.#scratch,
        some,
        dimensions,
        this.#words,
        at + first * this.#words * 8,
        ones + first * 4,
      );
    }
    return { at, ones, count };
  }

  #gather(rows: Packed, numbers: Int32Array, into: Packed): Packed {
    const { buffer } = this.#module.memory;
    const width = this.#words * 8;
    const bytes = new Uint8Array(buffer);
    const [ones, own] = [new Int32Array(buffer, rows.ones), new Int32Array(buffer, into.ones)];
    for (let i = 0; i < numbers.length; i++) {
      const from = rows.at + numbers[i]! * width;
      bytes.copyWithin(into.at + i * width, from, from + width);
      own[i] = ones[numbers[i]!]!;
    }
    return { ...into, count: numbers.length };
  }

  #scan(
    queries: Packed,
    rows: Packed,
    { selection, queries: asked }: QueryGroup,
    { found, both, numbers }: { found: number; both: number; numbers: Int32Array | undefined },
  ): void {
    const { metric, lists, selections } = this.#job;
    const { first } = this.#tile;
    const words = this.#words;
    const { buffer } = this.#module.memory;
    const jaccard = metric === 'jaccard';
    const scan = jaccard ? this.#module.alike : this.#module.near;
    const queryOnes = new Int32Array(buffer, queries.ones, queries.count);
    const rowOnes = new Int32Array(buffer, rows.ones, rows.count);
    const [places, common] = [
      new Int32Array(buffer, found, this.#block),
      new Int32Array(buffer, both, this.#block),
    ];
    const masked = numbers === undefined && selection !== NO_SELECTION;
    for (let begin = 0; begin < rows.count; begin += this.#block) {
      const count = Math.min(this.#block, rows.count - begin);
      const [at, ones] = [rows.at + begin * words * 8, rows.ones + begin * 4];
      for (const query of asked) {
        const set = queryOnes[query]!;
        const bound = lists.bound(query);
        const reach = jaccard ? leastShare(bound) : mostApart(bound);
        const size = scan(at, ones, count, words, queries.at + query * words * 8, set, reach, found, both);
        for (let i = 0; i < size; i++) {
          const place = begin + places[i]!;
          const row = first + (numbers === undefined ? place : numbers[place]!);
          if (masked && !selections!.has(selection, row)) continue;
          const either = set + rowOnes[place]! - common[i]!;
          const far = jaccard ? jaccardDistance(common[i]!, either) : either - common[i]!;
          if (far <= bound) lists.offer(query, row, far);
        }
      }
    }
  }
}

/** Bits that may differ. */
function mostApart(bound: number): number {
  return Math.max(-1, Math.min(2 ** 30, Math.floor(bound)));
}

/** Share of bits in common below which a row is farther than the bound; everything that counts is compared again. */
function leastShare(bound: number): number {
  return Math.max(0, 1 - bound - ROUNDED);
}
