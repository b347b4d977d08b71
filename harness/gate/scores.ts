import { quantile } from '../measures/quantile.js';
import type { Samples } from '../model/samples.js';

/** What an engine's scores are, as functions of the distance that the harness computed. */
const SCORINGS: Readonly<Record<string, (distance: number) => number>> = {
  distance: (d) => d,
  'squared distance': (d) => d * d,
  similarity: (d) => -d,
  '1 - distance': (d) => 1 - d,
  '1 + distance': (d) => 1 + d,
};

export interface Scoring {
  name: string;
  /** Median relative deviation of the scores from it; infinite where there are no scores. */
  deviation: number;
}

/** The meaning that fits a trial's scores best. */
export function scoringOf(samples: Samples): Scoring {
  return Object.keys(SCORINGS)
    .map((name) => ({ name, deviation: deviation(samples, name) }))
    .reduce((best, each) => (each.deviation < best.deviation ? each : best));
}

/** Median relative deviation of a trial's scores from what they mean elsewhere. */
export function deviationOf(samples: Samples, { name }: Scoring): number {
  return deviation(samples, name);
}

function deviation({ length, k, returned, scores, distances }: Samples, name: string): number {
  const of = SCORINGS[name]!;
  const found: number[] = [];
  for (let i = 0; i < length; i++) {
    for (let j = i * k; j < i * k + Math.max(0, returned[i]!); j++) {
      const [score, wanted] = [scores[j]!, of(distances[j]!)];
      if (!Number.isNaN(score) && !Number.isNaN(wanted))
        found.push(Math.abs(score - wanted) / Math.max(Math.abs(wanted), 1e-3));
    }
  }
  return quantile(Float64Array.from(found).sort(), 0.5) ?? Number.POSITIVE_INFINITY;
}
