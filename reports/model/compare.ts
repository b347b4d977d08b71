import type { Measure } from '../../harness/model/results.js';

/** Whether anything is known of how much the figure varies. A single observation says nothing of the next one. */
export const hasSpread = ({ low, high }: Measure): boolean => low !== null && high !== null;

/** True if both figures have an interval and neither reaches into the other. */
export function separated(a: Measure, b: Measure): boolean {
  if (a.low === null || a.high === null || b.low === null || b.high === null) return false;
  return a.high < b.low || b.high < a.low;
}
