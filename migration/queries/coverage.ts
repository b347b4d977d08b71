import type { Placed } from './sample.js';
import { DIMENSIONS, type Dimension, NO_FILTER, UNKNOWN } from './strata.js';

/** One stratum of one dimension. */
export interface Stratum {
  name: string;
  /** Different queries that the log has, how often they were asked, and how many of them were chosen. */
  available: number;
  traffic: number;
  chosen: number;
}

/** What a set of queries holds of a log, and what it lacks. */
export interface Coverage {
  version: 1;
  seed: number;
  log: {
    /** Lines with a query; different ones among them that could be used. */
    lines: number;
    different: number;
    /** Left out, by reason. */
    leftOut: Readonly<Record<string, number>>;
  };
  chosen: number;
  dimensions: Record<Dimension, readonly Stratum[]>;
  /** Strata with fewer queries than means of them need, and those that are not there at all, in words. */
  thin: readonly string[];
  missing: readonly string[];
}

/** Kinds that a set for judging a migration needs. */
const NEEDED = ['negative', 'permission', 'filtered', 'unfiltered'];

/** How the log and the sample are spread over the strata. Pure. */
export function coverageOf(
  all: readonly Placed[],
  chosen: readonly Placed[],
  {
    floor,
    seed,
    lines,
    leftOut,
  }: { floor: number; seed: number; lines: number; leftOut: Coverage['log']['leftOut'] },
): Coverage {
  const taken = new Set(chosen);
  const thin: string[] = [];
  const missing: string[] = [];
  const dimensions: Coverage['dimensions'] = Object.fromEntries(
    DIMENSIONS.map((dimension) => {
      const strata = new Map<string, Stratum>();
      for (const each of all) {
        const name = each.strata[dimension];
        const stratum = strata.get(name) ?? { name, available: 0, traffic: 0, chosen: 0 };
        stratum.available++;
        stratum.traffic += each.query.count;
        if (taken.has(each)) stratum.chosen++;
        strata.set(name, stratum);
      }
      const list = [...strata.values()].sort((a, b) => b.traffic - a.traffic || (a.name < b.name ? -1 : 1));
      const known = list.filter(({ name }) => name !== UNKNOWN);
      const unknown = list.find(({ name }) => name === UNKNOWN);
      if (unknown !== undefined && known.every(({ name }) => name === NO_FILTER))
        missing.push(`${dimension}: ${WHY[dimension]}`);
      else if (unknown !== undefined)
        missing.push(`${dimension}: not known of ${unknown.available} different queries`);
      for (const { name, available, chosen: n } of known) {
        if (n < floor)
          thin.push(`${dimension} "${name}": ${n} queries (${available} different ones in the log)`);
      }
      return [dimension, list];
    }),
  ) as Record<Dimension, Stratum[]>;
  const kinds = new Set(dimensions.kind.map(({ name }) => name));
  for (const kind of NEEDED) if (!kinds.has(kind)) missing.push(`kind "${kind}": the log has no such query`);
  return {
    version: 1,
    seed,
    log: { lines, different: all.length, leftOut },
    chosen: chosen.length,
    dimensions,
    thin,
    missing,
  };
}

const WHY: Readonly<Record<Dimension, string>> = {
  frequency: 'there is no query',
  length: 'the log has no texts',
  language: 'the log has no texts',
  workflow: 'the log names none (key "workflow")',
  group: 'the log names none (key "group")',
  kind: 'there is no query',
  'tenant size': 'needs the data (--data), and queries that name their tenant’s field',
  selectivity: 'needs the data (--data)',
  recency: 'the log has no times',
};
