import { Random } from '../../harness/measures/random.js';
import type { DistinctQuery } from './distinct.js';
import { DIMENSIONS, type Dimension } from './strata.js';

export interface Placed {
  query: DistinctQuery;
  strata: Readonly<Record<Dimension, string>>;
}

export interface SampleOptions {
  /** Queries wanted. */
  size: number;
  /** Queries that each stratum gets first, as far as it has them. */
  floor: number;
  seed: number;
}

/**
 * A stratified sample: rare strata are filled first, up to the floor, then the rest is drawn from all queries alike. The
 * same queries and seed give the same sample, whatever the order of the log.
 */
export function stratified(queries: readonly Placed[], { size, floor, seed }: SampleOptions): Placed[] {
  const order = shuffled(
    queries.toSorted((a, b) => (a.query.hash < b.query.hash ? -1 : 1)),
    seed,
  );
  const chosen = new Set<Placed>();
  const counts = new Map<string, number>();
  const take = (each: Placed): void => {
    chosen.add(each);
    for (const key of keysOf(each)) counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  for (const [key, members] of byStratum(order)) {
    for (const each of members) {
      if (chosen.size >= size || (counts.get(key) ?? 0) >= floor) break;
      if (!chosen.has(each)) take(each);
    }
  }
  for (const each of order) {
    if (chosen.size >= size) break;
    if (!chosen.has(each)) take(each);
  }
  return order.filter((each) => chosen.has(each)).sort((a, b) => a.query.line - b.query.line);
}

/** Smallest strata first, so that a small one is not left over. */
function byStratum(order: readonly Placed[]): [string, Placed[]][] {
  const members = new Map<string, Placed[]>();
  for (const each of order)
    for (const key of keysOf(each)) {
      const list = members.get(key);
      if (list === undefined) members.set(key, [each]);
      else list.push(each);
    }
  return [...members].sort(([a, x], [b, y]) => x.length - y.length || (a < b ? -1 : 1));
}

const keysOf = ({ strata }: Placed): string[] => DIMENSIONS.map((name) => `${name}\n${strata[name]}`);

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = new Random(seed);
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
