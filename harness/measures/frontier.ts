/** One measured setting: recall (0..1) and a second figure, such as throughput or latency. */
export interface FrontierPoint {
  recall: number;
  value: number;
}

/** Whether a larger value (throughput) or a smaller one (latency, bytes) is the better one. */
export type Better = 'higher' | 'lower';

export function isBetter(a: number, b: number, better: Better): boolean {
  return better === 'higher' ? a > b : a < b;
}

/**
 * Indexes of the points that no other point beats: sorted by recall, highest first, keeping those whose value is
 * strictly better than that of every point with at least their recall. Points that are not finite are left out.
 */
export function paretoFrontier(points: readonly FrontierPoint[], better: Better): number[] {
  const order = points
    .map((_, index) => index)
    .filter((i) => Number.isFinite(points[i]!.recall) && Number.isFinite(points[i]!.value))
    .sort((a, b) => compare(points[a]!, points[b]!, better) || a - b);
  const kept: number[] = [];
  for (const index of order) {
    const last = kept.at(-1);
    if (last === undefined || isBetter(points[index]!.value, points[last]!.value, better)) kept.push(index);
  }
  return kept;
}

function compare(a: FrontierPoint, b: FrontierPoint, better: Better): number {
  return b.recall - a.recall || (better === 'higher' ? b.value - a.value : a.value - b.value);
}

/**
 * Area between the frontier (as a staircase) and the reference point, in units of recall x value. Points that are
 * not better than the reference in both respects add nothing. Comparable only between sets with the same reference.
 */
export function hypervolume(
  points: readonly FrontierPoint[],
  reference: FrontierPoint,
  better: Better = 'higher',
): number {
  const inside = points.filter(
    (p) => p.recall > reference.recall && isBetter(p.value, reference.value, better),
  );
  let area = 0;
  let previous = reference.value;
  for (const index of paretoFrontier(inside, better)) {
    const { recall, value } = inside[index]!;
    area += Math.abs(value - previous) * (recall - reference.recall);
    previous = value;
  }
  return area;
}
