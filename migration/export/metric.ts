import { type Metric, NUMBER_METRICS } from '../../datasets/dataset.js';
import type { VectorMetric } from '../../engines/contract/vectors.js';

/** Of numbers, as `Capabilities.metrics` lists them; those of bits are not in it. */
export function isMetric(metric: VectorMetric): metric is Metric {
  return (NUMBER_METRICS as readonly string[]).includes(metric);
}
