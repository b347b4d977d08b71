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
