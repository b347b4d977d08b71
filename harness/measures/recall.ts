import type { Metric } from '../../datasets/dataset.js';
import type { Truth } from '../model/samples.js';
import { type Margin, marginOf, tieLimit } from './distance.js';
import { RowTable } from './row-table.js';

/** A returned list: rows in the engine's order and their recomputed distances, `count` of them from `start` on. */
export interface HitList {
  rows: Int32Array;
  /** NaN where the key is no row of the dataset. */
  distances: Float64Array;
  /** What is wrong with each row under the query's filter (`FLAW`); absent: no query has one. */
  flaws?: Uint8Array | undefined;
  start: number;
  count: number;
}

/** What one returned list is worth. Arrays have one entry per k and are overwritten by the next list. */
export interface ListScore {
  recall: Float64Array;
  ties: Float64Array;
  /** `recall` at least and at most, by which of the rows tied at the k-th distance the truth lists. */
  least: Float64Array;
  most: Float64Array;
  /** As ann-benchmarks counts; see `EPSILON`. */
  epsilon: Float64Array;
  /** Relative excess of summed distances; NaN where undefined. */
  distanceError: number;
  duplicates: number;
  unknown: number;
  /** The list holds something nearer than the truth allows: then the truth is not exact. */
  beatsTruth: boolean;
}

/**
 * ann-benchmarks' slack (`knn` in its plotting/metrics.py): a hit counts if its distance is at most the k-th exact one plus
 * 10⁻³, absolute, whatever the distances are; repeated ids count each time.
 */
export const EPSILON = 1e-3;

/**
 * Scores returned lists against exact neighbours; one scorer serves all lists of a trial.
 *
 * recall@k = |R ∩ G| / min(k, |G|), R the distinct rows among the first k returned, G the first k of the truth.
 * Tie-aware: the distinct rows of R whose recomputed distance is at most that of the last of G, within the tie margin.
 * A row counts once, but its repetitions take up places of the list; so do rows that fail the query's filter, which are
 * no hits, however near they are.
 */
export class RecallScorer {
  readonly #truth: Truth;
  readonly #ks: readonly number[];
  readonly #margin: Margin;
  readonly #ranks: RowTable;
  readonly #seen: RowTable;
  /** Truth of the current query: where it starts and how many rows it has (fewer under a filter, padded with -1). */
  #start = 0;
  #size = 0;
  readonly #limits: Float64Array;
  readonly #recall: Float64Array;
  readonly #ties: Float64Array;
  readonly #least: Float64Array;
  readonly #most: Float64Array;
  readonly #epsilon: Float64Array;
  /** By k: rows that are nearer than the k-th distance for sure; rows tied at it, Infinity where there may be more than the truth keeps. */
  readonly #nearer: Float64Array;
  readonly #tied: Float64Array;
  /** Hits of the list that is scored, by k: among the nearer ones, and among the tied. */
  readonly #hitsNearer: Float64Array;
  readonly #hitsTied: Float64Array;

