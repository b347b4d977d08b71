import { FailureError } from '../../common/errors.js';
import type { ScanJob, ScanTile } from './kernel.js';
import { NO_SELECTION, oneGroup } from './selections.js';
import { distanceOf, type Tile } from './tile.js';
import { FloatLook, type Look, loadSteps, StepsLook } from './usearch-look.js';

type ExactSearch = typeof import('usearch')['exactSearch'];

/** Queries a call: the kernel's distance matrix then stays in the cache (measured best of 16 to 256). */
const QUERY_BLOCK = 16;
/** Candidates beyond the depth. Too few cost a second look, never a wrong neighbour. */
const MARGIN = 16;
const WIDENING = 8;

/** Below this share of a tile, its passing rows are searched by themselves; above, all rows are and some left out. */
const GATHERED = 1 / 3;

/** Candidates of one query, ascending by the kernel's float32 distance. */
interface Candidates {
  /** Row numbers within the base, in every second entry: the low words of the kernel's 64-bit keys. */
  rows: Uint32Array;
  distances: Float32Array;
  start: number;
  count: number;
}

/** Rows that one call of the kernel searches: a whole tile, or some of its rows. */
interface Base {
  look: Look;
  vectors: Look['vectors'];
  count: number;
  /** Their row numbers within the tile; undefined: all, in order. */
  rows: Int32Array | undefined;
}

/** A query with what it may find; -1: all rows of its base. */
interface Asked {
  query: number;
  wanted: number;
  selection: number;
}

/** usearch is an optional package: throws what `import` throws when it is not there. */
export async function usearchKernel(): Promise<ScanTile> {
  const { exactSearch } = await import('usearch');
  return (job, tile) => new TileScan(exactSearch, job, tile, new FloatLook(job, tile)).run();
}

/** The same of vectors that were rounded to 8 bits, which takes it a quarter to a half of the time. Not for `dot`. */
export async function usearchInt8Kernel(): Promise<ScanTile> {
  const { exactSearch } = await import('usearch');
  const module = loadSteps();
  let share: number | undefined;
  return (job, tile) => {
    const look = StepsLook.of(module, job, tile) ?? new FloatLook(job, tile);
    const scan = new TileScan(exactSearch, job, tile, look, share);
    scan.run();
    share = scan.share;
  };
}

/**
 * One tile against all queries. The kernel proposes, float64 decides: candidates are recomputed in ascending order
 * until one lies beyond the limit that no row of the list can exceed. If the candidates run out before that, more are
 * asked for, up to the whole tile (large groups of equal vectors need it).
 */
class TileScan {
  readonly #exactSearch: ExactSearch;
  readonly #job: ScanJob;
  readonly #tile: Tile;
  readonly #base: Base;
  readonly #offered: Uint32Array;
  readonly #shareBefore: number | undefined;
  #exact: FloatLook | undefined;
  #most = 0;

  /** @param share of the tile before this one */
  constructor(exactSearch: ExactSearch, job: ScanJob, tile: Tile, look: Look, share?: number) {
    this.#shareBefore = share;
    this.#exactSearch = exactSearch;
    this.#job = job;
    this.#tile = tile;
    this.#base = { look, vectors: look.vectors, count: tile.count, rows: undefined };
    this.#offered = new Uint32Array(tile.count);
  }

  /** Rows that had to be looked at, at most by a query, of those that it may find: as many are expected of the next tile. */
  get share(): number {
    return this.#most / this.#tile.count;
  }

