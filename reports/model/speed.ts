import type { Better } from '../../harness/measures/frontier.js';
import type { Workload } from '../../harness/model/plan.js';
import { isOpenLoop } from '../../harness/model/workload.js';

/** The measure by which contenders of equal recall are ranked. */
export interface Speed {
  measure: 'throughput' | 'latency.p95';
  better: Better;
}

/**
 * Who waits for an answer before the next query is ranked by throughput. Where queries come at times of their own,
 * throughput is the rate that was offered, the same for everyone: there latency ranks.
 */
export const speedOf = (workload: Pick<Workload, 'type'> | undefined): Speed =>
  workload !== undefined && isOpenLoop(workload)
    ? { measure: 'latency.p95', better: 'lower' }
    : { measure: 'throughput', better: 'higher' };
