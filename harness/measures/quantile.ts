/**
 * Quantile of values sorted ascending by linear interpolation between order statistics (Hyndman & Fan 1996, type 7:
 * the default of numpy, R and Excel). Undefined for no values.
 *
 * @param p share, 0..1
 */
export function quantile(sorted: ArrayLike<number>, p: number): number | undefined {
  if (sorted.length === 0) return undefined;
  const position = (sorted.length - 1) * p;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low === high ? low : low + (position - below) * (high - low);
}

/** A latency percentile and the number of answered samples from which on it is given. */
export interface Percentile {
  name: string;
  p: number;
  /** At least this many samples: about one of them lies above the percentile. */
  minimum: number;
}

export const PERCENTILES: readonly Percentile[] = [
  { name: 'p50', p: 0.5, minimum: 2 },
  { name: 'p90', p: 0.9, minimum: 10 },
  { name: 'p95', p: 0.95, minimum: 20 },
  { name: 'p99', p: 0.99, minimum: 100 },
  { name: 'p99.9', p: 0.999, minimum: 1000 },
];