  run(): void {
    const { queries, selections, rowsSeen } = this.#job;
    const wide: Asked[] = [];
    for (const { selection, queries: asked } of selections?.groups ?? oneGroup(queries.count)) {
      if (selection !== NO_SELECTION) this.#runGroup(selection, asked, wide);
      else wide.push(...this.#ask(asked, this.#expectedOfAll(rowsSeen), selection));
    }
    // Those that want as many side by side: a block is searched for the most that one of it wants.
    wide.sort((a, b) => a.wanted - b.wanted);
    this.#searchBlocks(this.#base, wide);
  }

  /** Queries of one filter: compares its few rows, searches its rows alone, or has them wait for the whole tile. */
  #runGroup(selection: number, queries: readonly number[], wide: Asked[]): void {
    const { selections, metric, lists } = this.#job;
    const tile = this.#tile;
    const rows = selections!.rowsIn(selection, tile.first, tile.count);
    const wanted = this.#expected(rows.length, selections!.seen[selection]!);
    selections!.seen[selection]! += rows.length;
    if (rows.length <= wanted) {
      for (const query of queries) {
        for (const row of rows) {
          lists.offer(query, tile.first + row, distanceOf(metric, this.#job.queries, query, tile, row));
        }
      }
    } else if (rows.length < GATHERED * tile.count) {
      this.#searchBlocks(this.#gather(rows), this.#ask(queries, wanted, -1));
    } else {
      const share = rows.length / tile.count;
      wide.push(...this.#ask(queries, Math.min(tile.count, Math.ceil(wanted / share)), selection));
    }
  }

  #ask(queries: readonly number[], wanted: number, selection: number): Asked[] {
    return queries.map((query) => ({ query, wanted, selection }));
  }

  #gather(rows: Int32Array, look = this.#base.look): Base {
    const { dimensions } = this.#tile;
    const length = rows.length * dimensions;
    const vectors = look.vectors instanceof Int8Array ? new Int8Array(length) : new Float32Array(length);
    for (const [i, row] of rows.entries()) {
      vectors.set(look.vectors.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
    }
    return { look, vectors, count: rows.length, rows };
  }

  /** The same rows as they are. */
  #exactly({ count, rows }: Base): Base {
    this.#exact ??= new FloatLook(this.#job, this.#tile);
    if (rows !== undefined) return this.#gather(rows, this.#exact);
    return { look: this.#exact, vectors: this.#exact.vectors, count, rows };
  }

  #searchBlocks(base: Base, asked: readonly Asked[]): void {
    for (let first = 0; first < asked.length; first += QUERY_BLOCK) {
      const block = asked.slice(first, first + QUERY_BLOCK);
      const wanted = block.at(-1)!.wanted;
      const found = this.#search(
        base,
        block.map(({ query }) => query),
        wanted,
      );
      for (const [i, each] of block.entries()) {
        this.#decide(base, each, { ...found, start: i * wanted, count: wanted });
      }
    }
  }

  /**
   * Candidates to ask for at first among `count` rows: the whole depth while the lists are filling, later twice the
   * share that these rows would have if they were like those `seen` before.
   */
  #expected(count: number, seen: number): number {
    if (count === 0) return 0;
    const share = Math.min(1, (2 * count) / (seen + count));
    const { more } = this.#base.look;
    return Math.min(count, Math.ceil(more * share * this.#job.lists.depth) + MARGIN);
  }

  #expectedOfAll(seen: number): number {
    const { count } = this.#tile;
    if (this.#shareBefore === undefined || seen === 0) return this.#expected(count, seen);
    return Math.min(count, Math.ceil(1.25 * this.#shareBefore * count) + MARGIN / 2);
  }

  /** Offers candidates to the query's list until the rest of the base is proven to be too far away. */
  #decide(base: Base, asked: Asked, candidates: Candidates): void {
    let [searched, current] = [base, candidates];
    while (!this.#offer(searched, asked, current) && current.count < base.count) {
      const wanted = Math.min(base.count, current.count * WIDENING);
      // Of rough distances too many cannot be told apart: those of the vectors as they are.
      if (wanted > base.count / 2 && !(searched.look instanceof FloatLook)) searched = this.#exactly(base);
      current = { ...this.#search(searched, [asked.query], wanted), start: 0, count: wanted };
    }
  }

  /** Returns whether a candidate lay beyond the limit: all rows that were not returned then lie beyond it too. */
  #offer(base: Base, { query, selection }: Asked, { rows, distances, start, count }: Candidates): boolean {
    const { metric, queries, lists, selections } = this.#job;
    const limitOf = (bound: number): number => base.look.limitOf(query, bound);
    let bound = lists.bound(query);
    let limit = limitOf(bound);
    for (let i = start; i < start + count; i++) {
      if (distances[i]! > limit) {
        this.#most = Math.max(this.#most, i - start);
        return true;
      }
      const row = base.rows === undefined ? rows[2 * i]! : base.rows[rows[2 * i]!]!;
      // A second, wider look returns the same rows again, not always in the same order.
      if (this.#offered[row] === query + 1) continue;
      this.#offered[row] = query + 1;
      if (selection >= 0 && !selections!.has(selection, this.#tile.first + row)) continue;
      lists.offer(query, this.#tile.first + row, distanceOf(metric, queries, query, this.#tile, row));
      if (lists.bound(query) === bound) continue;
      bound = lists.bound(query);
      limit = limitOf(bound);
    }
    this.#most = Math.max(this.#most, count);
    return false;
  }

  #search(base: Base, asked: readonly number[], wanted: number): Pick<Candidates, 'rows' | 'distances'> {
    const { dimensions } = this.#tile;
    const { look, vectors } = base;
    const kind = look.kind as Parameters<ExactSearch>[4];
    // Arrays of their own: exactSearch ignores the byteOffset of a view.
    const { keys, distances } = this.#exactSearch(vectors, look.queries(asked), dimensions, wanted, kind, 1);
    if (keys.length !== asked.length * wanted || distances.length !== asked.length * wanted) {
      throw new FailureError('exactSearch returned a different number of results than requested', {
        where: 'truth (usearch)',
        got: keys.length,
        next: 'compute the truth with the kernel "float64"',
      });
    }
    return { rows: new Uint32Array(keys.buffer, keys.byteOffset, 2 * keys.length), distances };
  }
}
