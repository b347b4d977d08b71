import { averaged, detectable, moments, queriesNeeded, rebuildDeviation } from './statistics.js';

export interface PowerOptions {
  /** The loss to be seen, in the measure's unit. */
  drop: number;
  power: number;
  alpha: number;
}

/** What a gate on one trial can see. */
export interface Power {
  queries: number;
  mean: number;
  /** `paired`: between this run and the others, by query; `unpaired`: between queries, an upper bound for pairs. */
  kind: 'paired' | 'unpaired';
  deviation: number;
  /** Between rebuilds, beyond what queries show; null with fewer than two other builds. */
  rebuild: number | null;
  /** Queries for the drop to be seen; null: rebuilds differ by too much for any number. */
  needed: number | null;
  /** Builds of each side so that rebuilds alone leave the drop to be seen; null where not measured. */
  builds: number | null;
  /** The smallest drop that as many queries as now see. */
  smallest: number;
}

/**
 * From values by query: how many queries and builds a gate needs. Without other builds only the scatter between queries
 * is known; a comparison over other queries needs sqrt(2) times as much, pairs mostly far less.
 *
 * @param others the same queries in other builds
 */
export function powerOf(own: Float64Array, others: readonly Float64Array[], options: PowerOptions): Power {
  const { drop } = options;
  const mean = moments(own).mean;
  const base = { queries: own.length, mean };
  if (others.length === 0) {
    const deviation = Math.SQRT2 * moments(own).deviation;
    const needed = queriesNeeded(deviation, drop, options) ?? null;
    const smallest = detectable(deviation, own.length, options);
    return { ...base, kind: 'unpaired', deviation, rebuild: null, needed, builds: null, smallest };
  }
  const old = averaged(others);
  const { deviation } = moments(own.map((value, i) => value - old[i]!));
  const rebuild = rebuildDeviation(others) ?? null;
  const extra = (rebuild ?? 0) * Math.sqrt(1 + 1 / others.length);
  // Both errors together must stay below drop / z: n = s^2 / ((drop / z)^2 - extra^2).
  const allowed = (drop / zOf(options)) ** 2 - extra ** 2;
  const needed = allowed <= 0 ? null : Math.max(2, Math.ceil(deviation ** 2 / allowed));
  const builds = rebuild === null ? null : Math.max(1, Math.ceil(2 * ((zOf(options) * rebuild) / drop) ** 2));
  const smallest = Math.hypot(detectable(deviation, own.length, options), zOf(options) * extra);
  return { ...base, kind: 'paired', deviation, rebuild, needed, builds, smallest };
}

/** z(1-alpha) + z(power) */
function zOf(options: PowerOptions): number {
  return detectable(1, 1, options);
}
