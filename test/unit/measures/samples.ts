import type { Samples, Truth } from '../../../harness/model/samples.js';

/** One query in one repetition, as a test writes it down. Absent rows: the query failed. */
export interface Observed {
  query: number;
  repetition?: number;
  sent: number;
  answered: number;
  rows?: readonly number[];
  distances?: readonly number[];
}

export function samplesOf(k: number, observed: readonly Observed[]): Samples {
  const length = observed.length;
  const samples: Samples = {
    length,
    k,
    query: Int32Array.from(observed, ({ query }) => query),
    repetition: Int32Array.from(observed, ({ repetition }) => repetition ?? 0),
    due: Float64Array.from(observed, ({ sent }) => sent),
    sent: Float64Array.from(observed, ({ sent }) => sent),
    answered: Float64Array.from(observed, ({ answered }) => answered),
    error: observed.map(({ rows }) => (rows === undefined ? 'connection reset' : null)),
    returned: Int32Array.from(observed, ({ rows }) => rows?.length ?? -1),
    rows: new Int32Array(length * k).fill(-1),
    scores: new Float64Array(length * k).fill(Number.NaN),
    distances: new Float64Array(length * k).fill(Number.NaN),
  };
  observed.forEach(({ rows, distances }, i) => {
    samples.rows.set(rows ?? [], i * k);
    samples.distances.set(distances ?? [], i * k);
  });
  return samples;
}

/** One list of [row, distance] pairs per query, padded with -1 and NaN. */
export function truthOf(lists: readonly (readonly (readonly [number, number])[])[]): Truth {
  const depth = Math.max(...lists.map((list) => list.length));
  const rows = new Int32Array(lists.length * depth).fill(-1);
  const distances = new Float64Array(lists.length * depth).fill(Number.NaN);
  lists.forEach((list, query) => {
    list.forEach(([row, distance], rank) => {
      rows[query * depth + rank] = row;
      distances[query * depth + rank] = distance;
    });
  });
  return { count: lists.length, depth, rows, distances };
}
