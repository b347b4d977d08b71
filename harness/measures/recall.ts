import type { Metric } from '../../datasets/dataset.js';
import type { Truth } from '../store/types.js';
import { tieLimit } from './distance.js';
import { RowTable } from './row-table.js';

/** A returned list: rows in the engine's order and their recomputed distances, `count` of them from `start` on. */
export interface HitList {
  rows: Int32Array;
  /** NaN where the key is no row of the dataset. */
  distances: Float64Array;
  start: number;
  count: number;
}

/** What one returned list is worth. `recall` and `ties` have one entry per k. */
export interface ListScore {
  recall: Float64Array;
  ties: Float64Array;
  /** Relative excess of summed distances; NaN where undefined. */
  distanceError: number;
  duplicates: number;
  unknown: number;
  /** The list holds something nearer than the truth allows: then the truth is not exact. */
  beatsTruth: boolean;
}

/**
 * Scores returned lists against exact neighbours; one scorer serves all lists of a trial.
 *
 * recall@k = |R ∩ G| / min(k, |G|), R the distinct rows among the first k returned, G the first k of the truth.
 * Tie-aware: the distinct rows of R whose recomputed distance is at most that of the last of G, within the tie margin.
 * A row counts once, but its repetitions take up places of the list.
 */
export class RecallScorer {
  readonly #truth: Truth;
  readonly #ks: readonly number[];
  readonly #metric: Metric;
  readonly #ranks: RowTable;
  readonly #seen: RowTable;
  /** Truth of the current query: where it starts and how many rows it has (fewer under a filter, padded with -1). */
  #start = 0;
  #size = 0;
  readonly #limits: Float64Array;
  readonly #nearest: Float64Array;

  /**
   * @param ks ascending
   * @param longest most hits a list can hold
   */
  constructor(truth: Truth, ks: readonly number[], metric: Metric, longest: number) {
    this.#truth = truth;
    this.#ks = ks;
    this.#metric = metric;
    this.#ranks = new RowTable(truth.depth);
    this.#seen = new RowTable(longest);
    this.#limits = new Float64Array(ks.length);
    this.#nearest = new Float64Array(longest);
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
      this.#limits[i] = this.#size === 0 ? Number.NaN : tieLimit(distances[last]!, this.#metric);
    });
    return this.#size;
  }

  /** A list for the selected query, which must have exact neighbours. Only the first `max(ks)` hits are looked at. */
  score(list: HitList): ListScore {
    const ks = this.#ks;
    const recall = new Float64Array(ks.length);
    const ties = new Float64Array(ks.length);
    let [duplicates, unknown, valid] = [0, 0, 0];
    this.#seen.clear();
    const end = Math.min(list.count, ks.at(-1) ?? 0);
    for (let i = 0; i < end; i++) {
      const row = list.rows[list.start + i]!;
      if (row < 0) unknown++;
      else if (!this.#seen.add(row, i)) duplicates++;
      else {
        const distance = list.distances[list.start + i]!;
        this.#nearest[valid++] = distance;
        this.#count(i, row, distance, recall, ties);
      }
    }
    for (let i = 0; i < ks.length; i++) {
      const size = Math.min(ks[i]!, this.#size);
      recall[i] = recall[i]! / size;
      ties[i] = Math.min(1, ties[i]! / size);
    }
    return { recall, ties, duplicates, unknown, ...this.#excess(valid) };
  }

  #count(place: number, row: number, distance: number, recall: Float64Array, ties: Float64Array): void {
    const ks = this.#ks;
    const rank = this.#ranks.get(row);
    for (let i = 0; i < ks.length; i++) {
      if (place >= ks[i]!) continue;
      if (rank >= 0 && rank < ks[i]!) recall[i] = recall[i]! + 1;
      if (distance <= this.#limits[i]!) ties[i] = ties[i]! + 1;
    }
  }

  /** Compares the `valid` distances found with as many exact ones. */
  #excess(valid: number): { distanceError: number; beatsTruth: boolean } {
    const found = this.#nearest.subarray(0, Math.min(valid, this.#size));
    const exact = this.#truth.distances.subarray(this.#start, this.#start + found.length);
    const sorted = this.#nearest.subarray(0, valid).slice().sort();
    const beatsTruth = found.some((_, i) => tieLimit(sorted[i]!, this.#metric) < exact[i]!);
    return { distanceError: relativeExcess(found, exact), beatsTruth };
  }
}

/**
 * (sum of found - sum of exact) / sum of |exact|, rank by rank over the hits that were returned: how much farther
 * away they are than as many exact neighbours. NaN for no hits, and where the exact distances are all 0 but the
 * found ones are not.
 */
export function relativeExcess(found: ArrayLike<number>, exact: ArrayLike<number>): number {
  let excess = 0;
  let scale = 0;
  for (let i = 0; i < found.length; i++) {
    excess += found[i]! - exact[i]!;
    scale += Math.abs(exact[i]!);
  }
  if (found.length === 0) return Number.NaN;
  if (scale === 0) return excess === 0 ? 0 : Number.NaN;
  return excess / scale;
}
