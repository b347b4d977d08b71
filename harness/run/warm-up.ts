import type { NativeFilter } from '../../engines/contract/search.js';
import type { Job } from './job.js';
import { sentQueries } from './queries.js';

/**
 * Untimed queries, taken from beyond the measured ones where the set has more; with the filters of the measured ones,
 * in turn.
 */
export async function warmUp(
  query: (vector: Float32Array, filter: NativeFilter | undefined) => unknown,
  queries: readonly Float32Array[],
  filters: readonly (NativeFilter | undefined)[] | undefined,
  job: Job,
  signal: AbortSignal,
): Promise<void> {
  const spare = queries.length > job.queryCount;
  const sent = sentQueries(job);
  for (let i = 0; i < job.warmup; i++) {
    const measured = sent[i % sent.length]!;
    const at = spare ? job.queryCount + (i % (queries.length - job.queryCount)) : measured;
    try {
      await query(queries[at]!, filters?.[measured]);
    } catch {
      // Not measured here: a query that fails is recorded when its turn comes in the pass.
    }
    signal.throwIfAborted();
  }
}
