import { FailureError } from '../../common/errors.js';
import { permutation } from '../measures/random.js';
import type { Truth } from '../model/samples.js';
import type { KernelName } from './kernel.js';
import { NO_SELECTION, type QuerySelections } from './selections.js';

/** Queries of which the reference computes the neighbours, too. */
const LEAST = 50;
/** Filters of which one query is among them; where there are more, so many in the same order. */
const MOST_FILTERS = 100;

/** What was compared with another kernel in the same run. */
export interface SampleCheck {
  kernel: KernelName;
  queries: number;
  /** What that took; undefined in caches of earlier versions. */
  seconds?: number | undefined;
}

/** Queries to be checked: so many in a seeded order, and at least one of each filter (of 100, where there are more). Ascending. */
export function sampledQueries(count: number, selections: QuerySelections | undefined): Int32Array {
  const order = permutation(count, 1);
  const chosen = new Set(order.subarray(0, LEAST));
  const filters = new Set<number>();
  for (const query of selections === undefined ? [] : order) {
    const filter = selections!.of[query]!;
    if (filters.size === MOST_FILTERS) break;
    if (filter === NO_SELECTION || filters.has(filter)) continue;
    filters.add(filter);
    chosen.add(query);
  }
  return Int32Array.from(chosen).sort();
}

/**
 * Both kernels keep what float64 decides, ordered by (distance, row): they must agree to the bit.
 *
 * @param sample the reference's neighbours of `queries`
 * @throws FailureError for the first query of which they do not
 */
export function requireSame(
  truth: Truth,
  sample: Pick<Truth, 'rows' | 'distances'>,
  queries: Int32Array,
  kernels: KernelName[],
): void {
  const { depth } = truth;
  for (const [i, query] of queries.entries()) {
    for (let rank = 0; rank < depth; rank++) {
      const [a, b] = [query * depth + rank, i * depth + rank];
      if (truth.rows[a] === sample.rows[b] && Object.is(truth.distances[a], sample.distances[b])) continue;
      throw new FailureError(`two kernels disagree on the neighbours of query ${query}`, {
        where: `truth (${kernels.join(', ')})`,
        got: {
          rank: rank + 1,
          rows: [truth.rows[a], sample.rows[b]],
          distances: [truth.distances[a], sample.distances[b]],
        },
        next: 'compute the truth with --kernel float64, and report this: one of the kernels is wrong on this machine',
      });
    }
  }
}
