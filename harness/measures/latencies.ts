import { sum } from './figures.js';
import { Histogram } from './histogram.js';
import { quantile } from './quantile.js';

/** Times (ms) that are kept one by one; more are counted in a histogram. */
export const MOST_EXACT = 500_000;

/** Times of which mean and quantiles are asked: exact for up to `MOST_EXACT`, above that within 0.025%. */
export class Latencies {
  #values: Float64Array;
  #length: number;
  #sorted: boolean;
  #histogram: Histogram | undefined;

  constructor(sorted: Float64Array = new Float64Array(0)) {
    this.#values = sorted;
    this.#length = sorted.length;
    this.#sorted = true;
  }

  get count(): number {
    return this.#histogram?.count ?? this.#length;
  }

  /** Undefined for no values. */
  get mean(): number | undefined {
    if (this.#histogram !== undefined) return this.#histogram.mean;
    const values = this.#ascending();
    return values.length === 0 ? undefined : sum(values) / values.length;
  }

  add(ms: number): void {
    if (this.#histogram !== undefined) {
      this.#histogram.add(ms);
      return;
    }
    if (this.#length === MOST_EXACT) {
      this.#pour().add(ms);
      return;
    }
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(Math.min(MOST_EXACT, Math.max(1024, 2 * this.#length)));
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = ms;
    this.#sorted = false;
  }

  /** Undefined for no values. */
  quantile(p: number): number | undefined {
    return this.#histogram === undefined ? quantile(this.#ascending(), p) : this.#histogram.quantile(p);
  }

  /** Several lists as one; they stay as they are. */
  static joined(lists: readonly Latencies[]): Latencies {
    const count = lists.reduce((total, each) => total + each.count, 0);
    if (count <= MOST_EXACT) return new Latencies(mergedAll(lists.map((each) => each.#ascending())));
    const all = new Latencies();
    const histogram = all.#pour();
    for (const each of lists) {
      if (each.#histogram !== undefined) histogram.merge(each.#histogram);
      else for (const value of each.#ascending()) histogram.add(value);
    }
    return all;
  }

  #ascending(): Float64Array {
    const values = this.#values.subarray(0, this.#length);
    if (!this.#sorted) values.sort();
    this.#sorted = true;
    return values;
  }

  #pour(): Histogram {
    const histogram = new Histogram();
    for (const value of this.#values.subarray(0, this.#length)) histogram.add(value);
    this.#values = new Float64Array(0);
    this.#length = 0;
    this.#histogram = histogram;
    return histogram;
  }
}

function mergedAll(lists: readonly Float64Array[]): Float64Array {
  if (lists.length < 2) return lists[0] ?? new Float64Array(0);
  const middle = lists.length >> 1;
  return merged(mergedAll(lists.slice(0, middle)), mergedAll(lists.slice(middle)));
}

/** Two ascending lists as one: sorting all of it again would take as long as the rest. */
function merged(a: Float64Array, b: Float64Array): Float64Array {
  if (a.length === 0) return b;
  const all = new Float64Array(a.length + b.length);
  for (let i = 0, j = 0, at = 0; at < all.length; at++) {
    all[at] = j === b.length || (i < a.length && a[i]! <= b[j]!) ? a[i++]! : b[j++]!;
  }
  return all;
}
