import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FieldSchema, MetadataColumns, Metric } from '../../datasets/dataset.js';
import { openDataset } from '../../datasets/open.js';

/** Points, queries and exact neighbours for one metric, by a brute force that shares no code with the project. */
export interface Slice {
  metric: Metric;
  dimensions: number;
  count: number;
  points: Float32Array;
  queries: Float32Array[];
  /** Metadata that is loaded with the points: one column of `count` values for each field. */
  fields?: readonly FieldSchema[] | undefined;
  metadata?: MetadataColumns | undefined;
}

const raw = new Map<string, Promise<{ points: Float32Array; queries: Float32Array; dimensions: number }>>();

/**
 * The first points and queries of the bundled dataset. Its vectors have length 1, under which all metrics rank
 * alike: for dot and l2 the points are stretched by factors from 0.5 to 2, so that a mixed-up metric shows.
 */
export async function slice(metric: Metric, count: number, queryCount: number): Promise<Slice> {
  const { points, queries, dimensions } = await loaded(count);
  const stretched = points.slice(0, count * dimensions);
  if (metric !== 'cosine') {
    for (let i = 0; i < stretched.length; i++) {
      stretched[i] = stretched[i]! * (0.5 + (Math.floor(i / dimensions) % 7) / 4);
    }
  }
  const list = Array.from({ length: queryCount }, (_, q) =>
    queries.slice(q * dimensions, (q + 1) * dimensions),
  );
  return { metric, dimensions, count, points: stretched, queries: list };
}

function loaded(count: number) {
  const key = String(count);
  let data = raw.get(key);
  if (data === undefined) {
    data = load(count);
    raw.set(key, data);
  }
  return data;
}

let cacheFolder = join(tmpdir(), 'vecproof-conformance-cache');

/** Where the bundled dataset is kept once it is converted. */
export function cacheDataIn(folder: string): void {
  cacheFolder = folder;
}

async function load(count: number) {
  const dataset = await openDataset('debian-packages-20k', { baseFolder: process.cwd(), cacheFolder });
  try {
    const { dimensions } = dataset.info;
    const points = new Float32Array(count * dimensions);
    for await (const batch of dataset.points({ batchSize: 1000 })) {
      const wanted = Math.min(batch.count, count - batch.start);
      points.set(batch.vectors.subarray(0, wanted * dimensions), batch.start * dimensions);
      if (batch.start + batch.count >= count) break;
    }
    const { vectors: queries } = await dataset.queries('new-packages');
    return { points, queries, dimensions };
  } finally {
    await dataset.close();
  }
}

/** Float64 distance, smaller is nearer; written out here so that the project's own formulas are not trusted. */
export function exactDistance(metric: Metric, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  let dd = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    ab += x * y;
    aa += x * x;
    bb += y * y;
    dd += (x - y) * (x - y);
  }
  if (metric === 'cosine') return 1 - ab / Math.sqrt(aa * bb);
  return metric === 'dot' ? -ab : Math.sqrt(dd);
}

export function pointOf(data: Slice, row: number): Float32Array {
  return data.points.subarray(row * data.dimensions, (row + 1) * data.dimensions);
}

const nearest = new WeakMap<Slice, Map<number, Float64Array>>();

/** The k smallest distances of a query, ascending. */
export function exactNearest(data: Slice, query: number, k: number): Float64Array {
  const known = nearest.get(data) ?? new Map<number, Float64Array>();
  nearest.set(data, known);
  let all = known.get(query);
  if (all === undefined) {
    all = Float64Array.from({ length: data.count }, (_, row) =>
      exactDistance(data.metric, pointOf(data, row), data.queries[query]!),
    ).sort();
    known.set(query, all);
  }
  return all.subarray(0, k);
}

/** Share of the k answers that are as near as the exact k-th neighbour (ties count), over all queries. */
export function recall(data: Slice, answers: readonly (readonly number[])[], k: number): number {
  let hits = 0;
  answers.forEach((rows, query) => {
    const limit = exactNearest(data, query, k)[k - 1]!;
    const margin = 1e-6 * Math.max(1, Math.abs(limit));
    for (const row of new Set(rows.slice(0, k))) {
      if (exactDistance(data.metric, pointOf(data, row), data.queries[query]!) <= limit + margin) hits++;
    }
  });
  return hits / (answers.length * k);
}
