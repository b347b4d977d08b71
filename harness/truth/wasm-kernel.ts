import { candidateSlack, kernelLimit, powerOfTwoScale } from './error-bound.js';
import type { ScanJob, ScanTile } from './kernel.js';
import { NO_SELECTION, oneGroup } from './selections.js';
import { distanceOf, type Tile, type Vectors } from './tile.js';
import { Arena, loadScan, type ScanModule } from './wasm-memory.js';

/** Rows and queries that the kernel compares at a time. */
const ROWS = 16;
const QUERIES = 4;
/** Queries whose vectors and candidates are in the memory at a time. */
const CHUNK = 4096;
/** As many rows of a filter are compared one by one. */
const FEW = 64;

/** Rows that one scan compares: a whole tile, or some of its rows. */
interface Base {
  at: number;
  count: number;
  /** Their row numbers within the tile; undefined: all, in order. */
  rows: Int32Array | undefined;
}

/** A query with what it may find; -1: all rows of its base. */
interface Asked {
  query: number;
  selection: number;
}

/** Addresses of what belongs to the queries of a chunk. */
interface Areas {
  queries: number;
  thresholds: number;
  sizes: number;
  masks: number;
  scores: number;
  rows: number;
  capacity: number;
}

/** @throws what WebAssembly throws where there is no SIMD */
export function wasmKernel(): ScanTile {
  const module = loadScan();
  return (job, tile) => new TileScan(module, job, tile).run();
}

/**
 * One tile against all queries. The kernel keeps candidates whose float32 score does not prove that they are too far away;
 * float64 decides among them. A query with too many of them (large groups of equal vectors) is compared row by row.
 */
class TileScan {
  readonly #module: ScanModule;
  readonly #arena: Arena;
  readonly #job: ScanJob;
  readonly #tile: Tile;
  readonly #rowScale: number;

  constructor(module: ScanModule, job: ScanJob, tile: Tile) {
    this.#module = module;
    this.#arena = new Arena(module);
    this.#job = job;
    this.#tile = tile;
    this.#rowScale = rowScale(job, tile);
  }

