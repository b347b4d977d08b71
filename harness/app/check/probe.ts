import {
  BIT_METRICS,
  type DatasetInfo,
  isBitMetric,
  type Metric,
  NUMBER_METRICS,
  type ProvidedTruth,
} from '../../../datasets/dataset.js';
import { cosineDistance, dot, jaccardDistance, roundingMargin, tieLimit } from '../../measures/distance.js';
import { medianIntrinsicDimension } from '../../measures/intrinsic.js';
import { TopLists } from '../../truth/top-lists.js';
import type { MetricFacts } from './types.js';

/** Multiplications that comparing queries with all points may take: some seconds. */
const BUDGET = 4e9;
const MOST_QUERIES = 100;
const FEWEST_QUERIES = 3;
/** Neighbours kept: the intrinsic dimension is estimated from them. */
const DEPTH = 100;
const FIRST = 10;
/** What is tried where a file's own neighbours do not fit: rows counted from 1, or one too low. */
const SHIFTS = [0, -1, 1] as const;

/** How many queries can be compared with `count` points. */
export function probeSize(count: number, dimensions: number): number {
  return Math.max(FEWEST_QUERIES, Math.min(MOST_QUERIES, Math.floor(BUDGET / (count * dimensions))));
}

export interface ProbeQueries {
  count: number;
  /** Row-major. */
  vectors: Float32Array;
  /** By query its number in the set, or its row where it is a point itself. */
  sources: readonly number[];
  ofPoints: boolean;
  provided: ProvidedTruth | undefined;
}

/** The exact neighbours of some queries under each metric, from a single pass over all points. */
export class MetricProbe {
  readonly #queries: ProbeQueries;
  readonly #dimensions: number;
  readonly #norms: Float64Array;
  readonly #metrics: readonly Metric[];
  readonly #lists: ReadonlyMap<Metric, TopLists>;
  /** Points that the file names as neighbours: row to what is wanted of it. */
  readonly #wanted = new Map<number, { query: number; place: number; shift: number }[]>();
  /** Distances of the file's own neighbours, by metric and shift: `query * FIRST + place`. */
  readonly #listed = new Map<string, Float64Array>();
  #largest = 0;

  constructor(queries: ProbeQueries, { count, dimensions, metric }: DatasetInfo) {
    this.#metrics = isBitMetric(metric) ? BIT_METRICS : NUMBER_METRICS;
    this.#queries = queries;
    this.#dimensions = dimensions;
    this.#norms = Float64Array.from({ length: queries.count }, (_, q) =>
      dot(queries.vectors, q * dimensions, queries.vectors, q * dimensions, dimensions),
    );
    const depth = Math.min(DEPTH, count);
    this.#lists = new Map(this.#metrics.map((each) => [each, new TopLists(queries.count, depth)]));
    this.#wantListed();
  }

  #wantListed(): void {
    const { provided, sources, count } = this.#queries;
    if (provided?.state !== 'usable') return;
    for (const metric of this.#metrics)
      for (const shift of SHIFTS)
        this.#listed.set(
          `${metric} ${shift}`,
          new Float64Array(count * FIRST).fill(Number.POSITIVE_INFINITY),
        );
    for (const [query, source] of sources.entries()) {
      for (let place = 0; place < Math.min(FIRST, provided.k); place++) {
        const row = provided.rows[source * provided.k + place]!;
        for (const shift of row < 0 ? [] : SHIFTS) {
          const list = this.#wanted.get(row + shift) ?? [];
          this.#wanted.set(row + shift, [...list, { query, place, shift }]);
        }
      }
    }
  }

  add(vectors: Float32Array, count: number, start: number): void {
    const { sources, ofPoints, vectors: queries } = this.#queries;
    const dimensions = this.#dimensions;
    for (let i = 0; i < count; i++) {
      const row = start + i;
      const norm = dot(vectors, i * dimensions, vectors, i * dimensions, dimensions);
      if (!Number.isFinite(norm)) continue;
      this.#largest = Math.max(this.#largest, norm);
      for (let q = 0; q < this.#queries.count; q++) {
        if (ofPoints && sources[q] === row) continue;
        const product = dot(queries, q * dimensions, vectors, i * dimensions, dimensions);
        for (const metric of this.#metrics)
          this.#lists.get(metric)!.offer(q, row, distanceBy(metric, product, this.#norms[q]!, norm));
      }
      for (const { query, place, shift } of this.#wanted.get(row) ?? []) {
        const product = dot(queries, query * dimensions, vectors, i * dimensions, dimensions);
        for (const metric of this.#metrics)
          this.#listed.get(`${metric} ${shift}`)![query * FIRST + place] = distanceBy(
            metric,
            product,
            this.#norms[query]!,
            norm,
          );
      }
    }
  }

  facts(metric: Metric): MetricFacts {
    const { count, ofPoints, provided } = this.#queries;
    const { rows, distances, depth } = this.#lists.get(metric)!;
    const margin = this.#margin(metric);
    return {
      queries: count,
      ofPoints,
      same: isBitMetric(metric)
        ? null
        : { cosineL2: this.#same('cosine', 'l2'), cosineDot: this.#same('cosine', 'dot') },
      provided: provided?.state === 'usable' ? this.#shares(provided.k) : null,
      ...(provided?.state === 'unusable' && { unusable: provided.reason }),
      intrinsicDimension: medianIntrinsicDimension({ count, depth, rows, distances, margin }, metric) ?? null,
    };
  }

  /** From |q|² + |x|² - 2qx, which cancels: a wider margin than that of a sum of squares. */
  #margin(metric: Metric) {
    const norms = Math.sqrt(this.#largest) * Math.sqrt(this.#norms.reduce((a, b) => Math.max(a, b), 0));
    if (metric !== 'l2') return roundingMargin(metric, this.#dimensions, norms);
    return { relative: 1e-9, absolute: 1e-6 * Math.sqrt(this.#largest) };
  }

  #same(a: Metric, b: Metric): number {
    const [one, other] = [this.#lists.get(a)!, this.#lists.get(b)!];
    const first = Math.min(FIRST, one.depth);
    let same = 0;
    for (let q = 0; q < one.queries; q++) {
      const rows = new Set(other.rows.subarray(q * other.depth, q * other.depth + first));
      for (const row of one.rows.subarray(q * one.depth, q * one.depth + first)) if (rows.has(row)) same++;
    }
    return same / (one.queries * first);
  }

  #shares(k: number) {
    const first = Math.min(FIRST, k);
    return this.#metrics.flatMap((metric) => {
      const { distances, depth, queries } = this.#lists.get(metric)!;
      const margin = this.#margin(metric);
      return SHIFTS.map((shift) => {
        const listed = this.#listed.get(`${metric} ${shift}`)!;
        let hits = 0;
        for (let q = 0; q < queries; q++) {
          const limit = tieLimit(distances[q * depth + first - 1]!, margin);
          for (let place = 0; place < first; place++) if (listed[q * FIRST + place]! <= limit) hits++;
        }
        return { metric, shift, share: hits / (queries * first) };
      });
    });
  }
}

function distanceBy(metric: Metric, product: number, query: number, point: number): number {
  if (metric === 'dot') return -product;
  if (metric === 'hamming') return query + point - 2 * product;
  if (metric === 'jaccard') return jaccardDistance(product, query + point - product);
  if (metric === 'cosine') return cosineDistance(product, query, point);
  return Math.sqrt(Math.max(0, query + point - 2 * product));
}
