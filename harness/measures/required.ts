import type { Measures } from '../model/results.js';
import type { Samples } from '../model/samples.js';

/** Hits whose row is one of those that lack required metadata, over all answered samples. */
export function requiredMeasures(samples: Samples, lacking: ReadonlySet<number>): Measures {
  const { length, k, returned, rows } = samples;
  let [missing, n] = [0, 0];
  for (let i = 0; i < length; i++) {
    for (let j = i * k; j < i * k + Math.max(0, returned[i]!); j++) {
      if (rows[j]! < 0) continue;
      n++;
      if (lacking.has(rows[j]!)) missing++;
    }
  }
  return { 'required.missing': { value: missing, low: null, high: null, n } };
}
