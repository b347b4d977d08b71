import {
  averaged,
  detectable,
  grainOf,
  moments,
  quantileSum,
  queriesNeeded,
  rebuildError,
  scatterWithin,
  smallestSeen,
} from './statistics.js';

export interface PowerOptions {
  /** The loss to be seen, in the measure's unit. */
  drop: number;
  power: number;
  alpha: number;
  /** Settings judged together, of which one has lost something: Holm's adjustment leaves it alpha / tests. Default: 1. */
  tests?: number | undefined;
}

/** What a gate on one trial can see. */
export interface Power {
  queries: number;
  mean: number;
  /** `paired`: between builds, by query; `unpaired`: between queries only, an upper bound for pairs. */
  kind: 'paired' | 'unpaired';
  /** Of the differences by query, with as many builds on each side as there are. */
  deviation: number;
  /** Of a mean between rebuilds, beyond what queries show; null where no side was built twice. */
  rebuild: number | null;
  /** Queries for the drop to be seen; null: rebuilds differ by too much for any number. */
  needed: number | null;
  /**
   * Builds of each side so that the drop is seen with as many queries as now; null where rebuilds were not measured, and
   * where no number of builds is enough.
   */
  builds: number | null;
  /** The smallest drop that as many queries as now see. */
  smallest: number;
}

/**
 * From values by query: how many queries and builds a gate needs. With one build alone only the scatter between queries
 * is known; a comparison over other queries needs sqrt(2) times as much, pairs mostly far less.
 *
 * @param own builds of this run
 * @param others the same queries in the builds it is compared with; without them, as many as its own are assumed
 */
export function powerOf(
  own: readonly Float64Array[],
  others: readonly Float64Array[],
  options: PowerOptions,
): Power {
  const { drop, power, tests = 1 } = options;
  const alpha = options.alpha / tests;
  const n = own[0]!.length;
  const base = { queries: n, mean: moments(averaged(own)).mean };
  if (own.length + others.length < 2) {
    const deviation = Math.SQRT2 * moments(own[0]!).deviation;
    const needed = queriesNeeded(deviation, drop, { alpha, power }) ?? null;
    const smallest = detectable(deviation, n, { alpha, power });
    return { ...base, kind: 'unpaired', deviation, rebuild: null, needed, builds: null, smallest };
  }
  const alone = others.length === 0;
  const share = 1 / own.length + 1 / (alone ? own : others).length;
  const deviation = alone ? Math.sqrt(scatterWithin(own) * share) : between(own, others);
  const extra = rebuildError(
    alone ? [own, Array.from({ length: own.length }, () => own[0]!)] : [own, others],
    deviation,
  );
  const known = extra.from === 'builds';
  const sight = { n, deviation, extra, grain: grainOf(oneApart(own, others)) };
  const z = quantileSum(sight, alpha, power);
  const lost = drop * sight.grain;
  // All errors together must stay below drop / z: n = (s^2 + drop grain) / ((drop / z)^2 - extra^2).
  const allowed = (drop / z) ** 2 - extra.error ** 2;
  const needed = allowed <= 0 ? null : Math.max(2, Math.ceil((deviation ** 2 + lost) / allowed));
  // One build's variance of the mean is what both sides have together, by share; B builds of each side have 2 / B of it.
  const single = (deviation ** 2 / n + extra.error ** 2) / share;
  const left = (drop / z) ** 2 - lost / n;
  const builds = known && left > 0 ? Math.max(1, Math.ceil((2 * single) / left)) : null;
  const smallest = smallestSeen(sight, { alpha, power });
  const rebuild = known ? extra.error / Math.sqrt(share) : null;
  return { ...base, kind: 'paired', deviation, rebuild, needed, builds, smallest };
}

/** Differences by query between two single builds: what is lost in one build is not averaged over several. */
function oneApart(own: readonly Float64Array[], others: readonly Float64Array[]): Float64Array {
  const [a, b] = others.length === 0 ? [own[0]!, own[1]!] : [own[0]!, others[0]!];
  return a.map((value, i) => value - b[i]!);
}

function between(own: readonly Float64Array[], others: readonly Float64Array[]): number {
  const [now, old] = [averaged(own), averaged(others)];
  return moments(now.map((value, i) => value - old[i]!)).deviation;
}
