import type { Samples } from '../model/samples.js';

/** What measures must know of a query beside its truth. */
export interface QueryFacts {
  group: string;
  /** Points that pass its filter; null: it has none. */
  matches: number | null;
  /** Hits that count. */
  k: number;
  /** Whether rows of others would be leaks. */
  tenant: boolean;
}

/** Bands of selectivity, the share of the points that pass: their names as groups of results, and their upper ends. */
export const BANDS = [
  { name: 'selectivity none', most: 0 },
  { name: 'selectivity<=0.1%', most: 0.001 },
  { name: 'selectivity<=1%', most: 0.01 },
  { name: 'selectivity<=10%', most: 0.1 },
  { name: 'selectivity<=50%', most: 0.5 },
  { name: 'selectivity>50%', most: 1 },
] as const;

/** The band of a filter that so many of `count` points pass. */
export function bandOf(matches: number, count: number): string {
  return BANDS.find(({ most }) => matches <= most * count)!.name;
}

/** Hits of a query's answer that are measured, at most. */
export function hitsWanted(query: number, ks: readonly number[], facts?: readonly QueryFacts[]): number {
  return Math.min(ks.at(-1)!, facts?.[query]?.k ?? Number.POSITIVE_INFINITY);
}

/** The same answers without hits that were asked for in addition; what is measured of neighbours looks at no more. */
export function countedHits(samples: Samples, ks: readonly number[], facts?: readonly QueryFacts[]): Samples {
  const returned = samples.returned.map((n, i) => Math.min(n, hitsWanted(samples.query[i]!, ks, facts)));
  return { ...samples, returned };
}

/** Groups of queries by name, in order of appearance, then the bands of selectivity that have some. */
export function groupsOf(
  facts: readonly QueryFacts[],
  count: number,
): { name: string; queries: Set<number> }[] {
  const groups = new Map<string, Set<number>>();
  const bands = new Map<string, Set<number>>();
  const add = (to: Map<string, Set<number>>, name: string, query: number) => {
    to.set(name, (to.get(name) ?? new Set()).add(query));
  };
  for (const [query, { group, matches }] of facts.entries()) {
    add(groups, group, query);
    if (matches !== null) add(bands, bandOf(matches, count), query);
  }
  const known = BANDS.flatMap(({ name }) => (bands.has(name) ? [[name, bands.get(name)!] as const] : []));
  return [...groups, ...known].map(([name, queries]) => ({ name, queries }));
}

/** The samples of some queries, in their order. */
export function samplesOfQueries(samples: Samples, queries: ReadonlySet<number>): Samples {
  const all = Int32Array.from({ length: samples.length }, (_, i) => i);
  return samplesOf(
    samples,
    all.filter((i) => queries.has(samples.query[i]!)),
  );
}

/** Some samples, by their numbers. */
export function samplesOf(samples: Samples, numbers: ArrayLike<number>): Samples {
  const { k } = samples;
  const kept = Int32Array.from(numbers);
  const scalars = <T extends Int32Array | Float64Array>(from: T): T => {
    const into = from.slice(0, kept.length) as T;
    kept.forEach((i, at) => {
      into[at] = from[i]!;
    });
    return into;
  };
  const lists = <T extends Int32Array | Float64Array | Uint8Array>(from: T): T => {
    const into = from.slice(0, kept.length * k) as T;
    kept.forEach((i, at) => {
      into.set(from.subarray(i * k, (i + 1) * k), at * k);
    });
    return into;
  };
  return {
    length: kept.length,
    k,
    query: scalars(samples.query),
    repetition: scalars(samples.repetition),
    due: scalars(samples.due),
    sent: scalars(samples.sent),
    answered: scalars(samples.answered),
    error: Array.from(kept, (i) => samples.error[i] ?? null),
    returned: scalars(samples.returned),
    rows: lists(samples.rows),
    scores: lists(samples.scores),
    distances: lists(samples.distances),
    ...(samples.flaws && { flaws: lists(samples.flaws) }),
  };
}