  /**
   * @param ks ascending
   * @param longest most hits a list can hold
   */
  constructor(truth: Truth, ks: readonly number[], metric: Metric, longest: number) {
    this.#truth = truth;
    this.#ks = ks;
    this.#margin = marginOf(truth, metric);
    this.#ranks = new RowTable(truth.depth);
    this.#seen = new RowTable(longest);
    this.#limits = new Float64Array(ks.length);
    this.#recall = new Float64Array(ks.length);
    this.#ties = new Float64Array(ks.length);
    const byK = () => new Float64Array(ks.length);
    [this.#least, this.#most, this.#epsilon] = [byK(), byK(), byK()];
    [this.#nearer, this.#tied, this.#hitsNearer, this.#hitsTied] = [byK(), byK(), byK(), byK()];
  }

  /** Chooses the query. Returns the number of its exact neighbours; with 0 it has no recall. */
  select(query: number): number {
    const { rows, distances, depth } = this.#truth;
    this.#start = query * depth;
    this.#size = 0;
    this.#ranks.clear();
    const wanted = Math.min(depth, this.#ks.at(-1) ?? 0);
    while (this.#size < wanted && rows[this.#start + this.#size]! >= 0) {
      this.#ranks.add(rows[this.#start + this.#size]!, this.#size);
      this.#size++;
    }
    this.#ks.forEach((k, i) => {
      const last = this.#start + Math.min(k, this.#size) - 1;
      this.#limits[i] = this.#size === 0 ? Number.NaN : tieLimit(distances[last]!, this.#margin);
      this.#countTies(i, Math.min(k, this.#size));
    });
    return this.#size;
  }

  /** Which of the first `size` rows are there for sure, and how many could take the places of the others. */
  #countTies(i: number, size: number): void {
    const { rows, distances, depth } = this.#truth;
    const limit = this.#limits[i]!;
    let nearer = 0;
    while (nearer < size && !this.#isTied(distances[this.#start + nearer]!, i, size)) nearer++;
    let end = size;
    while (end < depth && rows[this.#start + end]! >= 0 && distances[this.#start + end]! <= limit) end++;
    const more = end === depth && size < depth;
    this.#nearer[i] = nearer;
    // The truth ends within the ties: how many there are is not known.
    this.#tied[i] = more ? Number.POSITIVE_INFINITY : end - nearer;
  }

  /** Whether a distance that is within the limit is tied with the last one. */
  #isTied(distance: number, i: number, size = Math.min(this.#ks[i]!, this.#size)): boolean {
    const last = this.#truth.distances[this.#start + size - 1]!;
    return distance <= this.#limits[i]! && last <= tieLimit(distance, this.#margin);
  }

  /** A list for the selected query, which must have exact neighbours. Only the first `max(ks)` hits are looked at. */
  score({ rows, distances, flaws, start, count }: HitList): ListScore {
    const ks = this.#ks;
    const excess = new Excess(this.#truth.distances, this.#start, this.#size, this.#margin);
    let [duplicates, unknown, beatsTruth] = [0, 0, false];
    this.#seen.clear();
    for (const sums of [this.#recall, this.#ties, this.#epsilon, this.#hitsNearer, this.#hitsTied])
      sums.fill(0);
    const end = Math.min(count, ks.at(-1) ?? 0);
    for (let i = 0; i < end; i++) {
      const row = rows[start + i]!;
      if (row >= 0 && (flaws?.[start + i] ?? 0) === 0) this.#countNear(i, distances[start + i]!);
      if (row < 0) unknown++;
      else if (!this.#seen.add(row, i)) duplicates++;
      else if ((flaws?.[start + i] ?? 0) === 0) {
        const distance = distances[start + i]!;
        const rank = this.#ranks.get(row);
        excess.add(distance);
        beatsTruth ||= rank < 0 && tieLimit(distance, this.#margin) < this.#farthest();
        this.#count(i, rank, distance);
      }
    }
    for (let i = 0; i < ks.length; i++) {
      const size = Math.min(ks[i]!, this.#size);
      this.#recall[i] = this.#recall[i]! / size;
      this.#ties[i] = this.#ties[i]! / size;
      this.#epsilon[i] = this.#epsilon[i]! / size;
      this.#bound(i, size);
    }
    const [recall, ties, least, most, epsilon] = [
      this.#recall,
      this.#ties,
      this.#least,
      this.#most,
      this.#epsilon,
    ];
    const distanceError = excess.relative();
    return { recall, ties, least, most, epsilon, distanceError, duplicates, unknown, beatsTruth };
  }

  /** Of `places` that tied rows take, those that the list holds: all that fit, or as few as the others leave. */
  #bound(i: number, size: number): void {
    const places = size - this.#nearer[i]!;
    const [nearer, tied] = [this.#hitsNearer[i]!, this.#hitsTied[i]!];
    this.#most[i] = (nearer + Math.min(places, tied)) / size;
    this.#least[i] = (nearer + Math.max(0, places - (this.#tied[i]! - tied))) / size;
  }

  /** As ann-benchmarks does, whether it was returned before or not. */
  #countNear(place: number, distance: number): void {
    const ks = this.#ks;
    for (let i = 0; i < ks.length; i++) {
      const last = this.#truth.distances[this.#start + Math.min(ks[i]!, this.#size) - 1]!;
      if (place < ks[i]! && distance <= last + EPSILON) this.#epsilon[i] = this.#epsilon[i]! + 1;
    }
  }

  #count(place: number, rank: number, distance: number): void {
    const ks = this.#ks;
    for (let i = 0; i < ks.length; i++) {
      if (place >= ks[i]!) continue;
      if (rank >= 0 && rank < ks[i]!) this.#recall[i] = this.#recall[i]! + 1;
      if (distance > this.#limits[i]!) continue;
      this.#ties[i] = this.#ties[i]! + 1;
      const hits = this.#isTied(distance, i) ? this.#hitsTied : this.#hitsNearer;
      hits[i] = hits[i]! + 1;
    }
  }

  /** Distance of the last exact neighbour that counts. */
  #farthest(): number {
    return this.#truth.distances[this.#start + this.#size - 1]!;
  }
}

/**
 * Relative excess of summed distances: (sum of found - sum of exact) / sum of |exact| over the r distinct hits that
 * were returned and the r nearest neighbours, that is, how much farther away the hits are than as many exact ones.
 */
class Excess {
  readonly #exact: Float64Array;
  readonly #start: number;
  readonly #size: number;
  readonly #margin: Margin;
  #excess = 0;
  #scale = 0;
  #hits = 0;

  constructor(exact: Float64Array, start: number, size: number, margin: Margin) {
    this.#margin = margin;
    this.#exact = exact;
    this.#start = start;
    this.#size = size;
  }

  add(distance: number): void {
    if (this.#hits === this.#size) return;
    const exact = this.#exact[this.#start + this.#hits++]!;
    this.#excess += distance - exact;
    this.#scale += Math.abs(exact);
  }

  /** NaN for no hits, and where the exact distances are 0 but for rounding and the found ones are not. */
  relative(): number {
    if (this.#hits === 0) return Number.NaN;
    const zero = this.#hits * tieLimit(0, this.#margin);
    if (this.#scale <= zero) return this.#excess <= zero ? 0 : Number.NaN;
    return this.#excess / this.#scale;
  }
}
