import { closeSync, openSync, readSync } from 'node:fs';
import { permutation } from '../measures/random.js';
import type { Job } from './job.js';

/** One array per query with a buffer of its own: some clients ignore a view's byteOffset. */
export function readQueries(job: Job): Float32Array[] {
  const descriptor = openSync(job.queriesFile, 'r');
  try {
    return Array.from({ length: job.queryCount + job.warmupQueryCount }, (_, i) => {
      const vector = new Float32Array(job.dimensions);
      const bytes = readSync(descriptor, vector, 0, vector.byteLength, i * vector.byteLength);
      if (bytes !== vector.byteLength) throw new Error(`${job.queriesFile} ends before query ${i}`);
      return vector;
    });
  } finally {
    closeSync(descriptor);
  }
}

/** Numbers of the queries that are sent: all but those of groups that the engine refuses. */
export function sentQueries({ filtering, queryCount }: Job): Int32Array {
  return filtering?.send ?? Int32Array.from({ length: queryCount }, (_, i) => i);
}

/** Every engine gets its queries in the same order: what is not sent is left out of it. */
export function orderOf(job: Job, repetition: number): Int32Array {
  const order = permutation(job.queryCount, job.seed + repetition);
  if (job.filtering === undefined) return order;
  const sent = new Set(job.filtering.send);
  return order.filter((query) => sent.has(query));
}
