import { FailureError } from '../../common/errors.js';
import { kernelLimit, kernelMetric, powerOfTwoScale } from './error-bound.js';
import type { ScanJob, ScanTile } from './kernel.js';
import { distanceOf, type Tile, type Vectors } from './tile.js';

type ExactSearch = typeof import('usearch')['exactSearch'];

/** Queries a call: the kernel's distance matrix then stays in the cache (measured best of 16 to 256). */
const QUERY_BLOCK = 16;
/** Candidates beyond the depth. Too few cost a second look, never a wrong neighbour. */
const MARGIN = 16;
const WIDENING = 8;

/** Candidates of one query in one tile, ascending by the kernel's float32 distance. */
interface Candidates {
  /** Row numbers within the tile, in every second entry: the low words of the kernel's 64-bit keys. */
  rows: Uint32Array;
  distances: Float32Array;
  start: number;
  count: number;
}

/** usearch is an optional package: throws what `import` throws when it is not there. */
export async function usearchKernel(): Promise<ScanTile> {
  const { exactSearch } = await import('usearch');
  return (job, tile) => new TileScan(exactSearch, job, tile).run();
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
  readonly #rowScale: number;
  readonly #base: Float32Array;
  readonly #offered: Uint32Array;

  constructor(exactSearch: ExactSearch, job: ScanJob, tile: Tile) {
    this.#exactSearch = exactSearch;
    this.#job = job;
    this.#tile = tile;
    this.#rowScale = rowScale(job, tile);
    this.#base = new Float32Array(tile.count * tile.dimensions);
    for (let row = 0; row < tile.count; row++) {
      scaleInto(
        this.#base,
        row,
        tile,
        row,
        job.metric === 'cosine' ? inverseNorm(tile, row) : this.#rowScale,
      );
    }
    this.#offered = new Uint32Array(tile.count);
  }

  run(): void {
    const { queries } = this.#job;
    const wanted = this.#expected();
    for (let first = 0; first < queries.count; first += QUERY_BLOCK) {
      const count = Math.min(QUERY_BLOCK, queries.count - first);
      const found = this.#search(first, count, wanted);
      for (let i = 0; i < count; i++) {
        this.#decide(first + i, { ...found, start: i * wanted, count: wanted });
      }
    }
  }

  /**
   * Candidates to ask for at first: the whole depth while the lists are filling, later twice the share that this tile
   * would have if its rows were like those before.
   */
  #expected(): number {
    const { lists, rowsSeen } = this.#job;
    const { count } = this.#tile;
    const share = Math.min(1, (2 * count) / (rowsSeen + count));
    return Math.min(count, Math.ceil(share * lists.depth) + MARGIN);
  }

  /** Offers candidates to the query's list until the rest of the tile is proven to be too far away. */
  #decide(query: number, candidates: Candidates): void {
    let current = candidates;
    while (!this.#offer(query, current) && current.count < this.#tile.count) {
      const wanted = Math.min(this.#tile.count, current.count * WIDENING);
      current = { ...this.#search(query, 1, wanted), start: 0, count: wanted };
    }
  }

  /** Returns whether a candidate lay beyond the limit: all rows that were not returned then lie beyond it too. */
  #offer(query: number, { rows, distances, start, count }: Candidates): boolean {
    const { metric, queries, lists } = this.#job;
    const scale = this.#distanceScale(query);
    const limitOf = (bound: number): number => kernelLimit(metric, bound, scale, this.#tile.dimensions);
    let bound = lists.bound(query);
    let limit = limitOf(bound);
    for (let i = start; i < start + count; i++) {
      if (distances[i]! > limit) return true;
      const row = rows[2 * i]!;
      // A second, wider look returns the same rows again, not always in the same order.
      if (this.#offered[row] === query + 1) continue;
      this.#offered[row] = query + 1;
      lists.offer(query, this.#tile.first + row, distanceOf(metric, queries, query, this.#tile, row));
      if (lists.bound(query) === bound) continue;
      bound = lists.bound(query);
      limit = limitOf(bound);
    }
    return false;
  }

  #search(first: number, count: number, wanted: number): Pick<Candidates, 'rows' | 'distances'> {
    const { metric, queries } = this.#job;
    const { dimensions } = this.#tile;
    // A fresh array: exactSearch ignores the byteOffset of a view.
    const block = new Float32Array(count * dimensions);
    for (let i = 0; i < count; i++) {
      const factor = metric === 'l2' ? this.#rowScale : inverseNorm(queries, first + i);
      scaleInto(block, i, queries, first + i, factor);
    }
    const kind = kernelMetric(metric) as Parameters<ExactSearch>[4];
    const { keys, distances } = this.#exactSearch(this.#base, block, dimensions, wanted, kind, 1);
    if (keys.length !== count * wanted || distances.length !== count * wanted) {
      throw new FailureError('exactSearch returned another number of results than asked for', {
        where: 'truth (usearch)',
        got: keys.length,
        next: 'compute the truth with the kernel "float64"',
      });
    }
    return { rows: new Uint32Array(keys.buffer, keys.byteOffset, 2 * keys.length), distances };
  }

  /** See `kernelLimit`. A zero query has the same dot product with everything: nothing can be left out. */
  #distanceScale(query: number): number {
    const { metric, queries } = this.#job;
    if (metric === 'cosine') return 1;
    return metric === 'l2' ? this.#rowScale : this.#rowScale * inverseNorm(queries, query);
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

function scaleInto(into: Float32Array, at: number, from: Vectors, vector: number, factor: number): void {
  const { values, dimensions } = from;
  const [start, target] = [vector * dimensions, at * dimensions];
  for (let i = 0; i < dimensions; i++) into[target + i] = values[start + i]! * factor;
}