  run(): void {
    const { queries, selections } = this.#job;
    const tile = this.#tile;
    const wide: Asked[] = [];
    const narrow: { rows: Int32Array; queries: readonly number[] }[] = [];
    for (const { selection, queries: asked } of selections?.groups ?? oneGroup(queries.count)) {
      const rows =
        selection === NO_SELECTION ? undefined : selections!.rowsIn(selection, tile.first, tile.count);
      if (rows === undefined || !this.#paysToGather(rows.length, asked.length)) {
        for (const query of asked) wide.push({ query, selection });
      } else if (rows.length <= FEW) this.#compare(asked, rows);
      else narrow.push({ rows, queries: asked });
    }
    if (wide.length > 0) this.#scan(undefined, wide);
    for (const { rows, queries: asked } of narrow) {
      this.#scan(
        rows,
        asked.map((query) => ({ query, selection: NO_SELECTION })),
      );
    }
  }

  /** Rows by themselves are copied once and meet queries four at a time; all rows meet exactly the queries there are. */
  #paysToGather(rows: number, queries: number): boolean {
    const padded = Math.ceil(queries / QUERIES) * QUERIES;
    return rows * (padded + 1) < this.#tile.count * queries;
  }

  #compare(queries: readonly number[], rows: Int32Array): void {
    const { metric, lists, queries: vectors } = this.#job;
    for (const query of queries)
      for (const row of rows)
        lists.offer(query, this.#tile.first + row, distanceOf(metric, vectors, query, this.#tile, row));
  }

  #scan(rows: Int32Array | undefined, asked: readonly Asked[]): void {
    this.#arena.reset();
    const base = this.#pack(rows);
    const masks = this.#masks(asked);
    const chunk = Math.min(CHUNK, Math.ceil(asked.length / QUERIES) * QUERIES);
    const areas = this.#areas(chunk, base.count);
    for (let first = 0; first < asked.length; first += chunk)
      this.#scanChunk(base, asked.slice(first, first + chunk), areas, masks);
  }

  /** Into groups of 16 rows: of each dimension the components of all 16. The last group is filled up with zeros. */
  #pack(rows: Int32Array | undefined): Base {
    const { values, count: all, dimensions } = this.#tile;
    const count = rows?.length ?? all;
    const groups = Math.ceil(count / ROWS);
    const at = this.#arena.take(groups * ROWS * dimensions * 4);
    const packed = new Float32Array(this.#module.memory.buffer, at, groups * ROWS * dimensions);
    for (let group = 0; group < groups; group++) {
      const into = group * ROWS * dimensions;
      for (let lane = 0; lane < ROWS; lane++) {
        const i = group * ROWS + lane;
        const row = rows === undefined ? i : rows[i]!;
        const factor = i >= count ? 0 : this.#factorOf(row);
        const from = i >= count ? 0 : row * dimensions;
        for (let d = 0; d < dimensions; d++) packed[into + d * ROWS + lane] = values[from + d]! * factor;
      }
    }
    return { at, count, rows };
  }

  #factorOf(row: number): number {
    return this.#job.metric === 'cosine' ? inverseNorm(this.#tile, row) : this.#rowScale;
  }

  /** Addresses of the bitmaps of filters, each once. */
  #masks(asked: readonly Asked[]): ReadonlyMap<number, number> {
    const { selections } = this.#job;
    const { first, count } = this.#tile;
    const masks = new Map<number, number>();
    for (const { selection } of asked) {
      if (selection === NO_SELECTION || masks.has(selection)) continue;
      const words = selections!.wordsIn(selection, first, count);
      const at = this.#arena.take(words.byteLength);
      new Uint32Array(this.#module.memory.buffer, at, words.length).set(words);
      masks.set(selection, at);
    }
    return masks;
  }

  #areas(queries: number, rows: number): Areas {
    const { depth } = this.#job.lists;
    const { dimensions } = this.#tile;
    // Room for twice what is wanted, so that it is seldom looked through; never more than there is.
    const capacity = Math.min(Math.max(2 * depth + 128, 256), Math.max(ROWS, rows + 8));
    const take = (bytes: number) => this.#arena.take(bytes);
    return {
      queries: take(queries * dimensions * 4),
      thresholds: take(queries * 4),
      sizes: take(queries * 4),
      masks: take(queries * 4),
      scores: take(queries * capacity * 4),
      rows: take(queries * capacity * 4),
      capacity,
    };
  }

  #scanChunk(base: Base, asked: readonly Asked[], areas: Areas, masks: ReadonlyMap<number, number>): void {
    const { metric, lists } = this.#job;
    const { dimensions } = this.#tile;
    const module = this.#module;
    const { buffer } = module.memory;
    const padded = Math.ceil(asked.length / QUERIES) * QUERIES;
    const vectors = new Float32Array(buffer, areas.queries, padded * dimensions);
    // What fills up the last four finds nothing.
    const thresholds = new Float32Array(buffer, areas.thresholds, padded).fill(Number.POSITIVE_INFINITY);
    const sizes = new Int32Array(buffer, areas.sizes, padded).fill(0);
    const bitmaps = new Uint32Array(buffer, areas.masks, padded).fill(0);
    vectors.fill(0, asked.length * dimensions);
    for (const [i, { query, selection }] of asked.entries()) {
      this.#copyQuery(vectors, i, query);
      thresholds[i] = this.#leastScore(query);
      bitmaps[i] = masks.get(selection) ?? 0;
    }
    const { relative, absolute } = candidateSlack(metric, dimensions);
    const keep = Math.min(lists.depth, areas.capacity);
    module.setRows(base.at, base.count, dimensions);
    module.setQueries(areas.queries, areas.thresholds, areas.sizes, areas.masks);
    module.setCandidates(areas.scores, areas.rows, areas.capacity, keep, relative, absolute);
    if (metric === 'l2') module.scanDistances(0, padded);
    else module.scanProducts(0, padded);
    module.finish(0, asked.length);
    const found = new Int32Array(buffer, areas.rows, padded * areas.capacity);
    for (const [i, each] of asked.entries()) {
      if (sizes[i]! < 0) this.#byRow(base, each);
      else this.#decide(base, each.query, found.subarray(i * areas.capacity, i * areas.capacity + sizes[i]!));
    }
  }

  #copyQuery(into: Float32Array, at: number, query: number): void {
    const { metric, queries } = this.#job;
    const { values, dimensions } = queries;
    const factor = metric === 'l2' ? this.#rowScale : inverseNorm(queries, query);
    const [from, to] = [query * dimensions, at * dimensions];
    for (let d = 0; d < dimensions; d++) into[to + d] = values[from + d]! * factor;
  }

  /** What a row must score at least, by what the query's list holds already; rounded down. */
  #leastScore(query: number): number {
    const { metric, lists, queries } = this.#job;
    const bound = lists.bound(query);
    if (bound === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY;
    const scale =
      metric === 'cosine'
        ? 1
        : metric === 'l2'
          ? this.#rowScale
          : this.#rowScale * inverseNorm(queries, query);
    const limit = kernelLimit(metric, bound, scale, this.#tile.dimensions);
    const score = metric === 'l2' ? -limit : 1 - limit;
    return score - Math.abs(score) * 2 ** -22 - 2 ** -140;
  }

  #decide(base: Base, query: number, found: Int32Array): void {
    const { metric, lists, queries } = this.#job;
    for (const i of found) {
      const row = base.rows === undefined ? i : base.rows[i]!;
      lists.offer(query, this.#tile.first + row, distanceOf(metric, queries, query, this.#tile, row));
    }
  }

  /** All rows of the base that the query may find, in float64. */
  #byRow(base: Base, { query, selection }: Asked): void {
    const { metric, lists, queries, selections } = this.#job;
    const { first } = this.#tile;
    for (let i = 0; i < base.count; i++) {
      const row = base.rows === undefined ? i : base.rows[i]!;
      if (selection !== NO_SELECTION && !selections!.has(selection, first + row)) continue;
      lists.offer(query, first + row, distanceOf(metric, queries, query, this.#tile, row));
    }
  }
}

function rowScale({ metric, queries }: ScanJob, tile: Tile): number {
  if (metric === 'l2') return powerOfTwoScale(Math.max(tile.largest, queries.largest));
  return powerOfTwoScale(Math.sqrt(tile.squaredNorms.reduce((a, b) => Math.max(a, b), 0)));
}

/** 0 for a zero vector, which stays one: its cosine distance is then 1, as defined. */
function inverseNorm({ squaredNorms }: Vectors, vector: number): number {
  const squared = squaredNorms[vector]!;
  return squared === 0 ? 0 : 1 / Math.sqrt(squared);
}
