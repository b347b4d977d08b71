/**
 * Position of a recall on an axis that spreads the top: x = −log₁₀(1 − recall), so that .9, .99 and .999 are
 * equally far apart. Recall 1 would be infinitely far; it gets a place of its own at the right end, behind a gap.
 */
export interface RecallScale {
  domain: readonly [number, number];
  at(recall: number): number;
  ticks: readonly { x: number; label: string }[];
  /** Where the axis is broken; undefined if no recall is 1. */
  gap: number | undefined;
}

const TICKS = [0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 0.99999];
/** Ticks that stay when room is short, in this order. */
const FIRST = [0.9, 0.99, 0.999, 0.95, 0.5, 0.8, 0.9999, 0];

const spread = (recall: number): number => -Math.log10(1 - Math.min(Math.max(recall, 0), 0.999999));

/**
 * @param recalls every value to be shown, interval ends included (0..1)
 * @param width pixels that the axis has
 */
export function recallScale(recalls: readonly number[], width: number): RecallScale {
  const below = recalls.filter((recall) => recall < 1);
  const hasOne = below.length < recalls.length;
  const low = Math.max(0, Math.min(spread(0.89), ...below.map(spread)) - 0.06);
  const top = Math.max(spread(0.99), ...below.map(spread));
  const one = top + Math.max(0.3, (top - low) * 0.1);
  const high = hasOne ? one : top + 0.06;
  const span = high - low;
  const pixel = (x: number): number => ((x - low) / span) * width;
  const inside = TICKS.filter((tick) => spread(tick) >= low && spread(tick) <= top + 1e-9);
  const shown = choose(inside, (tick) => pixel(spread(tick)), hasOne ? pixel(one) : Number.POSITIVE_INFINITY);
  return {
    domain: [low, hasOne ? high + span * 0.025 : high],
    at: (recall) => (recall >= 1 ? one : spread(recall)),
    ticks: [
      ...shown.map((tick) => ({ x: spread(tick), label: String(tick) })),
      ...(hasOne ? [{ x: one, label: '1' }] : []),
    ],
    gap: hasOne ? (top + one) / 2 + 0.02 : undefined,
  };
}

/** As many ticks as fit left of `end` without their labels touching, the important ones first. */
function choose(ticks: readonly number[], pixel: (tick: number) => number, end: number): number[] {
  const half = (tick: number): number => String(tick).length * 3.3;
  const kept: number[] = [];
  const room = (tick: number): boolean =>
    pixel(tick) + half(tick) + 9 < end &&
    kept.every((other) => Math.abs(pixel(other) - pixel(tick)) > half(tick) + half(other) + 8);
  for (const tick of [...FIRST, ...ticks]) {
    if (ticks.includes(tick) && !kept.includes(tick) && room(tick)) kept.push(tick);
  }
  return kept.sort((a, b) => a - b);
}
