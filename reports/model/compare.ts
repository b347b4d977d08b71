import type { Measure } from '../../harness/model/results.js';

/** True if the two figures differ and neither interval reaches into the other. */
export function separated(a: Measure, b: Measure): boolean {
  const [aLow, aHigh] = [a.low ?? a.value, a.high ?? a.value];
  const [bLow, bHigh] = [b.low ?? b.value, b.high ?? b.value];
  return aHigh < bLow || bHigh < aLow;
}
