import type { Samples } from '../model/samples.js';

/** The samples of a trial by query: a query is the unit of every interval. */
export interface Units {
  /** Number of distinct queries measured. */
  count: number;
  /** Query number of each unit, ascending. */
  queries: Int32Array;
  /** For each sample its unit. */
  unitOf: Int32Array;
  /** Sample numbers by unit: those of unit `u` are `order[starts[u] .. starts[u + 1] - 1]`. */
  order: Int32Array;
  starts: Int32Array;
}

export function unitsOf(samples: Samples): Units {
  const queries = Int32Array.from(new Set(samples.query.subarray(0, samples.length))).sort();
  const unit = new Map<number, number>();
  queries.forEach((query, u) => {
    unit.set(query, u);
  });
  const unitOf = new Int32Array(samples.length);
  const starts = new Int32Array(queries.length + 1);
  for (let i = 0; i < samples.length; i++) {
    const u = unit.get(samples.query[i]!)!;
    unitOf[i] = u;
    starts[u + 1] = starts[u + 1]! + 1;
  }
  for (let u = 0; u < queries.length; u++) starts[u + 1] = starts[u + 1]! + starts[u]!;
  const next = starts.slice();
  const order = new Int32Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const u = unitOf[i]!;
    order[next[u]!] = i;
    next[u] = next[u]! + 1;
  }
  return { count: queries.length, queries, unitOf, order, starts };
}

/** Whether the engine answered: it threw nothing and returned a list (which may be empty). */
export function wasAnswered(samples: Samples, i: number): boolean {
  return samples.error[i] === null && samples.returned[i]! >= 0;
}
