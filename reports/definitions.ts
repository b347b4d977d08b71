import { formatCount, formatMiB, formatNumber, formatShare } from './format.js';

export type Unit = 'share' | 'ratio' | 'ms' | 'queries/s' | 'points/s' | 's' | 'bytes' | 'count';

/** What a measure is: the one place from which tables, charts, files and docs take their words. */
export interface MeasureDefinition {
  /** Name in results, gates, CSV and charts; `@k` stands for any depth. */
  name: string;
  /** Short heading. */
  title: string;
  unit: Unit;
  better: 'higher' | 'lower' | 'neither';
  /** Formula or procedure in one or two sentences. */
  definition: string;
  /** Why a completed trial may lack it. */
  absent: string;
}

const LATENCY =
  'Time of one call of the engine’s client library: prepared vector in, ids and scores out; one client, no think time.';

export const DEFINITIONS: readonly MeasureDefinition[] = [
  {
    name: 'recall.ties@k',
    title: 'Recall@k',
    unit: 'share',
    better: 'higher',
    definition:
      'Tie-aware. Mean over queries of |{r ∈ R : d(q,r) ≤ dₖ(1 + 10⁻⁶)}| / min(k, |G|): R the first k hits, each id counted once, G the exact neighbours, dₖ the k-th exact distance. Distances are recomputed by the harness in float64. A failed query counts as an empty answer.',
    absent: 'no query with known neighbours was measured',
  },
  {
    name: 'recall@k',
    title: 'Recall@k by id',
    unit: 'share',
    better: 'higher',
    definition:
      'Mean over queries of |R ∩ G| / min(k, |G|), with ids compared. Where several points lie at exactly the same distance, this counts an equally near point as a miss; compare engines by the tie-aware figure.',
    absent: 'no query with known neighbours was measured',
  },
  {
    name: 'distance.error',
    title: 'Distance error',
    unit: 'ratio',
    better: 'lower',
    definition:
      'Mean over queries of Σᵢ(dᵢ − gᵢ) / Σᵢ gᵢ, the i-th returned distance against the i-th exact one, over the hits returned: how much farther the answers lie, where recall only counts them.',
    absent: 'undefined where the exact distances are all zero or nothing was returned',
  },
  {
    name: 'ndcg@k',
    title: 'nDCG@k',
    unit: 'share',
    better: 'higher',
    definition:
      'Mean over judged queries of DCG/IDCG with DCG = Σ gᵢ / log₂(i + 1), raw grades as gain, unjudged = 0, as trec_eval computes it.',
    absent: 'the query set has no relevance judgements',
  },
  {
    name: 'throughput',
    title: 'Throughput',
    unit: 'queries/s',
    better: 'higher',
    definition:
      'Queries answered divided by wall-clock time of the measured passes, one client that sends the next query when the previous one was answered. The mean over all passes, not the best one.',
    absent: 'no query was answered',
  },
  { ...latency('mean', 'Mean latency'), absent: 'no query was answered' },
  { ...latency('p50', 'p50 latency'), absent: 'no query was answered' },
  { ...latency('p90', 'p90 latency'), absent: 'too few answered queries for this quantile' },
  { ...latency('p95', 'p95 latency'), absent: 'too few answered queries for this quantile' },
  { ...latency('p99', 'p99 latency'), absent: 'needs at least 100 answered queries' },
  { ...latency('p99.9', 'p99.9 latency'), absent: 'needs at least 1,000 answered queries' },
  {
    name: 'errors',
    title: 'Failed queries',
    unit: 'count',
    better: 'lower',
    definition:
      'Measured queries that the engine answered with an error. They are never retried or left out.',
    absent: 'the search phase did not run',
  },
  {
    name: 'filter.underfill',
    title: 'Under-fill',
    unit: 'share',
    better: 'lower',
    definition:
      'Σ max(0, min(k, |F|) − returned) / Σ min(k, |F|), F the points that match the query’s filter.',
    absent: 'no filtered query was measured',
  },
  {
    name: 'filter.violations',
    title: 'Filter violations',
    unit: 'count',
    better: 'lower',
    definition:
      'Returned points that do not match the query’s filter, checked against the dataset’s own metadata.',
    absent: 'no filtered query was measured',
  },
  {
    name: 'load.seconds',
    title: 'Load time',
    unit: 's',
    better: 'lower',
    definition: 'Time inside the engine’s load calls; reading the dataset is not counted.',
    absent: 'the load phase did not finish',
  },
  {
    name: 'load.pointsPerSecond',
    title: 'Load rate',
    unit: 'points/s',
    better: 'higher',
    definition: 'Points divided by load.seconds.',
    absent: 'the load phase did not finish',
  },
  {
    name: 'index.seconds',
    title: 'Index time',
    unit: 's',
    better: 'lower',
    definition: 'From the last load call until the engine says that every point is searchable and indexed.',
    absent: 'the index phase did not finish',
  },
  {
    name: 'build.seconds',
    title: 'Build time',
    unit: 's',
    better: 'lower',
    definition: 'load.seconds + index.seconds: from the first point to a finished index.',
    absent: 'the build did not finish',
  },
  {
    name: 'memory.peak',
    title: 'Peak memory',
    unit: 'bytes',
    better: 'lower',
    definition:
      'Largest resident memory of the build’s own process over all its phases, runtime and harness included (see memory.baseline).',
    absent: 'the operating system did not tell',
  },
  {
    name: 'memory.baseline',
    title: 'Baseline memory',
    unit: 'bytes',
    better: 'neither',
    definition: 'Resident memory of the same process before the engine was connected.',
    absent: 'the operating system did not tell',
  },
  {
    name: 'index.size',
    title: 'Index size',
    unit: 'bytes',
    better: 'lower',
    definition:
      'Bytes on disk of the index as the engine would ship it, vectors included where it stores them there.',
    absent: 'the engine keeps nothing on disk or could not tell',
  },
];

function latency(quantile: string, title: string): Omit<MeasureDefinition, 'absent'> {
  const what = quantile === 'mean' ? 'Arithmetic mean.' : `Quantile ${quantile.slice(1)}%.`;
  return {
    name: `latency.${quantile}`,
    title,
    unit: 'ms',
    better: 'lower',
    definition: `${what} ${LATENCY}`,
  };
}

const byName = new Map(DEFINITIONS.map((definition) => [definition.name, definition]));

/** The definition of a measure's name, `recall@10` found as `recall@k`; undefined for a name without one. */
export function definitionOf(name: string): MeasureDefinition | undefined {
  const exact = byName.get(name);
  if (exact !== undefined) return exact;
  const [, stem, depth] = /^(.*)@(\d+)$/.exec(name) ?? [];
  const pattern = stem === undefined ? undefined : byName.get(`${stem}@k`);
  return pattern === undefined || depth === undefined
    ? undefined
    : { ...pattern, name, title: pattern.title.replace('@k', `@${depth}`) };
}

/** A value in the unit that tables print: bytes as MiB, shares with enough decimals near 1. */
export function formatMeasure(
  value: number,
  unit: Unit,
  rounding: 'nearest' | 'down' | 'up' = 'nearest',
): string {
  if (unit === 'share') return formatShare(value, rounding);
  if (unit === 'bytes') return formatMiB(value);
  if (unit === 'count') return formatCount(value);
  return formatNumber(value);
}

/** Unit as printed in the head of a column. */
export function unitLabel(unit: Unit): string {
  if (unit === 'bytes') return 'MiB';
  return unit === 'share' || unit === 'ratio' || unit === 'count' ? '' : unit;
}
