import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import type { Manifest } from './manifest.js';
import { isMetric } from './metric.js';
import type { Tally } from './tally.js';

/** What a manifest says of the vectors: as declared, and as counted. */
export function describedVectors(
  vectors: readonly VectorField[],
  { vectors: counted }: Tally,
  { scores }: Pick<Capabilities, 'scores'>,
): Manifest['vectors'] {
  return vectors.map(({ name, kind, type, dimensions, metric }) => {
    const counts = counted[name] ?? { points: 0, zero: 0, unit: 0, notFinite: 0 };
    const { points, zero, unit } = counts;
    const tells = kind === 'dense' && type !== 'bit' && points > zero;
    return {
      name,
      kind,
      type,
      dimensions,
      metric,
      measuredMetric: null,
      score: metric !== null && isMetric(metric) ? (scores?.[metric] ?? null) : null,
      normalised: tells ? unit + zero === points : null,
      ...counts,
    };
  });
}
